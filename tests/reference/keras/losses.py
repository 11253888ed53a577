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
    more_regression()
    hinges()
    distributions()
    focal()
    segmentation()
    shapes()
    masked()


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


def both(stem, doc, function, texts, points, labels, layers=()):
    """The function by its name, and class forms with arguments."""
    loss_case(stem, doc, function, points, labels, layers)
    for number, text in enumerate(texts):
        loss_case(f"{stem}_class{number + 1 if number else ''}", doc, text, points, labels, layers)


def more_regression():
    values = [0.0, 0.5, -0.3, 2.0, -1.0, 7.0, -4.0, 60.0]
    labels = np.stack([[0.0, 0.5, 0.7, 1.0, 0.0, -2.0, -4.3, 30.0], RANDOM.uniform(-3, 3, 8), RANDOM.uniform(-1, 1, 8)])
    both("mape", "A label of 0 counts as 1e-7.", "mape", ["MeanAbsolutePercentageError(reduction='sum')"], values[1:], np.where(labels == 0, 0.25, labels)[:, 1:])
    both("mape_zero", "A label of 0 counts as 1e-7.", "mape", [], [0.5, 0.0], [[0.0, 0.0], [1.0, 0.0]])
    both("msle", "Below 1e-7 numbers count as 1e-7.", "msle", ["MeanSquaredLogarithmicError()"], [0.0, 0.5, -0.3, 2.0, 7.0, 100.0], np.abs(labels[:, :6]))
    both("msle_kink", "At 1e-7 itself the gradient passes.", "msle", [], [1e-7, 0.0, 1.0], np.abs(labels[:, :3]))
    both("log_cosh", "Errors of 0, and large ones.", "log_cosh", ["LogCosh(reduction='sum')"], values, labels)
    vectors = RANDOM.uniform(-1, 1, (3, 4))
    targets = RANDOM.uniform(-1, 1, (2, 3, 4))
    targets[0, 1] = 0
    both("cosine", "Also a label of length 0.", "cosine_similarity", ["CosineSimilarity(axis=1)", "CosineSimilarity(axis=-1, reduction='sum')"], vectors, targets)


def hinges():
    scores = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 0.25]
    signs = np.where(RANDOM.uniform(-1, 1, (3, 8)) < 0, -1.0, 1.0)
    signs[0] = [1, 1, -1, -1, 1, 1, -1, -1]
    for name, text in (("hinge", "Hinge()"), ("squared_hinge", "SquaredHinge()")):
        both(name, "Scores at the hinge; labels -1 and 1.", name, [text], scores, signs)
        both(name + "_binary", "Labels that are all 0 or 1 become -1 and 1.", name, [], scores, signs / 2 + 0.5)
        both(name + "_mixed", "Labels of which one is neither 0 nor 1 stay.", name, [], scores, np.where(signs > 0, 1.0, 0.0) + 0.5 * (np.arange(24).reshape(3, 8) == 20))
    both("categorical_hinge", "Also where two wrong scores tie, and at the hinge.", "categorical_hinge", ["CategoricalHinge()"], [0.5, 0.5, 1.5, -2.0, 0.0], one_hot([2, 3, 1], 5))
    both("categorical_hinge_kink", "Every row is at the hinge or beyond.", "categorical_hinge", [], [3.0, 2.0, 1.0], one_hot([0, 0, 1], 3))


def distributions():
    p = [0.5, 0.0, 0.2, 1.0, 1e-7, 0.3]
    labels = np.stack([[0.0, 0.5, 0.5, 0.0, 0.0, 0.0], [0.2, 0.2, 0.2, 0.2, 0.1, 0.1], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    both("kl_divergence", "Probabilities of 0, 1 and 1e-7.", "kld", ["KLDivergence()", "KLDivergence(reduction='sum')"], p, labels)
    both("kl_softmax", "After a softmax.", "kl_divergence", [], [0.0, 2.0, -3.0, 1.0], np.abs(RANDOM.uniform(0, 1, (3, 4))), ["Activation(softmax)"])
    both("poisson", "Counts.", "poisson", ["Poisson()"], [0.5, 0.1, 2.0, 7.0], [[0.0, 1.0, 2.0, 7.0], [3.0, 0.0, 1.0, 9.0]])
    loss_case("generalized", "The probability of the truth.", "CategoricalGeneralizedCrossEntropy(q=0.7)", [0.0, 2.0, -3.0, 1.0], [1, 2, 0], ["Activation(softmax)"])
    for name, layers, points in (("bce_extreme", ["Activation(linear)"], [0.0, 1.0, 0.5, 0.25]), ("bce_far", ["Activation(sigmoid)"], [100.0, -100.0, 0.0, 1.0])):
        loss_case(name, "Probabilities of 0 and 1, logits of 100: finite.", "binary_crossentropy", points, [[0.0, 1.0, 1.0, 0.0]] * 2, layers)
    for name, layers, points in (("cce_extreme", ["Activation(linear)"], [0.0, 1.0, 0.0]), ("cce_far", ["Activation(softmax)"], [100.0, -100.0, 0.0])):
        loss_case(name, "Probabilities of 0 and 1, logits of 100: finite.", "categorical_crossentropy", points, one_hot([0, 1], 3), layers)
        loss_case("s" + name, "Probabilities of 0 and 1, logits of 100: finite.", "sparse_categorical_crossentropy", points, [0, 1], layers)


def focal():
    logits = [0.0, 1.5, -2.5, 4.0, -4.0, 20.0, -20.0]
    name = "binary_focal_crossentropy"
    texts = [
        "BinaryFocalCrossentropy(apply_class_balancing=true)",
        "BinaryFocalCrossentropy(true, alpha=0.6, gamma=1.5, label_smoothing=0.1)",
        "BinaryFocalCrossentropy(gamma=0.0, reduction='sum')",
    ]
    both("binary_focal", "After a sigmoid.", name, texts, logits, LABELS, ["Activation(sigmoid)"])
    loss_case("binary_focal_logits", "From logits.", "BinaryFocalCrossentropy(from_logits=true)", logits, LABELS)
    loss_case("binary_focal_probabilities", "Probabilities that no sigmoid made.", name, [0.5, 0.01, 0.95, 0.2, 0.8, 0.03, 0.6], LABELS, ["Activation(linear)"])
    loss_case("binary_focal_extreme", "Probabilities of 0 and 1.", name, [0.0, 1.0, 0.5, 0.0], [[0.0, 1.0, 0.0, 1.0]] * 2, ["Activation(linear)"])
    hard, name = one_hot([3, 0, 1], 4), "categorical_focal_crossentropy"
    texts = [
        "CategoricalFocalCrossentropy(alpha=0.7, gamma=3.0)",
        "CategoricalFocalCrossentropy(alpha=[0.125, 0.25, 0.375, 0.5], gamma=1.5, label_smoothing=0.2)",
        "CategoricalFocalCrossentropy(gamma=0.0)",
    ]
    both("categorical_focal", "After a softmax, whose logits are not recovered.", name, texts, [0.0, 1.0, -2.0, 0.5], hard, ["Activation(softmax)"])
    loss_case("categorical_focal_logits", "From logits.", "CategoricalFocalCrossentropy(from_logits=true)", [0.0, 1.0, -2.0, 0.5], hard)
    loss_case("categorical_focal_extreme", "Probabilities of 0.", name, [0.0, 0.5, 0.0, 0.5], hard, ["Activation(linear)"])


def segmentation():
    maps = RANDOM.uniform(-2, 2, (4, 3, 1))
    truth = (RANDOM.uniform(-1, 1, (3, 4, 3, 1)) < 0).astype("float64")
    dice = ["Dice()", "Dice(axis=[1, 2, 3])", "Dice(reduction='sum', axis=[1, 2])"]
    both("dice", "Over the batch, and a sample at a time.", "dice", dice, maps, truth, ["Activation(sigmoid)"])
    tversky = ["Tversky(alpha=0.3, beta=0.7)", "Tversky(0.6, 0.2, axis=[1, 2, 3])"]
    both("tversky", "Over the batch, and a sample at a time.", "tversky", tversky, maps, truth, ["Activation(sigmoid)"])
    both("dice_empty", "Nothing there, and nothing predicted.", "dice", ["Dice(axis=1)"], [0.0, 0.0], [[0.0, 0.0], [1.0, 0.0]])
    for name in ("binary_crossentropy", "binary_focal_crossentropy", "mse", "mae", "hinge", "poisson"):
        loss_case(f"image_{name}", "A mask without the axis of its one channel.", name, maps, truth[..., 0], ["Activation(sigmoid)"])
    loss_case("image_categorical_focal", "A class for every place of an image.", "CategoricalFocalCrossentropy(alpha=[0.5, 0.25, 1.0])", RANDOM.uniform(-2, 2, (2, 3, 3)), one_hot(RANDOM.randint(0, 3, (2, 2, 3)), 3), ["Activation(softmax)"])
    labels = RANDOM.randint(0, 3, (2, 2, 3)).astype("float64")
    labels[0, 0, 1] = labels[1, 1, 2] = 255
    loss_case("scce_ignore", "Places of a class that does not count.", "SparseCategoricalCrossentropy(ignore_class=255)", RANDOM.uniform(-2, 2, (2, 3, 3)), labels, ["Activation(softmax)"])
    loss_case("scce_ignore_sum", "Their sum.", "SparseCategoricalCrossentropy(from_logits=true, ignore_class=255, reduction='sum')", RANDOM.uniform(-2, 2, (2, 3, 3)), labels)
    loss_case("scce_ignore_all", "Nothing counts: the loss is 0.", "SparseCategoricalCrossentropy(ignore_class=7)", RANDOM.uniform(-2, 2, (2, 3)), np.full((2, 2), 7.0), ["Activation(softmax)"])


def shapes():
    sequence = RANDOM.uniform(-1, 1, (5, 1))
    labels = RANDOM.uniform(-1, 1, (3, 5))
    for name in ("mse", "mape"):
        loss_case(f"sequence_{name}", "One number a time step, labels without its axis.", name, sequence + 1.5, labels + 1.5)
    loss_case("mae_column", "Labels with an axis of 1 that the prediction lacks.", "mae", RANDOM.uniform(-1, 1, 4), labels[:, :4, None])
    loss_case("bce_axis", "The mean over another axis.", "BinaryCrossentropy(axis=1)", RANDOM.uniform(-1, 1, (3, 2)), np.ones((2, 3, 2)), ["Activation(sigmoid)"])
    loss_case("cce_axis", "Classes on another axis.", "CategoricalCrossentropy(from_logits=true, axis=1)", RANDOM.uniform(-1, 1, (3, 2)), np.stack([[[1, 0], [0, 0.25], [0, 0.75]], [[0, 1], [1, 0], [0, 0]]]))
    loss_case("huber_partial", "A loss with an argument, in small letters.", "Huber(delta=0.5)", [0.5, 0.2, -1.5, 0.0], np.array([[0.0, 0.1, 1.0, 0.0]] * 3), loss_in_spec="huber(delta=0.5)")


def masked():
    """Steps that a mask leaves out do not count; a sample may have none, or all."""
    tokens = np.array([[3, 5, 0, 0, 0], [1, 2, 3, 4, 5], [7, 0, 8, 0, 1], [0, 0, 0, 0, 0]], "float64")
    classes, numbers = RANDOM.randint(0, 3, (4, 5)).astype("float64"), RANDOM.uniform(-1, 1, (4, 5, 1))
    hard = one_hot(classes.astype(int), 3)
    sparse = "SparseCategoricalCrossentropy"
    for name, loss, last, labels in (
        ("scce", "sparse_categorical_crossentropy", "Dense(3, activation=softmax)", classes),
        ("scce_sum", sparse + "(reduction='sum')", "Dense(3, activation=softmax)", classes),
        ("scce_ignore", sparse + "(ignore_class=1)", "Dense(3, activation=softmax)", classes),
        ("scce_weighted", sparse + "(from_logits=true, reduction='mean_with_sample_weight')", "Dense(3)", classes),
        ("cce", "categorical_focal_crossentropy", "Dense(3, activation=softmax)", hard),
        ("bce", "binary_crossentropy", "Dense(1, activation=sigmoid)", (numbers > 0).astype("float64")),
        ("mae", "mae", "Dense(1)", numbers),
        ("kld", "kl_divergence", "Dense(3, activation=softmax)", hard),
    ):
        layers = ["Embedding(9, 4, mask_zero=true)", "Dense(4, activation=tanh)", last]
        case("masked_" + name, "A mean over the steps that are not masked.", (5,), layers=layers, x=tokens, y=labels, loss=loss, batch=4)
    case("masked_rows", "Fewer rows than the batch.", (5,), layers=["Embedding(9, 4, mask_zero=true)", "Dense(1)"], x=tokens, y=numbers, loss="mse", batch=4, rows=3)
    case("masked_all", "Nothing counts: the loss is 0.", (5,), layers=["Embedding(9, 4, mask_zero=true)", "Dense(1)"], x=0 * tokens, y=numbers, loss="mse", batch=4)
