#!/usr/bin/env python3
"""Checks `nnc --schema` as an editor would use it: every spec of the project is valid, and slips of the finger are not.

    tests/reference/schema.py [NNC]      from the root of the repository; needs jsonschema and PyYAML
"""
import copy
import glob
import json
import subprocess
import sys

import jsonschema
import yaml

nnc = sys.argv[1] if len(sys.argv) > 1 else "build/nnc"
schema = json.loads(subprocess.run([nnc, "--schema"], check=True, capture_output=True, text=True).stdout)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failed = 0

specs = sorted(glob.glob("specs/*.yaml") + glob.glob("tests/cli/*.yaml") + glob.glob("tests/reference/cases/*.yaml"))
for path in specs:
    with open(path, encoding="utf-8") as file:
        for error in validator.iter_errors(yaml.safe_load(file)):
            failed += 1
            print(f"{path}: {'.'.join(map(str, error.path))}: {error.message[:200]}")

GOOD = yaml.safe_load("""
name: good
data: {source: {type: idx, rescale: 1/255}, train: {images: a, labels: b}}
model:
  input: [28, 28, 1]
  layers:
    - Conv2D: {filters: 8, kernel_size: 3, activation: relu}
    - Flatten:
    - Dense(10, activation=softmax)
train: {loss: sparse_categorical_crossentropy, optimizer: {Adam: {learning_rate: 1e-3}}, metrics: [accuracy], epochs: 2}
""")
WRONG = {
    "a section": lambda s: s.update(modle={}),
    "a key of data": lambda s: s["data"]["source"].update(target_sise=[8, 8]),
    "a type of data": lambda s: s["data"]["source"].update(type="folder"),
    "a key of train": lambda s: s["train"].update(epoch=3),
    "a number out of its range": lambda s: s["train"].update(epochs=0),
    "an argument of a layer": lambda s: s["model"]["layers"][0]["Conv2D"].update(filter=8),
    "a word of a layer": lambda s: s["model"]["layers"][0]["Conv2D"].update(padding="full"),
    "an argument of an optimizer": lambda s: s["train"]["optimizer"]["Adam"].update(lr=1),
    "a key of the model": lambda s: s["model"].update(layer=[]),
    "no list": lambda s: s["model"].update(layers=3),
}
if not validator.is_valid(GOOD):
    failed += 1
    print("the good spec is refused:", [e.message for e in validator.iter_errors(GOOD)])
for what, change in WRONG.items():
    spec = copy.deepcopy(GOOD)
    change(spec)
    if validator.is_valid(spec):
        failed += 1
        print(f"{what}: not refused")
print(f"{len(specs)} specs and {len(WRONG)} mistakes, {failed} failed")
sys.exit(failed > 0)
