"""Alternates our training step and PyTorch's, in one run, and writes RESULTS.md.

Input: generated/chest_xray, generated/mnist, generated/breast_cancer, and a Python that has torch. Output: RESULTS.md beside
this file. Invariant: the two never run at the same time, and take turns, so that a busy machine slows both.
"""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# network: (our steps a turn, PyTorch's steps a turn)
STEPS = dict(chest_xray=(5, 3), mnist=(200, 50), breast_cancer=(3000, 300))
TITLES = dict(
    chest_xray="the chest X-ray network, 224x224x1, batch 32",
    mnist="LeNet, 28x28x1, batch 32",
    breast_cancer="MLP 9-64-32-1, batch 32",
)
MODES = ("plain", "channels_last", "compiled")


def ours(name, threads):
    command = [f"generated/{name}", "bench", "--json", "--steps", str(STEPS[name][0]), "--threads", str(threads)]
    programs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return next(program for program in programs if program["program"] == "train")


def theirs(python, name, mode, threads):
    command = [python, os.path.join(HERE, "torch_step.py"), name, mode, str(STEPS[name][1]), str(threads)]
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"  PyTorch, {mode}: does not run here ({reason})", flush=True)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def best_mode(pythons, name, threads):
    """The fastest of every installed PyTorch in every mode."""
    times = {}
    for python in pythons:
        for mode in MODES:
            time = theirs(python, name, mode, threads)
            if time:
                times[python, mode] = time["median_ms"]
                print(f"  PyTorch {time['version']}, {mode}: {time['median_ms']:.3f} ms", flush=True)
    return min(times, key=times.get)


def measure(pythons, name, rounds, threads):
    print(TITLES[name], flush=True)
    python, mode = best_mode(pythons, name, threads)
    mine, other = [], []
    for turn in range(rounds):
        mine.append(ours(name, threads))
        other.append(theirs(python, name, mode, threads))
        print(f"  turn {turn + 1}: ours {mine[-1]['median_ms']:.3f} ms, PyTorch {other[-1]['median_ms']:.3f} ms", flush=True)
    row = dict(title=TITLES[name], mode=mode, version=other[0]["version"])
    for key, turns in (("ours", mine), ("torch", other)):
        row[key + "_median"] = statistics.median(turn["median_ms"] for turn in turns)
        row[key + "_min"] = min(turn["min_ms"] for turn in turns)
    return row


def shown(milliseconds):
    return f"{milliseconds * 1e3:.1f} µs" if milliseconds < 1 else f"{milliseconds:.3g} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"


def processor():
    with open("/proc/cpuinfo") as file:
        lines = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    vectors = next((name for name in ("avx512f", "avx2") if name in fields.get("flags", "").split()), "no AVX2")
    return f"{fields.get('model name', 'unknown')}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}, {vectors}"


def report(rows, rounds, threads):
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    lines = [
        "# A training step: forward, backward, Adam",
        "",
        f"{datetime.date.today()}, {threads} threads of {processor()}; {compiler}.",
        f"Medians of {rounds} turns, ours and PyTorch's alternating; minima in parentheses. Made by `make bench`.",
        "",
        "| network | PyTorch | its best version and mode | ours | ratio of medians | of minima |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['title']} | {shown(row['torch_median'])} ({shown(row['torch_min'])}) | {row['version']}, {row['mode'].replace('_', ' ')} | "
            f"{shown(row['ours_median'])} ({shown(row['ours_min'])}) | {row['torch_median'] / row['ours_median']:.2f} | "
            f"{row['torch_min'] / row['ours_min']:.2f} |"
        )
    lines += ["", "Each PyTorch that is installed runs with its fused Adam (if it has one): plain, channels last, and channels"]
    lines += ["last with torch.compile; the fastest of a first turn is kept. A ratio above 1 means that ours is faster.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", action="append", help="a Python that has torch; may be given several times")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", action="append", choices=list(STEPS))
    options = parser.parse_args()
    rows = [measure(options.python or [sys.executable], name, options.rounds, options.threads) for name in options.only or STEPS]
    text = report(rows, options.rounds, options.threads)
    print("\n" + text)
    if not options.only:
        with open(os.path.join(HERE, "RESULTS.md"), "w") as file:
            file.write(text)
    return any(row["ours_median"] > row["torch_median"] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
