"""Writes tests/reference/folds.txt: the sizes of the folds of scikit-learn's StratifiedKFold and KFold, for
tests/unit/test_data_split.c.

    build/venv/bin/python tests/reference/folds.py

A case: "FOLDS CLASSES SAMPLES" (0 classes: not stratified), the labels, then for each fold how many samples of each class its
test set has. Classes first appear in the order of their numbers.
"""
import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

random = np.random.default_rng(3)
with open("tests/reference/folds.txt", "w") as out:
    for case in range(20):
        classes, folds = [0, 2, 3, 5][case % 4], int(random.integers(2, 11))
        count = int(random.integers(60, 301))
        labels = random.choice(max(classes, 1), count, p=random.dirichlet([9] * max(classes, 1)))
        labels[: max(classes, 1)] = np.arange(max(classes, 1))
        maker = StratifiedKFold if classes else KFold
        out.write(f"{folds} {classes} {count}\n{' '.join(map(str, labels))}\n")
        for _, test in maker(folds, shuffle=True, random_state=1).split(np.zeros(count), labels):
            out.write(" ".join(str(n) for n in np.bincount(labels[test], minlength=max(classes, 1))) + "\n")
