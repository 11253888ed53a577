"""Repeats six training steps in PyTorch from the weights and the batch that agree.c wrote: agree.py NETWORK FILE.

Prints both rows of losses; exits 1 when they differ by more than a thousandth.
"""
import sys

import torch
from safetensors.torch import load_file

from networks import NETWORKS


class KerasAdam:
    """Keras folds the bias corrections into the rate and adds epsilon after: beside PyTorch's, its epsilon is 1/sqrt(1 - beta_2^t)
    as large, which shows where gradients are as small as here."""

    def __init__(self, parameters, rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.parameters, self.rate, self.beta_1, self.beta_2, self.epsilon = list(parameters), rate, beta_1, beta_2, epsilon
        self.m = [torch.zeros_like(w) for w in self.parameters]
        self.v = [torch.zeros_like(w) for w in self.parameters]
        self.steps = 0

    def zero_grad(self, set_to_none=True):
        for w in self.parameters:
            w.grad = None

    @torch.no_grad()
    def step(self):
        self.steps += 1
        rate = self.rate * (1 - self.beta_2**self.steps) ** 0.5 / (1 - self.beta_1**self.steps)
        for w, m, v in zip(self.parameters, self.m, self.v):
            m.lerp_(w.grad, 1 - self.beta_1)
            v.mul_(self.beta_2).addcmul_(w.grad, w.grad, value=1 - self.beta_2)
            w.addcdiv_(m, v.sqrt().add_(self.epsilon), value=-rate)


def main(name, path):
    torch.set_num_threads(2)
    network, tensors = NETWORKS[name], load_file(path)
    model = network.make(dropout=0)
    for weight, ours in model.weights(tensors):
        weight.data.copy_(ours)
    x, y = network.given(tensors["x"], tensors["y"])
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    step = network.training_step(model, x, y, KerasAdam(trained))
    theirs = [float(step().detach()) for _ in tensors["losses"]]
    ours = tensors["losses"].tolist()
    print(f"  {name}: ours    " + " ".join(f"{loss:.6f}" for loss in ours))
    print(f"  {name}: PyTorch " + " ".join(f"{loss:.6f}" for loss in theirs))
    worst = max(abs(a - b) / max(1, abs(b)) for a, b in zip(ours, theirs))
    print(f"  {name}: largest difference {worst:.1e}")
    return worst > 1e-3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
