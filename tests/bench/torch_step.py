"""Times the training step of one network in PyTorch: torch_step.py NETWORK MODE STEPS THREADS. Prints JSON.

MODE: plain | plain_brief | channels_last | compiled (channels_last as well). A step is: gradients cleared, forward, loss, backward, Adam.
"""
import json
import statistics
import sys
import time

import torch

from networks import NETWORKS, adam


def prepared(network, mode):
    model = network.make()
    x, y = network.batch()
    if not mode.startswith("plain") and x.dim() == 4:
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    return network.training_step(torch.compile(model) if mode == "compiled" else model, x, y, adam(model))


def main(name, mode, steps, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    step = prepared(NETWORKS[name], mode)
    for _ in range(max(2, steps // 10)):
        step()
    times = []
    for _ in range(steps):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    print(json.dumps(dict(median_ms=statistics.median(times), min_ms=min(times), version=torch.__version__)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
