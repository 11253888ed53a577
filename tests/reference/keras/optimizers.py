"""Cases of the optimizers, regularizers and constraints: 20 steps of a small convolutional network on one batch."""
import numpy as np

from case import case

LAYERS = ["Conv2D(3, 3, activation=relu)", "Flatten", "Dense(4, activation=tanh)", "Dense(1, activation=sigmoid)"]
OPTIMIZERS = {
    "sgd": "SGD()",
    "sgd_rate": "SGD(0.3)",
    "sgd_momentum": "SGD(0.05, momentum=0.9)",
    "sgd_nesterov": "SGD(0.05, momentum=0.8, nesterov=true)",
    "rmsprop": "RMSprop()",
    "rmsprop_momentum": "RMSprop(0.002, rho=0.8, momentum=0.5)",
    "rmsprop_centered": "RMSprop(0.002, centered=true, epsilon=1e-4)",
    "rmsprop_both": "RMSprop(0.002, momentum=0.9, centered=true)",
    "adam": "Adam()",
    "adam_arguments": "Adam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3)",
    "adam_amsgrad": "Adam(0.01, amsgrad=true)",
    "adamw": "AdamW()",
    "adamw_decay": "AdamW(0.01, weight_decay=0.1)",
    "weight_decay": "Adam(0.01, weight_decay=0.05)",
    "sgd_weight_decay": "SGD(0.1, momentum=0.9, weight_decay=0.02)",
    "clipnorm": "SGD(0.5, clipnorm=0.02)",
    "global_clipnorm": "SGD(0.5, global_clipnorm=0.05)",
    "clipvalue": "Adam(0.01, clipvalue=0.003)",
    "ema": "SGD(0.3, use_ema=true, ema_momentum=0.9, ema_overwrite_frequency=5)",
}


def small(name, doc, optimizer, layers=LAYERS, **options):
    labels = [[0.0], [1.0], [1.0], [1.0], [1.0]]  # not balanced: the last bias has a gradient well away from 0
    case(name, doc, (6, 5, 2), layers=layers, y=labels, loss="binary_crossentropy", optimizer=optimizer, batch=5, train=True, **options)


def make():
    for name, text in OPTIMIZERS.items():
        small("optimizer_" + name, "20 steps of " + text, text)
    small("optimizer_by_name", "An optimizer by its name.", "adam")
    regularizers()
    constraints()
    frozen()


def regularizers():
    layers = [
        "Conv2D(3, 3, activation=tanh, kernel_regularizer=l2)",
        "Flatten",
        "Dense(4, activation=tanh, kernel_regularizer=L1L2(l1=0.01, l2=0.02), bias_regularizer=L2(0.1))",
        "Dense(1, activation=sigmoid, kernel_regularizer=L1(0.03))",
    ]
    small("regularizers", "Penalties of the weights are part of the loss.", "SGD(0.2)", layers)


def constraints():
    layers = [
        "Conv2D(3, 3, activation=tanh, kernel_constraint=NonNeg())",
        "Flatten",
        "Dense(4, activation=tanh, kernel_constraint=MaxNorm(0.8))",
        "Dense(3, activation=tanh, kernel_constraint=UnitNorm())",
        "Dense(1, activation=sigmoid, kernel_constraint=MaxNorm(max_value=0.5, axis=0))",
    ]
    small("constraints", "Constraints hold after every step.", "SGD(0.2)", layers)


def frozen():
    layers = ["Conv2D(3, 3, activation=tanh, trainable=false)", "Flatten", "Dense(4, activation=tanh)", "Dense(1, activation=sigmoid)"]
    small("frozen", "A layer that is not trainable keeps its weights.", "Adam(0.01)", layers)
