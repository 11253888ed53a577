"""The networks of `make bench`: their specs, the same in PyTorch, and PyTorch's training step."""
from dataclasses import dataclass
from typing import Callable, Optional

import torch
from torch import nn


class Classifier(nn.Sequential):
    """Layers in a row. `weights` yields a tensor of PyTorch, and our numbers of it as PyTorch has them."""

    def weights(self, tensors):
        channels, counts = None, {}
        for layer in self:
            if not isinstance(layer, (nn.Conv2d, nn.Linear)):
                continue
            kind = "conv2d" if isinstance(layer, nn.Conv2d) else "dense"
            count = counts[kind] = counts.get(kind, -1) + 1
            name = f"{kind}_{count}" if count else kind
            kernel = tensors[name + "/kernel"]
            if kind == "conv2d":  # (kh, kw, in, out)
                kernel, channels = kernel.permute(3, 2, 0, 1), kernel.shape[3]
            else:  # a dense kernel behind Flatten counts height, width, channels
                if channels:
                    places = kernel.shape[0] // channels
                    kernel = kernel.reshape(places, channels, -1).permute(1, 0, 2).reshape(kernel.shape)
                kernel, channels = kernel.T, None
            yield layer.weight, kernel
            yield layer.bias, tensors[name + "/bias"]


class Characters(nn.Module):
    """Embedding, a recurrent layer, a dense layer for every character. LSTM and RNN of PyTorch have two biases where Keras has one: the
    second is 0 and stays so."""

    def __init__(self, kind, vocabulary=67, width=64, hidden=128):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.recurrent = kind(width, hidden)
        self.dense = nn.Linear(hidden, vocabulary)
        if kind is not nn.GRU:
            self.recurrent.bias_hh_l0.data.zero_()
            self.recurrent.bias_hh_l0.requires_grad_(False)

    def forward(self, x):  # [time, batch]
        return self.dense(self.recurrent(self.embedding(x))[0])

    def weights(self, tensors):
        cell = next(name for name in tensors if name.endswith("/recurrent_kernel")).rsplit("/", 1)[0]
        kernel, carried, bias = (tensors[f"{cell}/{name}"] for name in ("kernel", "recurrent_kernel", "bias"))
        if isinstance(self.recurrent, nn.GRU):  # gates z, r, h; PyTorch's are r, z, n
            kernel, carried, bias = (torch.cat([w.chunk(3, -1)[i] for i in (1, 0, 2)], -1) for w in (kernel, carried, bias))
            yield self.recurrent.bias_hh_l0, bias[1]
            bias = bias[0]
        yield self.embedding.weight, tensors["embedding/embeddings"]
        yield self.recurrent.weight_ih_l0, kernel.T
        yield self.recurrent.weight_hh_l0, carried.T
        yield self.recurrent.bias_ih_l0, bias
        yield self.dense.weight, tensors["dense/kernel"].T
        yield self.dense.bias, tensors["dense/bias"]


def chest_xray(dropout=0.5):
    layers, channels = [], 1
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return Classifier(*layers, nn.Flatten(), nn.Linear(86528, 512), nn.ReLU(), nn.Dropout(dropout), nn.Linear(512, 1))


def mnist(dropout=0.3):
    layers = [nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2)]
    return Classifier(*layers, nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, 10))


def breast_cancer(dropout=0):
    return Classifier(nn.Linear(9, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))


@dataclass
class Network:
    title: str
    spec: str
    steps: tuple  # of a turn: ours, PyTorch's
    make: Optional[Callable]  # with dropout=0 where losses are compared; None: there is nothing like it in PyTorch
    input: tuple  # of a sample, channels first; (time,) for characters
    classes: int
    characters: bool = False
    modes: tuple = ("plain", "plain_brief", "channels_last", "compiled")
    cell: int = 0  # multiply-adds of a recurrent cell, a step and a sample

    def batch(self, seed=1, rows=32):
        generator = torch.Generator().manual_seed(seed)
        if self.characters:
            return tuple(torch.randint(0, self.classes, (*self.input, rows), generator=generator) for _ in range(2))
        x = torch.rand((rows, *self.input), generator=generator)
        if self.classes > 1:
            return x, torch.randint(0, self.classes, (rows,), generator=generator)
        return x, torch.randint(0, 2, (rows, 1), generator=generator).float()

    def given(self, x, y):
        """Our batch as PyTorch takes it."""
        if self.characters:
            return x.reshape(-1, *self.input).long().T.contiguous(), y.reshape(-1, *self.input).long().T.contiguous()
        channels, *size = self.input
        x = x if not size else x.reshape(-1, *size, channels).permute(0, 3, 1, 2)
        return x, y.reshape(-1).long() if self.classes > 1 else y.reshape(-1, 1)

    def training_step(self, model, x, y, optimizer):
        loss_function = nn.CrossEntropyLoss() if self.classes > 1 else nn.BCEWithLogitsLoss()

        def step():
            optimizer.zero_grad(set_to_none=True)
            z = model(x)
            loss = loss_function(z.flatten(0, 1), y.flatten()) if self.characters else loss_function(z, y)
            loss.backward()
            optimizer.step()
            return loss

        return step


def characters(title, spec, steps, kind, gates):
    make = kind and (lambda dropout=0: Characters(kind))
    return Network(title, f"tests/bench/{spec}.yaml", steps, make, (64,), 67, True, ("plain", "plain_brief", "compiled"), (64 + 128) * 128 * gates)


NETWORKS = dict(
    chest_xray=Network("the chest X-ray network, 224x224x1, batch 32", "specs/chest_xray.yaml", (5, 3), chest_xray, (1, 224, 224), 1),
    mnist=Network("LeNet, 28x28x1, batch 32", "specs/mnist.yaml", (200, 50), mnist, (1, 28, 28), 10),
    breast_cancer=Network("MLP 9-64-32-1, batch 32", "specs/breast_cancer.yaml", (3000, 300), breast_cancer, (9,), 1),
    char_lstm=characters("char LSTM, hidden 128, T = 64, batch 32", "char_lstm", (150, 20), nn.LSTM, 4),
    char_gru=characters("char GRU, hidden 128, T = 64, batch 32", "char_gru", (150, 20), nn.GRU, 3),
    char_tanh=characters("char tanh RNN, hidden 128, T = 64, batch 32", "char_tanh", (300, 30), nn.RNN, 1),
    char_mgu=characters("char MGU, a cell of the spec's own, hidden 128, T = 64, batch 32", "char_mgu", (150, 20), None, 2),
)


def adam(model):
    """PyTorch's fastest Adam on a CPU: one pass over each tensor, where this version has it."""
    parameters = [w for w in model.parameters() if w.requires_grad]
    try:
        return torch.optim.Adam(parameters, eps=1e-7, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(parameters, eps=1e-7)


if __name__ == "__main__":  # for the scripts: name, spec, classes, and is there a peer? of the networks that are named, or of all
    import sys

    for name in sys.argv[1:] or NETWORKS:
        if name not in NETWORKS:
            sys.exit(f"there is no network {name}; there are {', '.join(NETWORKS)}")
        network = NETWORKS[name]
        print(name, network.spec, network.classes, "compared" if network.make else "alone")
