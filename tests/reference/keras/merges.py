"""Cases of the layers over several tensors."""
import numpy as np

from case import case
from layers import branches


def make():
    pair = ["Dense(6)(p)", "Dense(6)(p)", "Dense(6, activation=tanh)(p)"]
    merged = [f"{name}()([b0, b1, b2])" for name in "Add Multiply Average Maximum Minimum Concatenate".split()]
    branches(
        "merges",
        "Three tensors become one.",
        (4, 3),
        pair + merged + ["Subtract()([b0, b1])", "Concatenate(axis=1)([b2, b0])", "Add()([b0, p2])"],
        source="Points()(x)",
        more=[("p2", "Dense(1)(p)")],
        train=True,
    )
    branches(
        "merges_ranks",
        "Tensors of fewer axes get axes behind the batch.",
        (2, 4),
        ["Add()([p, v])", "Multiply()([v, p])", "Average()([p, v])", "Maximum()([p, v])", "Minimum()([v, p])", "Subtract()([p, v])"],
        more=[("v", "Dense(4)(Flatten()(p))")],
        train=True,
    )
    branches(
        "dot",
        "Products of two tensors over one axis, plain and of unit vectors.",
        (4, 3),
        ["Dot(axes=1)([u, v])", "Dot(axes=-1, normalize=true)([u, v])", "Dot(axes=2)([p, q])", "Dot(axes=[2, 1])([p, u2])"]
        + ["Dot(axes=[1, 2], normalize=true)([p, r])", "Dot(axes=[1, 1])([p, q])", "Dot(axes=[1, 2])([u2, p])"],
        more=[("u", "Dense(5)(Flatten()(p))"), ("v", "Dense(5)(Flatten()(p))"), ("q", "Dense(3)(p)"), ("r", "Dense(4)(p)")]
        + [("u2", "Dense(3)(Flatten()(p))")],
        train=True,
    )
    branches(
        "inception",
        "Four branches side by side.",
        (6, 6, 5),
        ["Concatenate()([i1, i3, i5, ip])"],
        more=[
            ("i1", "Conv2D(4, 1, activation=relu)(p)"),
            ("r3", "Conv2D(3, 1, activation=relu)(p)"),
            ("i3", "Conv2D(6, 3, padding=same, activation=relu)(r3)"),
            ("r5", "Conv2D(2, 1, activation=relu)(p)"),
            ("i5", "Conv2D(3, 5, padding=same, activation=relu)(r5)"),
            ("pp", "MaxPooling2D(3, strides=1, padding=same)(p)"),
            ("ip", "Conv2D(3, 1, activation=relu)(pp)"),
        ],
        train=True,
    )
    random = np.random.RandomState(11)
    case(
        "embedding",
        "Rows of a table by number; the same row several times.",
        (6,),
        layers=["Embedding(9, 5)", "Dense(3, activation=tanh)", "Flatten", "Dense(2)"],
        x=random.randint(0, 9, (4, 6)),
        batch=4,
        train=True,
        optimizer="Adam(0.01)",
    )
