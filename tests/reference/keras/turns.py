"""Cases of several networks that take turns: ten turns by Keras on TensorFlow, with gradients by its tapes.

Output: as of case.py the weights before the first turn; for each turn and step
    turnT/STEP/real, turnT/STEP/z, ..    data and noise
    turnT/STEP/loss                      the loss before the step's update
    turns/PATH                           weights and moving statistics after ten turns
A step moves the weights and the moving statistics of the networks that it updates; what the calls of the other networks have
moved is put back, as nnc says it (Keras itself would move the statistics of every network that is called in training mode).
"""
import os
import zlib

import keras
import numpy as np

from case import build, paths, randomize, write

TURNS, BATCH = 10, 4


def spec(name, doc, models, batch, steps):
    text = f"# {doc}\nname: {name}\nseed: 1\nmodels:\n"
    for label, (shape, layers) in models.items():
        text += f"  {label}:\n    input: {list(shape)}\n    layers:\n" + "".join(f"      - {layer}\n" for layer in layers)
    text += "train:\n  batch:\n" + "".join(f"    {key}: data.{key}\n" for key in batch) + "  steps:\n"
    for step in steps:
        for i, (key, value) in enumerate(step.items()):
            inner = "".join(f"\n        {name}: {bound}" for name, bound in value.items()) if isinstance(value, dict) else " " + value
            text += f"{'    - ' if i == 0 else '      '}{key}:{inner}\n"
    return text + f"  batch_size: {BATCH}\n"


def logits(target, z):
    return keras.ops.mean(keras.ops.softplus(z) - z * target)


class Adam:
    """Keras's rule in float64: its own keeps the rate in float32 on TensorFlow."""

    def __init__(self, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.rate, self.beta_1, self.beta_2, self.epsilon, self.t, self.slots = rate, beta_1, beta_2, epsilon, 0, {}

    def apply(self, gradients, variables):
        self.t += 1
        rate = self.rate * np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        for gradient, variable in zip(gradients, variables):
            g = np.array(gradient)
            m, v = self.slots.get(id(variable), (np.zeros_like(g), np.zeros_like(g)))
            m, v = m + (1 - self.beta_1) * (g - m), v + (1 - self.beta_2) * (g * g - v)
            self.slots[id(variable)] = m, v
            variable.assign(variable.numpy() - rate * m / (np.sqrt(v) + self.epsilon))


def run_step(models, updated, loss, inputs, optimizer):
    import tensorflow as tf

    others = [v for label, model in models.items() if label != updated for v in model.non_trainable_variables]
    kept = [v.numpy() for v in others]
    weights = models[updated].trainable_variables
    with tf.GradientTape() as tape:
        value = loss(**inputs)
    optimizer.apply(tape.gradient(value, [w.value for w in weights]), weights)
    for variable, before in zip(others, kept):
        variable.assign(before)
    return float(value)


def turns_case(name, doc, models, batch, steps, losses):
    """batch: shapes of what a step is given; steps: as the spec has them; losses: of models, which gives a function by step."""
    if name not in os.environ.get("CASES", name).split(","):
        return
    random = np.random.RandomState(zlib.crc32(name.encode()))
    made = {label: build(shape, layers, None) for label, (shape, layers) in models.items()}
    variables = {f"{label}/{path}": v for label, model in made.items() for path, v in paths(model).items()}
    randomize(variables, random)
    tensors = {path: variable.numpy() for path, variable in variables.items()}
    called = losses({label: (lambda x, model=model: model(x, training=True)) for label, model in made.items()})
    optimizers = {step["update"]: eval(step["optimizer"]) for step in steps}
    for turn in range(TURNS):
        for step in steps:
            own = step["update"]
            inputs = {key: random.uniform(-1, 1, (BATCH, *shape)) for key, shape in batch.items()}
            tensors.update({f"turn{turn}/{own}/{key}": value for key, value in inputs.items()})
            value = run_step(made, own, called[own], {k: keras.ops.convert_to_tensor(v) for k, v in inputs.items()}, optimizers[own])
            tensors[f"turn{turn}/{own}/loss"] = np.array([value])
    tensors.update({"turns/" + path: variable.numpy() for path, variable in variables.items()})
    write(name, spec(name, doc, models, batch, steps), tensors)


def adversarial(models):
    G, D = models["G"], models["D"]
    return dict(
        D=lambda real, z: logits(0.9, D(real)) + logits(0.0, D(G(z))),
        G=lambda real, z: logits(1.0, D(G(z))),
    )


def penalized(models):
    import tensorflow as tf

    G, D = models["G"], models["D"]

    def critic(real, z):
        fake = G(z)
        mixed = real + keras.ops.reshape((z[:, 0:1] + 1) / 2, (BATCH, 1, 1, 1)) * (fake - real)
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            total = keras.ops.sum(D(mixed))
        slope = tape.gradient(total, mixed)
        length = keras.ops.sqrt(keras.ops.sum(slope * slope, axis=(1, 2, 3)) + 1e-12)
        return keras.ops.mean(D(fake)) - keras.ops.mean(D(real)) + 10 * keras.ops.mean((length - 1) ** 2)

    return dict(D=critic, G=lambda real, z: -keras.ops.mean(D(G(z))))


def make():
    turns_case(
        "turns_dcgan",
        "A small DCGAN: two networks with batch normalisation take turns; statistics move only where weights do.",
        dict(
            G=(
                (6,),
                [
                    "Dense(2*2*8, use_bias=false)",
                    "BatchNormalization",
                    "LeakyReLU",
                    "Reshape([2, 2, 8])",
                    "Conv2DTranspose(4, 5, strides=2, padding=same, use_bias=false)",
                    "BatchNormalization",
                    "LeakyReLU",
                    "Conv2DTranspose(1, 4, strides=2, padding=same, activation=tanh)",
                ],
            ),
            D=(
                (8, 8, 1),
                ["Conv2D(4, 5, strides=2, padding=same, use_bias=false)", "BatchNormalization", "LeakyReLU", "Flatten", "Dense(1)"],
            ),
        ),
        dict(real=(8, 8, 1), z=(6,)),
        [
            dict(update="D", loss="bce_logits(0.9, D(real)) + bce_logits(0, D(G(z)))", optimizer="Adam(2e-3, beta_1=0.5)"),
            dict(update="G", loss="bce_logits(1, D(G(z)))", optimizer="Adam(2e-3, beta_1=0.5)"),
        ],
        adversarial,
    )
    turns_case(
        "turns_penalty",
        "A critic with a penalty on the length of its gradient, which is differentiated again.",
        dict(
            G=((6,), ["Dense(64, activation=tanh)", "Reshape([8, 8, 1])"]),
            D=(
                (8, 8, 1),
                ["Conv2D(4, 5, strides=2, padding=same, activation=softplus)", "Conv2D(3, 2, activation=tanh)", "Flatten", "Dense(1)"],
            ),
        ),
        dict(real=(8, 8, 1), z=(6,)),
        [
            dict(
                update="D",
                loss="mean(D(fake)) - mean(D(real)) + 10*mean((length - 1)^2)",
                let=dict(
                    fake="G(z)",
                    share="reshape((z[:, 0:1] + 1)/2, [batch, 1, 1, 1])",
                    mixed="real + share*(fake - real)",
                    slope="grad(sum(D(mixed)), mixed)",
                    length="sqrt(sum(slope^2, [1, 2, 3]) + 1e-12)",
                ),
                optimizer="Adam(2e-3, beta_1=0.5)",
            ),
            dict(update="G", loss="-mean(D(G(z)))", optimizer="Adam(2e-3, beta_1=0.5)"),
        ],
        penalized,
    )
