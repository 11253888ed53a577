"""The networks of specs/chest_xray.yaml, specs/mnist.yaml and specs/breast_cancer.yaml in PyTorch, and their training step."""
import torch
from torch import nn

BATCH = dict(chest_xray=32, mnist=32, breast_cancer=32)
INPUT = dict(chest_xray=(1, 224, 224), mnist=(1, 28, 28), breast_cancer=(9,))
CLASSES = dict(chest_xray=1, mnist=10, breast_cancer=1)


def chest_xray(dropout=0.5):
    layers, channels = [], 1
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(86528, 512), nn.ReLU(), nn.Dropout(dropout), nn.Linear(512, 1))


def mnist(dropout=0.3):
    layers = [nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, 10))


def breast_cancer():
    return nn.Sequential(nn.Linear(9, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))


MAKERS = dict(chest_xray=chest_xray, mnist=mnist, breast_cancer=breast_cancer)


def random_batch(name, seed=1):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand((BATCH[name], *INPUT[name]), generator=generator)
    if CLASSES[name] > 1:
        return x, torch.randint(0, CLASSES[name], (BATCH[name],), generator=generator)
    return x, torch.randint(0, 2, (BATCH[name], 1), generator=generator).float()


def adam(model):
    """PyTorch's fastest Adam on a CPU: one pass over each tensor, where this version has it."""
    try:
        return torch.optim.Adam(model.parameters(), eps=1e-7, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(model.parameters(), eps=1e-7)


def training_step(name, model, x, y, optimizer):
    loss_function = nn.CrossEntropyLoss() if CLASSES[name] > 1 else nn.BCEWithLogitsLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step
