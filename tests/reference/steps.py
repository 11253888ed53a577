"""Writes tests/reference/steps.txt: what Keras makes of predictions for every step of sequences, when a mask says which steps count.

    build/venv/bin/python tests/reference/steps.py        with keras and scikit-learn

tests/unit/test_tally.c reads it. A case is lines "key: numbers", the last "end:". The mask is Keras's sample_weight; the perplexity that of
Keras-hub, e^(the mean cross-entropy of what counts).
"""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from sklearn.metrics import confusion_matrix

rng = np.random.default_rng(20261124)
out = open("tests/reference/steps.txt", "w")
line = lambda key, values: out.write(f"{key}: {' '.join(repr(float(v)) for v in np.ravel(values))}\n")


def weighted(metric, label, y, mask):
    metric.update_state(label, y, sample_weight=mask)
    return float(metric.result())


def write(task, logits, rows, steps, units, y, label, mask, values):
    line("task", [["regression", "binary", "multiclass"].index(task), logits])
    line("sizes", [rows, steps, units, label.size // (rows * steps), rng.integers(1, rows + 1)])
    line("y", y), line("label", label), line("mask", mask)
    for key, value in values.items(): line(key, value)
    out.write("end:\n")


for number in range(24):
    rows, steps, units = int(rng.integers(1, 9)), int(rng.integers(2, 8)), int(rng.integers(2, 6))
    mask = (np.arange(steps) < rng.integers(1, steps + 1, (rows, 1))).astype(np.float32)
    logits, one_hot = number % 2, number // 2 % 2
    z = rng.normal(size=(rows, steps, units)).astype(np.float32)
    y = z if logits else np.asarray(keras.ops.softmax(z))
    label = rng.integers(0, units, (rows, steps))
    each = np.asarray(keras.losses.sparse_categorical_crossentropy(label, y, from_logits=bool(logits)), np.float64)
    seen = mask > 0
    write("multiclass", logits, rows, steps, units, y, np.eye(units)[label] if one_hot else label, mask, {
        "accuracy": weighted(keras.metrics.SparseCategoricalAccuracy(), label, y, mask),
        "perplexity": np.exp((each * mask).sum() / mask.sum()),
        "confusion": confusion_matrix(label[seen], y.argmax(-1)[seen], labels=range(units)),
    })

for number in range(8):
    rows, steps = int(rng.integers(1, 9)), int(rng.integers(2, 8))
    mask = (np.arange(steps) >= rng.integers(0, steps, (rows, 1))).astype(np.float32)
    y, label = rng.random((rows, steps, 1)).astype(np.float32), rng.integers(0, 2, (rows, steps, 1))
    seen = mask > 0
    write("binary", 0, rows, steps, 1, y, label, mask, {
        "accuracy": weighted(keras.metrics.BinaryAccuracy(), label, y, mask),
        "confusion": confusion_matrix(label[..., 0][seen], y[..., 0][seen] > 0.5, labels=[0, 1]),
    })

for number in range(8):
    rows, steps, units = int(rng.integers(1, 9)), int(rng.integers(2, 8)), int(rng.integers(1, 4))
    mask = rng.integers(0, 2, (rows, steps)).astype(np.float32)
    mask[0, 0] = 1
    y, label = rng.normal(size=(2, rows, steps, units)).astype(np.float32)
    write("regression", 0, rows, steps, units, y, label, mask, {
        "mae": weighted(keras.metrics.MeanAbsoluteError(), label, y, mask),
        "mse": weighted(keras.metrics.MeanSquaredError(), label, y, mask),
        "rmse": weighted(keras.metrics.RootMeanSquaredError(), label, y, mask),
    })
out.close()
