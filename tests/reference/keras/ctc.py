"""Cases of ctc: labels of every length, repeated ones, none at all; by JAX, for TensorFlow has it in float32 alone."""
import numpy as np

from case import case


def rows(count, *labels):
    """Filled up with 0, which is blank."""
    y = np.zeros((len(labels), count))
    for row, label in zip(y, labels):
        row[: len(label)] = label
    return y


def make():
    labels = rows(7, [1, 2, 3], [1, 1, 2, 2], [3], [], [2, 1, 2, 1, 2, 1, 2])  # the last one in as many steps as it has
    common = dict(loss="ctc", y=labels, batch=5)
    case("ctc_logits", "Labels of several lengths, repeated, none; the numbers are logits.", (7, 4), ["Points"], **common)
    case("ctc_ties", "All ways are as likely.", (7, 4), ["Scaled"], weights={"scaled/w": np.zeros((7, 4))}, **common)
    case(
        "ctc_lstm",
        "A recurrent layer, a short batch; 20 training steps.",
        (7, 3),
        ["Bidirectional(LSTM(4, return_sequences=true))", "Dense(4)"],
        rows=4,
        optimizer="Adam(0.01)",
        train=True,
        **common,
    )
    case("ctc_far", "Logits far apart.", (7, 4), ["Points"], x=np.random.RandomState(1).uniform(-60, 60, (5, 7, 4)), **common)
