"""Cases of the losses: values and gradients on predictions that are weights, so that every extreme is met exactly."""
import numpy as np

from case import case

RANDOM = np.random.RandomState(11)
LOGITS = np.array([0.0, 1.5, -2.5, 9.0, -9.0, 40.0, -40.0])
LABELS = np.stack([np.zeros(7), np.ones(7), np.array([0.0, 1.0, 0.3, 0.7, 0.5, 1.0, 0.0])])


def loss_case(name, doc, loss, points, labels, layers=(), **options):
    points = np.asarray(points, "float64")
    labels = np.asarray(labels, "float64")
    x = np.zeros((len(labels), *points.shape))
    x[1:] = RANDOM.uniform(-0.001, 0.001, x[1:].shape)  # the first row sees the points themselves
    case(name, doc, points.shape, layers=["Points()", *layers], x=x, y=labels, loss=loss, batch=len(labels), weights={"points/w": points}, **options)


def one_hot(classes, count):
    return np.eye(count)[classes]


def make():
    regression()
    binary()
    categorical()


def regression():
    values = [0.0, 0.5, -0.3, 2.0, -1.0, 7.0, -4.0]
    labels = np.stack([[0.0, 0.5, 0.7, 1.0, 0.0, -2.0, -4.3], RANDOM.uniform(-3, 3, 7), RANDOM.uniform(-1, 1, 7)])
    for name in ("mse", "mae", "huber", "mean_squared_error", "mean_absolute_error"):
        loss_case(name, "Errors of 0, of exactly 1, and larger.", name, values, labels)
    loss_case("huber_delta", "Huber's loss with another delta, met exactly.", "Huber(delta=0.5)", [0.5, 0.2, -1.5, 0.0], np.array([[0.0, 0.1, 1.0, 0.0]] * 3))
    maps = RANDOM.uniform(-1, 1, (2, 3, 4))
    loss_case("mse_image", "An image as output: the mean over all its numbers.", "mse", maps[0], np.stack([maps[1]] * 2))


def binary():
    loss_case("bce_sigmoid", "After a sigmoid the logits are recovered.", "binary_crossentropy", LOGITS, LABELS, ["Activation(sigmoid)"])
    loss_case("bce_logits", "From logits.", "BinaryCrossentropy(from_logits=true)", LOGITS, LABELS)
    loss_case("bce_smoothing", "Label smoothing, after a sigmoid.", "BinaryCrossentropy(label_smoothing=0.1)", LOGITS, LABELS, ["Activation(sigmoid)"])
    # at most 0.95, and 1 where it is clipped: nearer to 1, float32 has no digits left in 1 - p
    probabilities = [0.5, 0.01, 0.95, 0.2, 0.8, 0.03, 0.6]
    loss_case("bce_probabilities", "Probabilities that no sigmoid made.", "binary_crossentropy", probabilities, LABELS, ["Activation(linear)"])
    labels = [[1.0, 1.0, 1.0, 0.3], [0.2, 1.0, 1.0, 1.0]]
    loss_case("bce_clipped", "Outside of [0, 1] the prediction is clipped, and has no gradient.", "BinaryCrossentropy()", [-0.5, 0.5, 1.5, 0.7], labels)
    loss_case("bce_one_unit", "One unit, labels without an axis of their own.", "binary_crossentropy", [0.4], [[0.0], [1.0], [1.0]], ["Dense(1, activation=sigmoid)"])


def categorical():
    logits = np.array([0.0, 2.0, -3.0, 30.0, -30.0])
    hard = one_hot([3, 0, 4], 5)
    soft = np.stack([hard[0], [0.1, 0.2, 0.3, 0.25, 0.15], [0.0, 0.5, 0.5, 0.0, 0.0]])
    name = "categorical_crossentropy"
    loss_case("cce_softmax", "After a softmax the logits are recovered.", name, logits, soft, ["Activation(softmax)"])
    loss_case("cce_logits", "From logits.", "CategoricalCrossentropy(from_logits=true)", logits, soft)
    loss_case("cce_smoothing", "Label smoothing.", "CategoricalCrossentropy(label_smoothing=0.2)", logits, hard, ["Activation(softmax)"])
    positive = [0.2, 1.3, 0.7, 2.0, 0.05]
    loss_case("cce_probabilities", "Positive numbers that do not sum to 1 are normalised first.", name, positive, soft)
    loss_case("cce_rank3", "A class for every place of an image.", name, RANDOM.uniform(-2, 2, (2, 3, 4)), one_hot(RANDOM.randint(0, 4, (3, 2, 3)), 4), ["Activation(softmax)"])
    name = "sparse_" + name
    loss_case("scce_softmax", "After a softmax.", name, logits, [3, 0, 4], ["Activation(softmax)"])
    loss_case("scce_logits", "From logits.", "SparseCategoricalCrossentropy(from_logits=true)", logits, [1, 2, 3])
    # below 1: above it TensorFlow clips before it normalises, and JAX after
    loss_case("scce_probabilities", "Positive numbers that do not sum to 1.", name, [0.2, 0.9, 0.7, 0.4, 0.05], [4, 1, 0])
    loss_case("scce_rank3", "A class for every place of an image.", name, RANDOM.uniform(-2, 2, (2, 3, 4)), RANDOM.randint(0, 4, (3, 2, 3)), ["Activation(softmax)"])
