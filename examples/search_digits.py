"""What the searches for a plan share: a training on digits that is measured where cycles end.

A trial is stopped early only there: in mid-cycle the learning rate is high and the accuracy low,
for one trial more than for another. Each length of a cycle divides STEPS, so that every training
ends where a cycle does.
"""

from collections.abc import Iterator
from typing import Any

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import hypercycle as hc

STEPS = 320
BATCH_SIZE = 32
# What is searched: the upper bound and the lower one as a part of it, half a cycle, the waveform.
HIGHS = (0.01, 1.0)
PARTS = (0.01, 0.5)
STEP_SIZES = (10, 20, 40, 80)
WAVEFORMS = ("triangular", "hann", "welch")
# Steps after which trials are compared, at the first end of a cycle from there on.
FIRST_RUNG, RUNG_FACTOR = 40, 2


def plan_of(high: float, part: float, step_size: int, waveform: str) -> hc.Plan:
    """Return the plan of a trial."""
    lr = hc.Cycle(part * high, high, step_size, waveform=waveform)
    return hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95))


def accuracies(plan: hc.Plan) -> Iterator[tuple[int, float]]:
    """Train a small network and yield (step, accuracy on validation images) at each cycle's end."""
    torch.manual_seed(0)
    images, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
    parts: list[Any] = train_test_split(
        images.float() / 16, digits, test_size=0.3, stratify=digits, random_state=0
    )
    images, validation_images, digits, validation_digits = parts
    network = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(network.parameters(), momentum=0.9)
    cycler = hc.attach(optimizer, plan, total_steps=STEPS)
    for step in range(1, STEPS + 1):
        rows = torch.randint(len(images), (BATCH_SIZE,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images[rows]), digits[rows]).backward()
        optimizer.step()
        cycler.step()
        if cycler.plan["lr"].is_cycle_end(step):
            with torch.no_grad():
                right = network(validation_images).argmax(1) == validation_digits
            yield step, right.double().mean().item()
