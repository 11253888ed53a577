"""Cases of the layers: forward, gradients of every weight and, through Points before them, of what they read."""
import numpy as np

from case import case


def branches(name, doc, shape, expressions, source="Points()(x)", more=(), **options):
    """Each expression reads p, or what `more` binds, and is flattened; the output is all of them side by side."""
    graph = [("p", source), *more]
    for number, expression in enumerate(expressions):
        graph += [(f"b{number}", expression), (f"f{number}", f"Flatten()(b{number})")]
    graph.append(("y", "concat([" + ", ".join(f"f{number}" for number in range(len(expressions))) + "], -1)"))
    case(name, doc, shape, graph=graph, **options)


def make():
    convolutions()
    pools()
    normalizations()
    dense()
    plain()


def convolutions():
    branches(
        "conv2d_kernels",
        "Convolutions with kernels of several sizes, 3, 5 and 17 filters, with and without bias.",
        (8, 9, 3),
        ["Conv2D(5, 3)(p)", "Conv2D(17, 1)(p)", "Conv2D(3, 5, use_bias=false)(p)", "Conv2D(5, [2, 3], activation=tanh)(p)"]
        + ["Conv2D(1, 3)(p)", "Conv2D(17, 3, activation=sigmoid)(p)"],
    )
    branches(
        "conv2d_same",
        "Same padding: odd and even kernels, the odd pixel at the bottom and right.",
        (7, 6, 2),
        ["Conv2D(3, 3, padding=same)(p)", "Conv2D(5, [2, 4], padding=same, activation=tanh)(p)", "Conv2D(4, 5, padding=same)(p)"]
        + ["Conv2D(3, 1, padding=same, use_bias=false)(p)"],
    )
    branches(
        "conv2d_strides",
        "Strides, with both paddings.",
        (9, 10, 3),
        ["Conv2D(4, 3, strides=2)(p)", "Conv2D(5, 3, strides=2, padding=same)(p)", "Conv2D(3, 3, [1, 2], padding=same)(p)"]
        + ["Conv2D(2, 2, strides=3)(p)", "Conv2D(3, 1, strides=2)(p)", "Conv2D(4, 4, strides=3, padding=same)(p)"],
    )
    branches(
        "conv2d_dilation",
        "Dilated kernels.",
        (9, 8, 2),
        ["Conv2D(3, 3, dilation_rate=2)(p)", "Conv2D(5, 3, dilation_rate=[2, 1], padding=same)(p)"]
        + ["Conv2D(2, 2, dilation_rate=3, activation=tanh)(p)"],
    )
    branches(
        "conv2d_groups",
        "Grouped convolutions; as many groups as channels is a depthwise one.",
        (6, 7, 6),
        ["Conv2D(4, 3, groups=2)(p)", "Conv2D(9, 3, groups=3, padding=same, activation=tanh)(p)"]
        + ["Conv2D(6, 3, groups=6, strides=2)(p)", "Conv2D(6, 1, groups=2, use_bias=false)(p)"],
    )
    branches(
        "conv2d_whole",
        "Kernels as large as the image.",
        (5, 4, 3),
        ["Conv2D(7, [5, 4])(p)", "Conv2D(3, [5, 4], padding=same)(p)", "Conv2D(2, [5, 1])(p)", "Conv2D(2, [1, 4])(p)"],
    )
    case(
        "conv2d_chain",
        "Convolution after convolution: 17, 5 and 3 channels.",
        (9, 9, 1),
        layers=["Points()", "Conv2D(17, 3, activation=relu)", "Conv2D(5, 1, activation=elu)", "Conv2D(3, 5)", "Flatten"],
    )
    case(
        "conv2d_pool",
        "The common pattern, with rows and columns that the pool drops.",
        (11, 12, 3),
        layers=["Conv2D(16, 3, activation=relu)", "MaxPooling2D(2)", "Conv2D(5, 2, activation=relu)", "MaxPooling2D(2)"]
        + ["Flatten", "Dense(4)"],
        batch=4,
    )
    case(
        "conv2d_average",
        "Convolution, average pool, and an activation of its own.",
        (9, 8, 2),
        layers=["Conv2D(17, 3, padding=same)", "AveragePooling2D(2)", "Activation(tanh)", "Conv2D(3, 3)"],
    )


def pools():
    branches(
        "max_pooling2d",
        "Max pools: strides, same padding, overlapping windows.",
        (7, 9, 3),
        ["MaxPooling2D()(p)", "MaxPooling2D(3)(p)", "MaxPooling2D(3, strides=2)(p)", "MaxPooling2D(3, 2, padding=same)(p)"]
        + ["MaxPooling2D([2, 3], [1, 2])(p)", "MaxPooling2D(2, padding=same)(p)", "MaxPooling2D([7, 9])(p)"],
    )
    ties = np.random.RandomState(7).randint(0, 2, (3, 6, 6, 2))
    branches(
        "max_pooling2d_ties",
        "Of equal maxima the first has the gradient.",
        (6, 6, 2),
        ["MaxPooling2D()(p)", "MaxPooling2D(3, strides=1)(p)"],
        x=ties,
        weights={"points/w": np.zeros((6, 6, 2))},
    )
    branches(
        "average_pooling2d",
        "Average pools; with same padding only what is inside counts.",
        (7, 9, 3),
        ["AveragePooling2D(2)(p)", "AveragePooling2D(3)(p)", "AveragePooling2D(3, strides=2)(p)"]
        + ["AveragePooling2D(3, 2, padding=same)(p)", "AveragePooling2D([2, 3], [1, 2])(p)", "AveragePooling2D(2, padding=same)(p)"],
    )


def normalizations():
    case(
        "batch_normalization",
        "After a convolution and after a dense layer; moving statistics after 20 steps.",
        (6, 5, 3),
        layers=["Conv2D(5, 3)", "BatchNormalization", "Activation(relu)", "Flatten", "Dense(7)"]
        + ["BatchNormalization(momentum=0.8, epsilon=0.01)", "Dense(3)"],
        batch=5,
        train=True,
    )
    branches(
        "batch_normalization_arguments",
        "Without scale, without center, another axis, frozen.",
        (4, 5, 3),
        ["BatchNormalization(scale=false)(p)", "BatchNormalization(center=false)(p)", "BatchNormalization(axis=1)(p)"]
        + ["BatchNormalization(center=false, scale=false)(p)", "BatchNormalization(trainable=false)(p)"],
        batch=4,
        train=True,
    )
    case(
        "batch_normalization_rows",
        "Three live rows of five: the statistics are of the three.",
        (4, 4, 2),
        layers=["Conv2D(3, 2)", "BatchNormalization", "Flatten", "Dense(2)", "BatchNormalization"],
        batch=5,
        rows=3,
        train=True,
    )


def dense():
    case(
        "dense_activations",
        "Dense layers with every activation in their epilogue, odd widths.",
        (7,),
        layers=["Points()"]
        + [
            f"Dense({units}, activation={name})"
            for units, name in zip(
                (5, 17, 3, 9, 6, 4, 11, 8, 7),
                "relu sigmoid tanh elu selu gelu swish leaky_relu softplus".split(),
            )
        ]
        + ["Dense(1, use_bias=false)"],
        batch=5,
    )
    branches(
        "dense_rank3",
        "Over the last axis of a sequence and of an image's rows.",
        (5, 7),
        ["Dense(3)(p)", "Dense(17, use_bias=false)(p)", "Dense(4, activation=softmax)(p)", "Dense(2)(Dense(5, activation=tanh)(p))"],
    )
    branches(
        "dense_wide",
        "Widths around the length of a vector.",
        (33,),
        ["Dense(1)(p)", "Dense(15, activation=relu)(p)", "Dense(16)(p)", "Dense(31, activation=tanh)(p)", "Dense(32)(p)", "Dense(33)(p)"],
        batch=7,
    )


def plain():
    branches(
        "activation_layers",
        "Activations as layers, with weights of their own too.",
        (4, 5, 3),
        ["ReLU(max_value=0.5, negative_slope=0.1, threshold=0.1)(p)", "ReLU()(p)", "LeakyReLU()(p)", "ELU(0.7)(p)", "PReLU()(p)", "PReLU(shared_axes=[1, 2])(p)"]
        + ["PReLU(shared_axes=2)(p)", "Softmax()(p)", "Softmax(axis=1)(p)", "Softmax(axis=[1, 2])(p)", "Activation(gelu)(p)"],
        train=True,
    )
    branches(
        "orders",
        "Other shapes and orders of the same numbers.",
        (4, 6),
        ["Permute([2, 1])(p)", "Reshape([3, -1])(p)", "Reshape([-1])(p)", "Reshape([2, 2, -1])(p)", "RepeatVector(3)(Dense(4)(Flatten()(p)))", "Permute([3, 1, 2])(Reshape([2, 2, 6])(p))"]
        + ["TimeDistributed(Dense(5))(p)", "TimeDistributed(Conv1D(3, 2))(Reshape([2, 4, 3])(p))", "Identity()(p)"],
        train=True,
    )
    case(
        "activity_regularization",
        "A layer that adds to the loss, and layers with activity regularizers.",
        (5,),
        layers=["Points()", "Dense(4, activation=tanh)", "ActivityRegularization(l1=0.01, l2=0.1)", "Dense(3)"],
        train=True,
    )
    case(
        "reshape",
        "Reshape and Flatten keep the order of the numbers.",
        (6, 4),
        layers=["Points()", "Reshape([3, 8])", "Dense(5)", "Reshape([5, 3, 1])", "Conv2D(2, 2)", "Flatten", "Scaled()"],
    )
    case(
        "dropout_inference",
        "In inference Dropout passes everything.",
        (9,),
        layers=["Points()", "Dropout(0.3)", "Dense(5, activation=relu)", "Dropout(0.5)", "Dense(2)"],
        batch=4,
        gradients=False,
    )
    case(
        "dropout_training",
        "In training a share is zero, what is kept is larger, and the gradient is of the same numbers (see draws.c).",
        (301,),
        layers=["Points()", "Dropout(0.3)"],
        batch=5,
        gradients=False,
        extra={"expected/dropout": np.array([0.3])},
    )
