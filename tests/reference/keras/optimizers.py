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
    "adagrad": "Adagrad()",
    "adagrad_arguments": "Adagrad(0.05, initial_accumulator_value=0.5, epsilon=1e-3)",
    "adadelta": "Adadelta()",
    "adadelta_arguments": "Adadelta(1.0, rho=0.9, epsilon=1e-4)",
    "adamax": "Adamax()",
    "adamax_arguments": "Adamax(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4)",
    "nadam": "Nadam()",
    "nadam_arguments": "Nadam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4)",
    "ftrl": "Ftrl(0.1)",
    "ftrl_l1": "Ftrl(0.2, l1_regularization_strength=0.02, l2_regularization_strength=0.1)",
    "ftrl_arguments": "Ftrl(0.1, -0.7, 0.3, 0.01, 0.02, l2_shrinkage_regularization_strength=0.05, beta=0.1)",
    "lion": "Lion(0.01)",
    "lion_arguments": "Lion(0.005, beta_1=0.7, beta_2=0.9, weight_decay=0.1)",
    "lamb": "Lamb()",
    "lamb_arguments": "Lamb(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4, weight_decay=0.1)",
    "adafactor": "Adafactor()",
    "adafactor_arguments": "Adafactor(0.5, beta_2_decay=-0.5, epsilon_2=1e-2, clip_threshold=0.5)",
    "muon": "Muon(0.01)",
    "muon_arguments": "Muon(0.02, adam_beta_1=0.8, adam_weight_decay=0.1, weight_decay=none, exclude_layers=['dense_1'], adam_lr_ratio=0.5, nesterov=false, rms_rate=none, ns_steps=3)",
    "clipnorm_lion": "Lion(0.01, global_clipnorm=0.02)",
    "clipvalue_adagrad": "Adagrad(0.1, clipvalue=0.003, weight_decay=0.05)",
    "ema_adam": "Adam(0.01, use_ema=true, ema_momentum=0.8, ema_overwrite_frequency=3, weight_decay=0.1, clipnorm=0.05)",
    "ema_quiet": "Nadam(0.01, use_ema=true)",
    "ema": "SGD(0.3, use_ema=true, ema_momentum=0.9, ema_overwrite_frequency=5)",
}


SCHEDULES = {
    "exponential": "ExponentialDecay(0.3, 5, 0.7)",
    "exponential_stairs": "ExponentialDecay(0.3, 5, 0.7, staircase=true)",
    "inverse_time": "InverseTimeDecay(0.3, 5, 0.5)",
    "inverse_time_stairs": "InverseTimeDecay(0.3, decay_steps=7, decay_rate=2.0, staircase=true)",
    "piecewise": "PiecewiseConstantDecay([3, 4, 12], [0.3, 0.1, 0.5, 0.05])",
    "piecewise_one": "PiecewiseConstantDecay(boundaries=[6], values=[0.3, 0.1])",
    "polynomial": "PolynomialDecay(0.3, 12)",
    "polynomial_power": "PolynomialDecay(0.3, 12, end_learning_rate=0.02, power=0.5)",
    "polynomial_cycle": "PolynomialDecay(0.3, 6, 0.01, power=2.0, cycle=true)",
    "cosine": "CosineDecay(0.3, 12)",
    "cosine_alpha": "CosineDecay(0.3, 30, alpha=0.2)",
    "cosine_warmup": "CosineDecay(0.01, 10, 0.1, warmup_target=0.4, warmup_steps=5)",
    "cosine_target": "CosineDecay(0.01, 10, warmup_target=0.4)",
    "restarts": "CosineDecayRestarts(0.3, 3)",
    "restarts_arguments": "CosineDecayRestarts(0.3, 4, t_mul=1.5, m_mul=0.8, alpha=0.1)",
    "restarts_three": "CosineDecayRestarts(0.3, 1, t_mul=3.0, m_mul=0.9)",
    "restarts_even": "CosineDecayRestarts(0.3, 6, t_mul=1.0, m_mul=0.5)",
}


def small(name, doc, optimizer, layers=LAYERS, **options):
    labels = [[0.0], [1.0], [1.0], [1.0], [1.0]]  # not balanced: the last bias has a gradient well away from 0
    case(name, doc, (6, 5, 2), layers=layers, y=labels, loss="binary_crossentropy", optimizer=optimizer, batch=5, train=True, **options)


FALLING = """\
schedules:
  Falling(initial, steps)(step): initial*steps/(step + steps)
"""


def make():
    for name, text in OPTIMIZERS.items():
        small("optimizer_" + name, "20 steps of " + text, text)
    for name, text in SCHEDULES.items():
        small("schedule_" + name, "20 steps of SGD with " + text, f"SGD({text}, momentum=0.5)")
    small("schedule_adamw", "A schedule also moves the decay of the weights.", "AdamW(CosineDecay(0.05, 15), weight_decay=0.1)")
    small("schedule_expression", "A rate that is an expression of the step.", "SGD(InverseTimeDecay(0.3, 4, 1.0))", optimizer_in_spec="SGD(0.3*4/(step + 4))")
    small("schedule_function", "A schedule of one's own.", "SGD(InverseTimeDecay(0.3, 4, 1.0))", optimizer_in_spec="SGD(Falling(0.3, 4))", definitions=FALLING)
    small("optimizer_by_name", "An optimizer by its name.", "adam")
    regularizers()
    more_regularizers()
    constraints()
    more_constraints()
    frozen()


def regularizers():
    layers = [
        "Conv2D(3, 3, activation=tanh, kernel_regularizer=l2)",
        "Flatten",
        "Dense(4, activation=tanh, kernel_regularizer=L1L2(l1=0.01, l2=0.02), bias_regularizer=L2(0.1))",
        "Dense(1, activation=sigmoid, kernel_regularizer=L1(0.03))",
    ]
    small("regularizers", "Penalties of the weights are part of the loss.", "SGD(0.2)", layers)


def more_regularizers():
    layers = [
        "Conv2D(3, 3, activation=tanh, kernel_regularizer=L1L2(l1=0.01), bias_regularizer='l1')",
        "Flatten",
        "Dense(4, activation=tanh, kernel_regularizer=OrthogonalRegularizer(0.5))",
        "Dense(3, activation=tanh, kernel_regularizer=orthogonal_regularizer, activity_regularizer=L2(0.05))",
        "Dense(1, activation=sigmoid, kernel_regularizer=l1_l2)",
    ]
    small("regularizers_orthogonal", "Rows or columns that are to be orthogonal.", "SGD(0.2)", layers)
    layers[2] = "Dense(4, activation=tanh, kernel_regularizer=OrthogonalRegularizer(factor=0.3, mode=columns))"
    small("regularizers_columns", "Columns that are to be orthogonal.", "Adam(0.01)", layers)


def more_constraints():
    layers = [
        "Conv2D(3, 3, activation=tanh, kernel_constraint=MaxNorm(0.5, axis=[0, 1, 2]))",
        "Conv2D(2, 2, activation=tanh, kernel_constraint=UnitNorm([0, 1, 2]), bias_constraint=NonNeg())",
        "Flatten",
        "Dense(4, activation=tanh, kernel_constraint=MinMaxNorm(0.4, 0.6))",
        "Dense(3, activation=tanh, kernel_constraint=MinMaxNorm(min_value=0.9, max_value=1.1, rate=0.3, axis=1), bias_constraint=max_norm)",
        "Dense(1, activation=sigmoid, kernel_constraint='unit_norm')",
    ]
    small("constraints_axes", "Norms over several axes, and within bounds.", "SGD(0.2)", layers)
    small("constraints_average", "A constraint holds after the average.", "Adam(0.02, use_ema=true, ema_momentum=0.7, ema_overwrite_frequency=4)", layers)


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
