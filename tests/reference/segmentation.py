"""Writes tests/reference/segmentation.txt: scikit-learn's Dice (f1_score) and IoU (jaccard_score) of random masks over all
pixels of all samples, for tests/unit/test_segmentation.c.

    build/venv/bin/python tests/reference/segmentation.py

A case: "case: ROWS PIXELS UNITS", "y: .." for each row (PIXELS x UNITS numbers), "label: .." (PIXELS), "dice: .." and "iou: .."
(of each class), "mean: DICE IOU" (of one unit: of the second class; else over the classes), "accuracy: N".
"""
import numpy as np
from sklearn.metrics import accuracy_score, f1_score, jaccard_score

random = np.random.default_rng(11)
out = open("tests/reference/segmentation.txt", "w")
plain = lambda a: " ".join(f"{v:g}" for v in np.ravel(a))
exact = lambda a: " ".join(repr(float(v)) for v in np.ravel(a))

for case in range(12):
    units, rows, pixels = [1, 1, 2, 3, 5][case % 5], int(random.integers(1, 5)), int(random.choice([1, 6, 20]))
    classes = max(units, 2)
    y = np.round(random.random((rows, pixels, units)), 2)
    seen = classes if case < 8 else max(1, classes - 1)  # a class that never is
    label = random.integers(0, seen, (rows, pixels))
    if case == 11: y[:], label[:] = 0, 0
    called = (y[..., 0] > 0.5).astype(int) if units == 1 else y.argmax(-1)
    out.write(f"case: {rows} {pixels} {units}\n")
    for r in range(rows): out.write(f"y: {plain(y[r])}\nlabel: {plain(label[r])}\n")
    t, p = label.ravel(), called.ravel()
    names = list(range(classes))
    for name, score in (("dice", f1_score), ("iou", jaccard_score)):
        out.write(f"{name}: {exact(score(t, p, labels=names, average=None, zero_division=0))}\n")
    mean = lambda score: score(t, p, labels=[1] if units == 1 else names, average="macro", zero_division=0)
    out.write(f"mean: {exact([mean(f1_score), mean(jaccard_score)])}\naccuracy: {exact(accuracy_score(t, p))}\n")
