"""What the tests of trainers share: a small task, a plan, and what each update is made with."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import hypercycle as hc

LR = hc.Cycle(1e-3, 1e-2, 7)
PLAN = hc.Plan(
    lr=LR, momentum=LR.opposite(0.85, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 5, waveform="hann")
)
OTHER_PLAN = hc.Plan(**{**PLAN, "lr": hc.Cycle(1e-3, 2e-2, 7)})
BATCHES = 20


def digits():
    """Return 320 images of digits, and which digits they are."""
    images, labels = load_digits(return_X_y=True)
    return torch.from_numpy(images).float()[:320] / 16, torch.from_numpy(labels)[:320]


def loader():
    """Return the digits in 20 batches."""
    return DataLoader(TensorDataset(*digits()), batch_size=16)


def network():
    """Return a small network, the same each time."""
    torch.manual_seed(0)
    return nn.Linear(64, 10)


def adamw(module):
    """Return an optimizer whose own values are none of the plan's."""
    return torch.optim.AdamW(module.parameters(), lr=1.0)


def watch(optimizer):
    """Return a list that grows by the values of each update, as the optimizer reads them."""
    used = []

    def note(optimizer, *_):
        group = optimizer.param_groups[0]
        values = {"lr": group["lr"], "momentum": group["betas"][0]}
        used.append(values | {"weight_decay": group["weight_decay"]})

    optimizer.register_step_pre_hook(note)
    return used


def of_steps(first, last, plan=PLAN):
    """Return what the updates from one step to before another are to be made with."""
    return [dict(plan(step)) for step in range(first, last)]
