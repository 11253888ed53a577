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
    branches(
        "group_normalization",
        "Groups of channels; one group, and a group each channel.",
        (4, 5, 6),
        ["GroupNormalization(3)(p)", "GroupNormalization(1, epsilon=0.1)(p)", "GroupNormalization(-1)(p)", "GroupNormalization(2, axis=1)(p)"]
        + ["GroupNormalization(2, scale=false)(p)", "GroupNormalization(6, center=false)(p)"],
        train=True,
    )
    branches(
        "rms_normalization",
        "By the root of the mean square.",
        (4, 5),
        ["RMSNormalization()(p)", "RMSNormalization(epsilon=0.1)(p)", "RMSNormalization(axis=[1, 2])(p)", "UnitNormalization()(p)", "UnitNormalization(axis=1)(p)"]
        + ["UnitNormalization(axis=[1, 2])(p)"],
        train=True,
    )
    branches(
        "normalization",
        "By given means and variances.",
        (4, 3),
        ["Normalization(mean=0.5, variance=2.0)(p)", "Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 4.0, 9.0])(p)", "Normalization(axis=1, mean=[1, 2, 3, 4], variance=[4, 3, 2, 1])(p)"]
        + ["Normalization(mean=0.5, variance=2.0, invert=true)(p)", "Rescaling(0.5)(p)", "Rescaling([1.0, 2.0, 3.0], [0.1, 0.2, 0.3])(p)"],
    )
