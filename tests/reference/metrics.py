"""Writes tests/reference/metrics.txt: what scikit-learn and numpy compute and print for random predictions.

    python3 -m venv build/venv && build/venv/bin/pip install scikit-learn && build/venv/bin/python tests/reference/metrics.py

tests/unit/test_metrics.c reads it. A file of cases; each is lines "key: values", texts are "key= N" and N lines.
"""
import json, warnings
import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")
rng = np.random.default_rng(20261123)
out = open("tests/reference/metrics.txt", "w", encoding="utf-8")
hexed = lambda a: " ".join(float(v).hex() for v in np.ravel(a))
plain = lambda a: " ".join(str(int(v)) for v in np.ravel(a))
line = lambda key, value: out.write(f"{key}: {value}\n")


def text(key, value):
    lines = value.split("\n")
    out.write(f"{key}= {len(lines)}\n" + "".join(l + "\n" for l in lines))


NAMES = [["NORMAL", "PNEUMONIA"], ["a", "a longer name than weighted avg"], ["Müdigkeit", "été", "日本語のクラス名です長い長い"]]


def names_for(k, case):
    for names in NAMES:
        if len(names) == k and case % 3: return names
    return [f"class {i}" for i in range(k)] if case % 2 else [str(i) for i in range(k)]


def scores_of(d, keys=("precision", "recall", "f1-score", "support")):
    return hexed([d[k] for k in keys])


for case in range(80):
    k = int(rng.choice([2, 2, 3, 3, 4, 7, 9, 10, 13, 20, 31, 40, 130])) if case < 70 else [8, 16, 129, 300, 12][case % 5]
    n = int(rng.choice([1, 2, 5, 8, 40, 97, 300])) if k < 100 else 700
    seen = rng.choice(k, size=max(1, int(k * rng.uniform(0.4, 1))), replace=False) if case % 3 == 0 else np.arange(k)
    t = rng.choice(seen, size=n)
    p = np.where(rng.random(n) < rng.uniform(0.2, 1), t, rng.integers(0, k, n))
    if case % 7 == 0: p[p == 0] = k - 1
    digits = int(rng.choice([2, 2, 2, 3, 4, 7, 15]))
    names = names_for(k, case)
    labels = list(range(k))
    line("case", "classes"), line("classes", k), line("digits", digits), line("truth", plain(t)), line("predicted", plain(p))
    for name in names: line("name", name)
    text("report", m.classification_report(t, p, labels=labels, target_names=names, digits=digits))
    d = m.classification_report(t, p, labels=labels, target_names=[f"c{i}" for i in labels], output_dict=True)
    for i in labels if k < 10 else []: line("class", scores_of(d[f"c{i}"]))
    line("accuracy", hexed([d["accuracy"]])), line("macro", scores_of(d["macro avg"])), line("weighted", scores_of(d["weighted avg"]))
    text("confusion", str(m.confusion_matrix(t, p, labels=labels)))
    line("end", "")

for case in range(30):
    k, n = int(rng.choice([2, 3, 5, 12])), int(rng.choice([1, 4, 30]))
    t, p = (rng.random((n, k)) < rng.uniform(0.05, 0.7)).astype(int), (rng.random((n, k)) < rng.uniform(0.05, 0.7)).astype(int)
    names = names_for(k, case)
    line("case", "multilabel"), line("classes", k), line("digits", 2), line("truth", plain(t)), line("predicted", plain(p))
    for name in names: line("name", name)
    text("report", m.classification_report(t, p, target_names=names))
    line("end", "")

for case in range(30):
    n = int(rng.choice([2, 3, 10, 60, 150]))
    t = rng.integers(0, 2, n)
    t[:2] = [0, 1]
    s = np.clip(rng.normal(0.5 + 0.2 * (t - 0.5), 0.3), 0, 1)
    if case % 2: s = np.round(s, int(rng.integers(0, 3)))
    line("case", "scores"), line("truth", plain(t)), line("scores", hexed(s)), line("auc", hexed([m.roc_auc_score(t, s)]))
    line("logloss", hexed([m.log_loss(t, s, labels=[0, 1])]))
    fpr, tpr, _ = m.roc_curve(t, s)
    line("fpr", hexed(fpr)), line("tpr", hexed(tpr)), line("end", "")

for case in range(20):
    k, n = int(rng.choice([3, 4, 10])), int(rng.choice([30, 60]))
    t = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    s = rng.random((n, k)) ** 2 + 2 * rng.uniform(0, 1) * np.eye(k)[t]
    if case % 2: s = np.round(s, 1) + 1e-3
    s /= s.sum(1, keepdims=True)
    line("case", "ovr"), line("classes", k), line("truth", plain(t)), line("scores", hexed(s))
    line("auc", hexed([m.roc_auc_score(t, s, multi_class="ovr")])), line("logloss", hexed([m.log_loss(t, s)])), line("end", "")

for case in range(20):
    n, k = int(rng.choice([2, 10, 100])), int(rng.choice([1, 1, 3]))
    t = rng.normal(size=(n, k)) * 10 + 100
    p = t + rng.normal(size=(n, k)) * rng.choice([0, 1, 30])
    if case % 5 == 0: t[:] = 3
    line("case", "regression"), line("outputs", k), line("truth", hexed(t)), line("predicted", hexed(p))
    line("mae", hexed([m.mean_absolute_error(t, p)])), line("mse", hexed([m.mean_squared_error(t, p)]))
    line("r2", hexed([m.r2_score(t, p)])), line("end", "")
out.close()
