"""Cases of the normalizations beyond BatchNormalization."""
from layers import branches


def make():
    branches(
        "layer_normalization",
        "Over the last axis, another, several; without gamma or beta.",
        (4, 5, 6),
        ["LayerNormalization()(p)", "LayerNormalization(epsilon=0.1)(p)", "LayerNormalization(axis=1)(p)", "LayerNormalization(axis=[1, 2, 3])(p)"]
        + ["LayerNormalization(axis=[-1, 1], center=false)(p)", "LayerNormalization(scale=false)(p)", "LayerNormalization(center=false, scale=false)(p)"],
        train=True,
    )
    branches(
        "local_response_normalization",
        "By the squares of the neighbouring channels.",
        (3, 4, 9),
        ["LocalResponseNormalization()(p)", "LocalResponseNormalization(2, bias=2.0, alpha=0.3, beta=0.75)(p)", "LocalResponseNormalization(0)(p)"]
        + ["LocalResponseNormalization(12, alpha=0.1)(p)"],
        train=True,
    )
