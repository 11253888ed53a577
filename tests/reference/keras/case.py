"""One case: a spec, and the numbers that Keras computes for it in float64.

Input: a description of a model in the language of specs. Output: cases/NAME.yaml and cases/NAME.safetensors, which holds
    x, y                     inputs and labels, a full batch
    rows                     live rows, where they are fewer than the batch
    conv2d/kernel ..         weights and moving statistics before the first step
    expected/y, expected/loss                            inference mode
    expected/training_y, expected/training_loss          training mode
    expected/gradient/PATH                               of the loss of training mode
    after20/PATH                                         after 20 training steps on the same batch
Invariant: the same script and versions write the same bytes.
"""
import os
import zlib

import keras
import numpy as np
from safetensors.numpy import save_file

import language

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases")
STEPS = 20


def indented(text, spaces):
    return "".join(" " * spaces + line + "\n" for line in text.splitlines())


def spec_text(name, doc, batch, shape, layers, graph, loss, optimizer, definitions):
    if graph:
        body = "  graph:\n" + "".join(f"    {key}: {text}\n" for key, text in graph)
    else:
        body = "  layers:\n" + "".join(f"    - {text}\n" for text in layers)
    return (
        f"# {doc}\nname: {name}\nseed: 1\n{definitions}model:\n  input: {list(shape)}\n{body}"
        f"train:\n  optimizer: {optimizer}\n  loss: {loss}\n  batch_size: {batch}\n"
    )


def build(shape, layers, graph):
    """The Keras model of a spec's `layers:` or `graph:`."""
    scope = language.Scope()
    x = keras.Input(shape)
    if graph:
        scope["x"] = x
        for key, text in graph:
            value = language.evaluate(text, scope)
            scope.update(zip(key.split(", "), value if "," in key else [value]))
        return keras.Model(x, scope[graph[-1][0]])
    y = x
    for text in layers:
        y = language.evaluate(text if "(" in text else text + "()", scope)(y)
    return keras.Model(x, y)


HOLDING = (keras.layers.RNN, keras.layers.Bidirectional)  # whose variables belong to a layer inside


def paths(model):
    """Weights and moving statistics by their path, in the order of the layers."""
    return {
        path_of(layer, variable): variable
        for layer in model.layers
        for variable in layer.variables
        if "seed" not in variable.name
    }


def path_of(layer, variable):
    """A "." in a layer's name is a level of blocks; a layer "_" is none. What TimeDistributed holds has its own name;
    the projections of an attention layer are inside it."""
    if isinstance(layer, keras.layers.TimeDistributed):
        return path_of(layer.layer, variable).removeprefix(layer.name + "/")
    if isinstance(layer, HOLDING):  # Keras has one cell for convolutions over 1, 2 or 3 axes
        held = getattr(layer, "forward_layer", layer)
        return variable.path.replace("conv_lstm_cell", language.snake(type(held).__name__) + "_cell")
    inner = variable.path.split("/")[-2] + "/" if "_attention" in layer.name and variable.path.count("/") > 1 else ""
    return (layer.name.replace(".", "/") + "/").lstrip("_/") + inner + variable.name


def randomize(variables, random):
    """Nothing starts at zero or one: a weight that is mistaken for another, or left out, shows."""
    for path, variable in variables.items():
        shape = variable.shape
        if path.endswith("kernel"):
            value = random.uniform(-1, 1, shape) * np.sqrt(3 / max(1, np.prod(shape[:-1])))
        elif path.endswith(("gamma", "moving_variance")):
            value = random.uniform(0.5, 1.5, shape)
        else:
            value = random.uniform(-0.5, 0.5, shape)
        variable.assign(value)


def optimizer_of(text):
    made = language.evaluate(text, language.Scope())
    return keras.optimizers.get(str(made)) if isinstance(made, str) else made


def loss_of(text):
    if text == "pairing":
        return language.pairing
    made = language.evaluate(text, language.Scope())
    return str(made) if isinstance(made, language.Word) else made


compiled = {}


def gradients_of(model, x, y):
    """Prediction, loss and gradients of training mode; moves the moving statistics."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            prediction = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=prediction, training=True)
        gradients = tape.gradient(loss, model.trainable_weights)  # of an embedding: slices
        return prediction, loss, [tf.convert_to_tensor(gradient) for gradient in gradients]
    import jax

    moving = model.non_trainable_variables

    def stateless(values):
        mapping = list(zip(model.trainable_variables, values))
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
            prediction = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=prediction, training=True)
        return loss, (prediction, [scope.get_current_value(v) for v in moving])

    values = [variable.value for variable in model.trainable_variables]
    step = jax.value_and_grad(stateless, has_aux=True)
    if not moving:  # nothing but the weights changes from step to step: compiled once
        step = compiled.setdefault(id(model), jax.jit(step))
    (loss, (prediction, moved)), gradients = step(values)
    for variable, value in zip(moving, moved):
        if value is not None:
            variable.assign(value)
    return prediction, loss, gradients


def case(
    name,
    doc,
    shape,
    layers=None,
    graph=None,
    x=None,
    y=None,
    loss="pairing",
    loss_in_spec=None,
    optimizer="SGD()",
    optimizer_in_spec=None,
    batch=3,
    rows=None,
    definitions="",
    weights=None,
    train=False,
    gradients=True,
    extra=None,
):
    """Writes one case. graph: pairs (binding, expression), the last one is the output. x, y: arrays, or None for draws.
    weights: values by path, instead of draws. extra: more tensors. loss_in_spec, optimizer_in_spec: where the spec says it in other words than Keras."""
    if name not in os.environ.get("CASES", name).split(","):
        return
    random = np.random.RandomState(zlib.crc32(name.encode()))
    model = build(shape, layers, graph)
    variables = paths(model)
    randomize(variables, random)
    for path, value in (weights or {}).items():
        variables[path].assign(value)
    model.compile(loss=loss_of(loss), optimizer=optimizer_of(optimizer))
    x = random.uniform(-1, 1, (batch, *shape)) if x is None else np.asarray(x, "float64")
    y = random.uniform(-1, 1, (batch, *model.output.shape[1:])) if y is None else np.asarray(y, "float64")
    tensors = {"x": x, "y": y, **(extra or {})}
    tensors.update({path: variable.numpy() for path, variable in variables.items()})
    if rows:
        tensors["rows"] = np.array([float(rows)])
    live_x, live_y = keras.ops.convert_to_tensor(x[:rows]), keras.ops.convert_to_tensor(y[:rows])
    prediction = model(live_x, training=False)
    tensors["expected/y"] = np.array(prediction)
    loss_now = model.compute_loss(x=live_x, y=live_y, y_pred=prediction, training=False)
    tensors["expected/loss"] = np.array([float(loss_now)])
    if gradients:
        trained(tensors, model, variables, live_x, live_y, train)
    text = spec_text(
        name,
        doc,
        batch,
        shape,
        layers,
        graph,
        loss_in_spec or loss,
        optimizer_in_spec or optimizer,
        definitions + (language.DEFINITIONS if uses_own_layers(layers, graph) else "") + (language.PAIRING if loss == "pairing" else ""),
    )
    write(name, text, tensors)


def uses_own_layers(layers, graph):
    text = " ".join(layers or [body for _, body in graph])
    return "Points" in text or "Scaled" in text


def trained(tensors, model, variables, x, y, train):
    """Adds the gradients of one step, and the weights after STEPS."""
    names = {variable.path: path for path, variable in variables.items()}
    for step in range(STEPS if train else 1):
        prediction, loss, gradients = gradients_of(model, x, y)
        if step == 0:
            tensors["expected/training_loss"] = np.array([float(loss)])
            if not np.array_equal(np.array(prediction), tensors["expected/y"]):
                tensors["expected/training_y"] = np.array(prediction)
            for variable, gradient in zip(model.trainable_weights, gradients):
                tensors["expected/gradient/" + names[variable.path]] = np.array(gradient)
        if train:
            model.optimizer.apply(gradients, model.trainable_weights)
    if train:
        tensors.update({"after20/" + path: variable.numpy() for path, variable in variables.items()})


def write(name, text, tensors):
    with open(os.path.join(CASES, name + ".yaml"), "w") as file:
        file.write(text)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values()), name
    path = os.path.join(CASES, name + ".safetensors")
    arrays = {key: np.ascontiguousarray(tensor, "float64") for key, tensor in tensors.items()}
    save_file(arrays, path, metadata={"made_by": f"Keras {keras.__version__}, {keras.backend.backend()}"})
    os.chmod(path, 0o644)
