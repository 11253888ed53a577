"""Alternates our training step and PyTorch's, in one run, and writes RESULTS.md: bench.py [options] [NETWORK ..]

Input: generated/NETWORK for the networks of networks.py, and a Python that has torch. Output: RESULTS.md beside this file, where the rows
of the networks that were measured are new. Invariant: the two never run at the same time, and take turns, so that a busy machine
slows both.
"""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys

from networks import NETWORKS

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(HERE, "RESULTS.md")
SYMBOLS = 2000  # generated one by one, a turn


def ours(name, threads, steps, wanted="train"):
    command = [f"generated/{name}", "bench", "--json", "--steps", str(steps), "--threads", str(threads)]
    programs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return next((program for program in programs if program["program"] == wanted), None)


def theirs(python, name, mode, threads):
    command = [python, os.path.join(HERE, "torch_step.py"), name, mode, str(NETWORKS[name].steps[1]), str(threads)]
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    if mode.endswith("_brief"):
        environment["GOMP_SPINCOUNT"] = "1000"
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
        for mode in NETWORKS[name].modes:
            time = theirs(python, name, mode, threads)
            if time:
                times[python, mode] = time["median_ms"]
                print(f"  PyTorch {time['version']}, {mode}: {time['median_ms']:.3f} ms", flush=True)
    return min(times, key=times.get)


def measure(pythons, name, rounds, threads):
    network = NETWORKS[name]
    print(network.title, flush=True)
    row = dict(name=name, load=os.getloadavg()[0])
    python, mode = best_mode(pythons, name, threads) if network.make else (None, None)
    mine, other = [], []
    for turn in range(rounds):
        mine.append(ours(name, threads, network.steps[0]))
        if python:
            other.append(theirs(python, name, mode, threads))
        shown_other = f", PyTorch {other[-1]['median_ms']:.3f} ms" if other else ""
        print(f"  turn {turn + 1}: ours {mine[-1]['median_ms']:.3f} ms{shown_other}", flush=True)
    if other:
        row["version"] = f"{other[0]['version']}, {mode.replace('_', ' ')}"
    for key, turns in (("ours", mine), ("torch", other)):
        if turns:
            row[key + "_median"] = statistics.median(turn["median_ms"] for turn in turns)
            row[key + "_min"] = min(turn["min_ms"] for turn in turns)
    symbol = network.cell and ours(name, 1, SYMBOLS, "generate")
    if symbol:
        row["symbol_median"], row["symbol_min"] = symbol["median_ms"], symbol["min_ms"]
    return row


def shown(milliseconds):
    return f"{milliseconds * 1e3:.1f} µs" if milliseconds < 1 else f"{milliseconds:.3g} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"


def pair(row, key):
    return f"{shown(row[key + '_median'])} ({shown(row[key + '_min'])})"


def processor():
    with open("/proc/cpuinfo") as file:
        lines = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    vectors = next((name for name in ("avx512f", "avx2") if name in fields.get("flags", "").split()), "no AVX2")
    return f"{fields.get('model name', 'unknown')}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}, {vectors}"


def where(rounds, threads, load):
    compiler = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    priority = f", niceness {nice}" if nice else ""
    return f"{datetime.date.today()}, {processor()}; gcc {compiler}; {threads} threads, {rounds} turns, load before {load:.1f}{priority}"


def compared(row, place):
    return (
        f"| {NETWORKS[row['name']].title} | {pair(row, 'torch')} | {row['version']} | {pair(row, 'ours')} | "
        f"{row['torch_median'] / row['ours_median']:.2f} | {row['torch_min'] / row['ours_min']:.2f} | {place} |"
    )


def per_product(row, place):
    """Multiply-adds of the cell, its gradients of data and of weights, for 64 steps of 32 samples."""
    network = NETWORKS[row["name"]]
    products = network.cell * 3 * 32 * network.input[0]
    symbol = pair(row, "symbol") if "symbol_median" in row else "not measured"
    picoseconds = [row[key] * 1e9 / products for key in ("ours_median", "ours_min")]
    return f"| {network.title} | {pair(row, 'ours')} | {picoseconds[0]:.1f} ({picoseconds[1]:.1f}) | {symbol} | {place} |"


TABLES = (
    ("| network | PyTorch | its best version and mode | ours | ratio of medians | of minima | when, where |", lambda row: "torch_median" in row, compared),
    ("| recurrent network | a training step | picoseconds a multiply-add of the cell | one generated symbol, 1 thread | when, where |",
     lambda row: NETWORKS[row["name"]].cell, per_product),
)


def kept(heading, lines):
    """The rows of a table as they were, by title."""
    if heading not in lines:
        return {}
    rows = {}
    for line in lines[lines.index(heading) + 2:]:
        if not line.startswith("|"):
            break
        rows[line.split("|")[1].strip()] = line
    return rows


def report(rows, rounds, threads):
    old = open(RESULTS).read().splitlines() if os.path.exists(RESULTS) else []
    lines = [
        "# A training step: forward, backward, Adam",
        "",
        "Medians of several turns, ours and PyTorch's alternating; minima in parentheses. Made by `make bench`; `NETWORKS=\"char_lstm mnist\"`",
        "measures these alone, so each row says when and where it was measured, and how busy the machine was with other work before.",
        "",
    ]
    for heading, fits, text in TABLES:
        table = kept(heading, old)
        for row in filter(fits, rows):
            table[NETWORKS[row["name"]].title] = text(row, where(rounds, threads, row["load"]))
        order = [network.title for network in NETWORKS.values() if network.title in table]
        lines += [heading, "|" + "---|" * (heading.count("|") - 1), *(table[title] for title in order), ""]
    lines += ["Each PyTorch that is installed runs with its fused Adam (if it has one): plain; plain, with threads that wait briefly for each other,"]
    lines += ["as ours do, which helps on a busy machine; channels last (images); and with torch.compile; the fastest of a first turn is kept. A ratio"]
    lines += ["above 1 means that ours is faster. A multiply-add is one of the cell's products with its input and its state, forwards or in either"]
    lines += ["gradient; the time is that of the whole step, so small cells bear more of the rest.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("networks", nargs="*", choices=[[], *NETWORKS])
    parser.add_argument("--python", action="append", help="a Python that has torch; may be given several times")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rows = [measure(options.python or [sys.executable], name, options.rounds, options.threads) for name in options.networks or NETWORKS]
    text = report(rows, options.rounds, options.threads)
    print("\n" + text)
    with open(RESULTS, "w") as file:
        file.write(text)
    return any(row["ours_median"] > row["torch_median"] for row in rows if "torch_median" in row)


if __name__ == "__main__":
    sys.exit(main())
