"""Writes tests/reference/callbacks.txt: what Keras's EarlyStopping and ModelCheckpoint decide for sequences of logs.

    build/venv/bin/pip install keras tensorflow-cpu && build/venv/bin/python tests/reference/callbacks.py

A line a case: mode min_delta patience baseline start_from_epoch | values .. | stopped_epoch (-1: never) best_epoch wait epochs
that save the best weights (as a string of 0 and 1, for save_best_only). tests/unit/test_train.c reads it.
"""
import os
os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras
import numpy as np

rng = np.random.default_rng(5)


class Model:
    stop_training = False
    metrics = []
    def get_weights(self): return 1
    def set_weights(self, w): pass
    def save(self, path, **_): self.saved = True


out = open("tests/reference/callbacks.txt", "w")
for case in range(120):
    mode = "min" if case % 2 else "max"
    delta, patience = float(rng.choice([0, 0, 0.05, 0.3])), int(rng.choice([0, 1, 2, 3, 5]))
    baseline = None if case % 3 else float(np.round(rng.random(), 2))
    start = int(rng.choice([0, 0, 2, 4]))
    values = np.round(np.abs(rng.normal(0.5, 0.3, 12)), int(rng.choice([1, 2, 6]))) * 1.0
    early = keras.callbacks.EarlyStopping("m", min_delta=delta, patience=patience, mode=mode, baseline=baseline, start_from_epoch=start,
                                          restore_best_weights=True)
    check = keras.callbacks.ModelCheckpoint("build/x.keras", monitor="m", mode=mode, save_best_only=True)
    model = Model()
    early.set_model(model), check.set_model(model)
    early.on_train_begin()
    saves, stopped, last = "", -1, 0
    for epoch, value in enumerate(values):
        # Keras compares in float32: sequences are exact in both
        value = float(np.float32(value))
        model.saved = False
        check.on_epoch_end(epoch, {"m": value})
        saves += str(int(model.saved))
        early.on_epoch_end(epoch, {"m": value})
        last = epoch
        if model.stop_training:
            stopped = epoch
            break
    f = lambda v: "nan" if v is None else repr(float(np.float32(v)))
    out.write(f"{1 if mode == 'max' else -1} {delta!r} {patience} {f(baseline)} {start} | {' '.join(f(v) for v in values)} | "
              f"{stopped} {early.best_epoch} {early.wait} {saves}\n")
