"""Cases of what joins layers: shared weights, blocks in blocks with defaults, learned scalars, frozen blocks. The Keras model
is written out beside the spec; names of its layers are the paths in the spec, with "." between levels."""
import keras
import numpy as np

from case import STEPS, gradients_of, paths, randomize, trained, write

L = keras.layers


class Learned(keras.layers.Layer):
    """x times a scalar that is trained."""

    def build(self, shape):
        self.alpha = self.add_weight(shape=(), initializer="zeros", name="alpha")

    def call(self, x):
        return x * self.alpha


def written(name, spec, model, x, y, loss, optimizer, seed):
    random = np.random.RandomState(seed)
    variables = paths(model)
    randomize(variables, random)
    model.compile(loss=loss, optimizer=optimizer)
    tensors = {"x": x, "y": y}
    tensors.update({path: variable.numpy() for path, variable in variables.items()})
    live_x, live_y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
    prediction = model(live_x, training=False)
    tensors["expected/y"] = np.array(prediction)
    tensors["expected/loss"] = np.array([float(model.compute_loss(x=live_x, y=live_y, y_pred=prediction, training=False))])
    trained(tensors, model, variables, live_x, live_y, True)
    write(name, spec, tensors)


SHARED = """\
# A Dense called three times, one learned scalar, a bare layer in a binding, and a clone of it.
name: functional_shared
seed: 1
functions:
  scaled(x): x*learn(0.5, name='alpha')
model:
  input: [6]
  graph:
    enc: Dense(6, activation=tanh)
    a: enc(x)
    b: enc(enc(a))
    other: clone(enc, units=4)
    h: scaled(a - b)
    y: Dense(2)(concat([h, other(b), other(h)]))
train:
  optimizer: Adam(0.01)
  loss: mse
  batch_size: 5
"""


def shared():
    x = keras.Input((6,))
    enc, other = L.Dense(6, activation="tanh", name="enc"), L.Dense(4, activation="tanh", name="other")
    a = enc(x)
    b = enc(enc(a))
    h = Learned(name="_")(a - b)
    y = L.Dense(2, name="dense")(L.Concatenate()([h, other(b), other(h)]))
    random = np.random.RandomState(1)
    written("functional_shared", SHARED, keras.Model(x, y), random.uniform(-1, 1, (5, 6)), random.uniform(-1, 1, (5, 2)), "mse", keras.optimizers.Adam(0.01), 2)


BLOCKS = """\
# Blocks in blocks, defaults for inner layers, a comprehension of blocks.
name: functional_blocks
seed: 1
blocks:
  Unit(n)(x):
    layers:
      - Conv2D(n, 3)
      - BatchNormalization
  Res(n)(x):
    defaults:
      Conv2D: {padding: same, use_bias: false, activation: relu}
      BatchNormalization: {momentum: 0.9}
    u: Unit(n)(x)
    return: x + Conv2D(n, 1, activation=none)(u)
model:
  input: [6, 5, 2]
  layers:
    - Conv2D(3, 3)
    - "[Res(3) for i in range(2)]"
    - BatchNormalization
    - Flatten
    - Dense(1, activation=sigmoid)
train:
  optimizer: Adam(0.01)
  loss: binary_crossentropy
  batch_size: 4
"""


def res(x, label):
    u = L.Conv2D(3, 3, padding="same", use_bias=False, activation="relu", name=label + ".unit.conv2d")(x)
    u = L.BatchNormalization(momentum=0.9, name=label + ".unit.batch_normalization")(u)
    return x + L.Conv2D(3, 1, padding="same", use_bias=False, name=label + ".conv2d")(u)


def blocks():
    x = keras.Input((6, 5, 2))
    y = res(res(L.Conv2D(3, 3, name="conv2d")(x), "res"), "res_1")
    y = L.Flatten()(L.BatchNormalization(name="batch_normalization")(y))
    y = L.Dense(1, activation="sigmoid", name="dense")(y)
    random = np.random.RandomState(3)
    labels = np.array([[0.0], [1], [1], [0]])
    written("functional_blocks", BLOCKS, keras.Model(x, y), random.uniform(-1, 1, (4, 6, 5, 2)), labels, "binary_crossentropy", keras.optimizers.Adam(0.01), 4)


FROZEN = """\
# A frozen block: its weights stay, its batch normalization is in inference mode while the head trains.
name: functional_frozen
seed: 1
blocks:
  Trunk(n)(x):
    layers:
      - Conv2D(n, 3, activation=relu)
      - BatchNormalization
model:
  input: [6, 5, 2]
  layers:
    - Trunk(4, trainable=false)
    - BatchNormalization
    - Flatten
    - Dense(1, activation=sigmoid)
train:
  optimizer: Adam(0.01)
  loss: binary_crossentropy
  batch_size: 4
"""


def frozen():
    x = keras.Input((6, 5, 2))
    y = L.Conv2D(4, 3, activation="relu", trainable=False, name="trunk.conv2d")(x)
    y = L.BatchNormalization(trainable=False, name="trunk.batch_normalization")(y)
    y = L.Flatten()(L.BatchNormalization(name="batch_normalization")(y))
    y = L.Dense(1, activation="sigmoid", name="dense")(y)
    random = np.random.RandomState(5)
    labels = np.array([[0.0], [1], [1], [0]])
    written("functional_frozen", FROZEN, keras.Model(x, y), random.uniform(-1, 1, (4, 6, 5, 2)), labels, "binary_crossentropy", keras.optimizers.Adam(0.01), 6)


OUTPUTS = """\
# Three outputs with a loss, a weight and labels of their own; as compile with dictionaries.
name: functional_outputs
seed: 1
params: {share: 0.2}
model:
  inputs: {a: [5], b: [3]}
  graph:
    h: Dense(6, activation=tanh)(concat([a, b]))
    d: Dense(1, activation=sigmoid)(h)
    s: Dense(2)(concat([h, d]))
    k: Dense(3)(h)
  outputs: {diagnosis: d, severity: s, kind: k}
train:
  optimizer: Adam(0.01)
  loss:
    diagnosis: binary_crossentropy
    severity: Huber(delta=0.5)
    kind: SparseCategoricalCrossentropy(from_logits=true)
  loss_weights: {severity: share, kind: 2*share - 0.1}
  batch_size: 5
"""


def outputs():
    a, b = keras.Input((5,), name="a"), keras.Input((3,), name="b")
    h = L.Dense(6, activation="tanh", name="dense")(L.Concatenate()([a, b]))
    d = L.Dense(1, activation="sigmoid", name="dense_1")(h)
    s = L.Dense(2, name="dense_2")(L.Concatenate()([h, d]))
    k = L.Dense(3, name="dense_3")(h)
    model = keras.Model({"a": a, "b": b}, {"diagnosis": d, "severity": s, "kind": k})
    random = np.random.RandomState(7)
    x = {"a": random.uniform(-1, 1, (5, 5)), "b": random.uniform(-1, 1, (5, 3))}
    y = {
        "diagnosis": np.array([[0.0], [1], [1], [0], [1]]),
        "severity": random.uniform(-1, 1, (5, 2)),
        "kind": np.array([2.0, 0, 1, 1, 0]),
    }
    losses = {
        "diagnosis": keras.losses.BinaryCrossentropy(),
        "severity": keras.losses.Huber(delta=0.5),
        "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    variables = paths(model)
    randomize(variables, random)
    model.compile(loss=losses, loss_weights={"diagnosis": 1.0, "severity": 0.2, "kind": 0.3}, optimizer=keras.optimizers.Adam(0.01))
    tensors = {**x, **{"y_" + name: labels for name, labels in y.items()}}
    tensors["x"] = np.zeros(1)  # there are inputs to run with
    tensors.update({path: variable.numpy() for path, variable in variables.items()})
    prediction = model(x, training=False)
    for name, value in prediction.items():
        tensors["expected/" + name] = np.array(value)
        tensors[f"expected/{name}_loss"] = np.array([float(losses[name](y[name], value))])
    tensors["expected/loss"] = np.array([float(model.compute_loss(x=x, y=y, y_pred=prediction, training=False))])
    names = {variable.path: path for path, variable in variables.items()}
    for step in range(STEPS):
        prediction, loss, gradients = gradients_of(model, x, y)
        if step == 0:
            tensors["expected/training_loss"] = np.array([float(loss)])
            for variable, gradient in zip(model.trainable_weights, gradients):
                tensors["expected/gradient/" + names[variable.path]] = np.array(gradient)
        model.optimizer.apply(gradients, model.trainable_weights)
    tensors.update({"after20/" + path: variable.numpy() for path, variable in variables.items()})
    write("functional_outputs", OUTPUTS, tensors)


def make():
    outputs()
    shared()
    blocks()
    frozen()
