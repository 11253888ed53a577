"""Activations at their kinks: which side's gradient it is. All arguments are sums of few powers of two (see make_keras.py)."""
from activations import NEAR, points_case


def make():
    points_case(
        "activations_kinks",
        "Activations at their kinks.",
        ["relu(p)", "elu(p)", "selu(p)", "leaky_relu(p, negative_slope=0.25)", "relu(p, max_value=3)", "softplus(p)", "tanh(p)"]
        + ["Activation(relu)(p)"],
        NEAR,
    )
