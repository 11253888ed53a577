"""Activations at their kinks: which side's gradient it is. All arguments are sums of few powers of two (see make_keras.py)."""
from activations import NEAR, points_case


def make():
    points_case(
        "activations_kinks",
        "Activations at their kinks.",
        ["relu(p)", "elu(p)", "selu(p)", "leaky_relu(p, negative_slope=0.25)", "relu(p, max_value=3)", "softplus(p)", "tanh(p)"]
        + ["Activation(relu)(p)", "relu(p, max_value=6)", "relu(p, 0.25, 6)", "relu(p, threshold=1)", "elu(p, alpha=0.5)"]
        + ["relu6(p)", "softsign(p)", "mish(p)", "hard_sigmoid(p)", "hard_silu(p)", "hard_tanh(p)", "hard_shrink(p, threshold=1)"]
        + ["soft_shrink(p, threshold=1)", "sparse_plus(p)", "sparse_sigmoid(p)", "squareplus(p)", "threshold(p, 1, 0.25)"]
        + ["log_sigmoid(p)", "tanh_shrink(p)"],
        NEAR,
    )
