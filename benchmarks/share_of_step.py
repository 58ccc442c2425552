"""What our step is of a training step: of ``optimizer.step()``, and of all of it, in PyTorch.

``python benchmarks/share_of_step.py [--quick | --brief] [--write docs/benchmarks.md]``

A step in a loop of nothing else, as the other benchmarks have it, finds all it needs in the caches
of the processor. Here it is timed where a user has it, between two steps of a model.
"""

from __future__ import annotations

import copy
import gc
import statistics
import textwrap
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from timing import QUICK, WIDTH, Effort, arguments, machine, number, report, section, table
from torch import nn
from torch.optim.lr_scheduler import CyclicLR

import hypercycle as hc
from hypercycle.driving.tracks import BLOCK_STEPS

LOW, HIGH, LEAST, MOST, HALF = 0.0001, 0.0006, 0.85, 0.95, 2000
OURS, PEER = "ours", "CyclicLR"
# What a step of theirs is compared with, by the table's title.
WHOLES = {"training": "Share of a training step", "update": "Share of optimizer.step()"}

Optimizer = torch.optim.Optimizer


@dataclass(frozen=True)
class Task:
    """A model, a batch, and how many training steps make a turn."""

    label: str
    model: nn.Module
    inputs: torch.Tensor
    labels: torch.Tensor
    steps: int


class Transformer(nn.Module):
    """Two layers of 128 numbers, over tokens; what follows is one of as many tokens."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 256, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(128, tokens)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        """Return logits, with the tokens in the middle, as the loss wants them."""
        return self.out(self.layers(self.embedding(text))).transpose(1, 2)


def mlp() -> Task:
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    return Task("MLP", model, torch.randn(32, 64), torch.randint(10, (32,)), steps=50)


def cnn() -> Task:
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(4096, 10),
    )  # fmt: skip
    return Task("CNN", model, torch.randn(32, 3, 32, 32), torch.randint(10, (32,)), steps=3)


def transformer() -> Task:
    text = torch.randint(256, (16, 64))
    return Task("transformer", Transformer(256), text, text.roll(-1, dims=1), steps=3)


TASKS = (mlp, cnn, transformer)
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD": partial(torch.optim.SGD, lr=LOW, momentum=MOST),
    "AdamW": partial(torch.optim.AdamW, lr=LOW),
    "AdamW, fused": partial(torch.optim.AdamW, lr=LOW, fused=True),
}


def ours(optimizer: Optimizer) -> Callable[[], Any]:
    lr = hc.Cycle(LOW, HIGH, HALF)
    return hc.attach(optimizer, lr=lr, momentum=lr.opposite(LEAST, MOST)).step


def cyclic_lr(optimizer: Optimizer) -> Callable[[], Any]:
    return CyclicLR(optimizer, LOW, HIGH, HALF, base_momentum=LEAST, max_momentum=MOST).step


SCHEDULES = {OURS: ours, PEER: cyclic_lr}


@dataclass(frozen=True)
class Parts:
    """Nanoseconds of a training step, the schedules' and optimizer.step()'s; of a turn's median."""

    schedules: float
    update: float
    training: float


def training(
    task: Task, optimizer: Optimizer, schedule: Callable[[], Any], steps: int
) -> Callable[[], Parts]:
    """Return what trains for a turn, and looks at the clock around each part of a step.

    The median over the steps has nothing of what disturbs one of them.
    """
    clock = time.thread_time_ns

    def turn() -> Parts:
        marks = []
        for _ in range(steps):
            begin = clock()
            optimizer.zero_grad()
            nn.functional.cross_entropy(task.model(task.inputs), task.labels).backward()
            ready = clock()
            optimizer.step()
            updated = clock()
            schedule()
            done = clock()
            marks.append((begin, ready, updated, done, clock()))
        looking = statistics.median(after - done for *_, done, after in marks)
        schedules = statistics.median(done - updated for *_, updated, done, _ in marks)
        return Parts(
            max(schedules - looking, 0.0),  # of a few steps, looking may have taken longer
            statistics.median(updated - ready for _, ready, updated, *_ in marks) - looking,
            statistics.median(done - begin for begin, *_, done, _ in marks) - 3 * looking,
        )

    return turn


def measured(
    task: Task, optimizer_of: Callable[..., Optimizer], effort: Effort
) -> dict[str, list[Parts]]:
    """Train with ours and with PyTorch's in turns, a round of them that does not count first."""
    turns = {}
    for label, attach in SCHEDULES.items():
        own = replace(task, model=copy.deepcopy(task.model))
        optimizer = optimizer_of(own.model.parameters())
        schedule = attach(optimizer)
        for _ in range(BLOCK_STEPS):  # ours computes the values of its first steps in small blocks
            schedule()
        steps = task.steps if effort is not QUICK else 2
        turns[label] = training(own, optimizer, schedule, steps)
    parts: dict[str, list[Parts]] = {label: [] for label in turns}
    for turn in turns.values():
        turn()
    for _ in range(effort.rounds):
        for label, turn in turns.items():
            gc.collect()
            parts[label].append(turn())
    return parts


def percent(parts: list[Parts], whole: str) -> str:
    return number(statistics.median(100 * one.schedules / getattr(one, whole) for one in parts))


def compare(effort: Effort) -> list[str]:
    """Return the sentence and the sections."""
    rows: dict[str, list[list[str]]] = {whole: [] for whole in WHOLES}
    for make in TASKS:
        task = make()
        for name, optimizer_of in OPTIMIZERS.items():
            parts = measured(task, optimizer_of, effort)
            for whole, lines in rows.items():
                taken = statistics.median(getattr(one, whole) for one in parts[OURS])
                shares = [percent(parts[label], whole) for label in SCHEDULES]
                lines.append([f"{task.label}, {name}", number(taken / 1e6), *shares])
    texts = {
        "training": (
            "A step of lr and momentum (AdamW's β₁), one parameter group, in percent of a whole "
            "training step: forward, backward, optimizer.step(), schedules."
        ),
        "update": "The same in percent of optimizer.step().",
    }
    heads = ["%", "ms", *SCHEDULES]
    sections = [
        section(title, texts[whole], table(heads, rows[whole])) for whole, title in WHOLES.items()
    ]
    return [sentence(rows), *sections]


def sentence(rows: dict[str, list[list[str]]]) -> str:
    """Say in two sentences what the tables say in many numbers."""

    def between(whole: str, column: int) -> str:
        cells = sorted((line[column] for line in rows[whole]), key=float)
        return f"{cells[0]} to {cells[-1]} %"

    text = (
        f"In PyTorch, schedules of ours for lr and momentum take {between('training', 2)} of a "
        f"training step, and {between('update', 2)} of what optimizer.step() takes. With CyclicLR "
        f"it is {between('training', 3)} and {between('update', 3)}."
    )
    return textwrap.fill(text, WIDTH) + "\n"


def main() -> None:
    effort, document = arguments("Our step as a share of a training step in PyTorch.")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")  # schedules are stepped before the optimizer is
    first, *rest = compare(effort)
    told = machine("hypercycle", "numpy", "torch") + "\n"
    report("share_of_step.py, in short", [first], document)
    report("share_of_step.py", [told, *rest], document)


if __name__ == "__main__":
    main()
