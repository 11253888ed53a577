"""Cases of whole networks: the project's first one scaled down, LeNet, an MLP, and a batch that is not full."""
import numpy as np

from case import case

RANDOM = np.random.RandomState(5)


def pneumonia(size, filters, units):
    layers = []
    for count in filters:
        layers += [f"Conv2D({count}, 3, activation=relu)", "MaxPooling2D(2)"]
    return layers + ["Flatten", f"Dense({units}, activation=relu)", "Dropout(0.0)", "Dense(1, activation=sigmoid)"]


def binary_labels(count):
    return RANDOM.randint(0, 2, (count, 1))


def make():
    options = dict(loss="binary_crossentropy", optimizer="Adam()", train=True)
    images = RANDOM.uniform(0, 1, (4, 32, 32, 1))
    case("chest_xray_small", "specs/chest_xray.yaml, scaled down; no dropout.", (32, 32, 1), layers=pneumonia(32, (4, 8, 16), 32), x=images, y=[[0], [1], [1], [0]], batch=4, **options)
    images = RANDOM.uniform(0, 1, (5, 18, 18, 1))
    case("chest_xray_rows", "Three live rows of five.", (18, 18, 1), layers=pneumonia(18, (3, 5), 7), x=images, y=[[0], [1], [1], [0], [1]], batch=5, rows=3, **options)
    lenet = ["Conv2D(6, 5, activation=relu)", "MaxPooling2D(2)", "Conv2D(9, 3, activation=relu)", "MaxPooling2D(2)", "Flatten"]
    lenet += ["Dense(20, activation=relu)", "Dropout(0.0)", "Dense(10, activation=softmax)"]
    case("lenet_small", "specs/mnist.yaml, scaled down; no dropout.", (16, 16, 1), layers=lenet, x=RANDOM.uniform(0, 1, (6, 16, 16, 1)), y=[3, 1, 4, 1, 5, 9], loss="sparse_categorical_crossentropy", optimizer="Adam()", batch=6, train=True)
    mlp = ["Dense(16, activation=relu)", "Dense(8, activation=relu)", "Dense(1, activation=sigmoid)"]
    case("mlp_small", "specs/breast_cancer.yaml, scaled down.", (9,), layers=mlp, y=binary_labels(8), batch=8, **options)
    case("mlp_rows", "One live row of eight.", (9,), layers=mlp, y=binary_labels(8), batch=8, rows=1, **options)
    modern = ["Conv2D(5, 3, padding=same, use_bias=false)", "BatchNormalization", "Activation(relu)", "MaxPooling2D(2)"]
    modern += ["Conv2D(7, 3, strides=2, padding=same, activation=swish)", "BatchNormalization", "AveragePooling2D(2)", "Flatten"]
    modern += ["Dense(6, activation=gelu, kernel_regularizer=L2(0.001))", "Dense(3, activation=softmax)"]
    labels = np.eye(3)[[0, 2, 1, 1]]
    case("modern_small", "Batch normalization, strides, two poolings, a regulariser, AdamW.", (12, 12, 3), layers=modern, y=labels, loss="categorical_crossentropy", optimizer="AdamW(0.005, global_clipnorm=1.0)", batch=4, train=True)
