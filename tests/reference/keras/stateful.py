"""Cases of states that are carried from batch to batch: three batches one after the other, then training over them twice,
from a reset each time.

Output: as of case.py, with batch0/x, batch0/y, .. in the place of x and y, and for each batch
    expected/batch0/y, expected/batch0/loss      inference mode, from where the batches before left the states
    expected/batch0/gradient/PATH                the same in training mode, with the first weights
    carried/PATH                                 the weights after two epochs of three steps, the states reset before each
"""
import os
import zlib

import keras
import numpy as np

import language
from case import gradients_of, optimizer_of, paths, randomize, spec_text, write

BATCHES = 3


def reset(model):
    """What reset_state does; Keras's own fails on cells one upon the other."""
    for layer in model.layers:
        for state in keras.tree.flatten(getattr(layer, "states", None) or []):
            state.assign(keras.ops.zeros_like(state))


def stateful_case(name, doc, shape, layers, optimizer="SGD(0.125, momentum=0.875)", batch=4, whole=False):
    if name not in os.environ.get("CASES", name).split(","):
        return
    random = np.random.RandomState(zlib.crc32(name.encode()))
    x = y = keras.Input(batch_shape=(batch, *shape))
    scope = language.Scope()
    for text in layers:
        y = language.evaluate(text, scope)(y)
    model = keras.Model(x, y)
    variables = paths(model)
    randomize(variables, random)
    model.compile(loss="mean_squared_error", optimizer=optimizer_of(optimizer))
    draw = (lambda: random.randint(0, 5, (batch, *shape)).astype("float64")) if whole else (lambda: random.uniform(-1, 1, (batch, *shape)))
    batches = [(draw(), random.uniform(-1, 1, model.output.shape)) for _ in range(BATCHES)]
    tensors = {path: variable.numpy() for path, variable in variables.items()}
    names = {variable.path: path for path, variable in variables.items()}
    reset(model)
    for k, (x, y) in enumerate(batches):
        prediction = model(x, training=False)
        loss = model.compute_loss(x=x, y=y, y_pred=prediction, training=False)
        tensors.update({f"batch{k}/x": x, f"batch{k}/y": y, f"expected/batch{k}/y": np.array(prediction), f"expected/batch{k}/loss": np.array([float(loss)])})
    reset(model)
    for k, (x, y) in enumerate(batches):
        gradients = gradients_of(model, x, y)[2]
        for variable, gradient in zip(model.trainable_weights, gradients):
            tensors[f"expected/batch{k}/gradient/{names[variable.path]}"] = np.array(gradient)
    for epoch in range(2):
        reset(model)
        for x, y in batches:
            model.optimizer.apply(gradients_of(model, x, y)[2], model.trainable_weights)
    tensors.update({"carried/" + path: variable.numpy() for path, variable in variables.items()})
    write(name, spec_text(name, doc, batch, shape, layers, None, "mean_squared_error", optimizer, ""), tensors)


def make():
    for name, text in dict(simple_rnn="SimpleRNN(5{})", lstm="LSTM(5{})", gru="GRU(5{})", gru_before="GRU(5, reset_after=false{})").items():
        stateful_case(
            f"stateful_{name}",
            f"{name}: states are carried from batch to batch, in two layers.",
            (6, 3),
            [text.format(", return_sequences=true, stateful=true"), text.format(", stateful=true"), "Dense(2)"],
        )
    stateful_case(
        "stateful_some",
        "One layer carries its states, the one upon it does not.",
        (5, 3),
        ["LSTM(4, stateful=true, return_sequences=true)", "GRU(3, return_sequences=true)", "Dense(2)"],
    )
    stateful_case(
        "stateful_masked",
        "Steps that are masked leave the states that are carried as they are.",
        (6,),
        ["Embedding(5, 3, mask_zero=true)", "LSTM(4, stateful=true, return_sequences=true)", "GRU(3, stateful=true)", "Dense(1)"],
        whole=True,
    )
    stateful_case(
        "stateful_cells",
        "Cells one upon the other carry the states of all.",
        (4, 3),
        ["RNN([GRUCell(3), LSTMCell(4)], stateful=true)", "Dense(2)"],
    )
