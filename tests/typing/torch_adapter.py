"""What an editor knows of a PyTorch user's program. Checked by pyright, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from pathlib import Path
from types import SimpleNamespace
from typing import Any, assert_type

import numpy as np
import torch
from torch.optim.lr_scheduler import LRScheduler

import hypercycle as hc
from hypercycle.driving.objects import ObjectCycler
from hypercycle_torch import OptimizerCycler, OptimizerFollower, range_test

model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.5))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
events: list[tuple[str, int, int]] = []
lr = hc.Cycle(low=1e-4, high=1e-2, step_size_up=2000, waveform="hann", scale=hc.Halving())
momentum = lr.opposite(low=0.85, high=0.95)
assert_type(momentum, hc.Cycle)

# Schedules are functions of the step.
at_one_step: float = lr(0)
at_many_steps: np.ndarray[Any, Any] = lr(np.arange(10))
assert_type(lr.period, int)
assert_type(lr.is_cycle_end(4000), bool)

# An optimizer's cycler is an LRScheduler.
cycler = hc.attach(optimizer, lr=lr, momentum=momentum, weight_decay=1e-4)
assert_type(cycler, OptimizerCycler)
scheduler: LRScheduler = cycler
cycler.step()
assert_type(cycler.last_epoch, int)
assert_type(cycler.get_last_lr(), list[float])
assert_type(cycler.values, dict[str, Any])
assert_type(cycler.state_dict(), dict[str, Any])
cycler.load_state_dict(cycler.state_dict())
cycler.load_state_dict(cycler.state_dict(), on_mismatch="current")
assert_type(cycler.plan, hc.Plan)

# Whole plans, groups, functions, options.
assert_type(hc.attach(optimizer, hc.one_cycle(1e-3, total_steps=100)), OptimizerCycler)
assert_type(hc.attach(optimizer, {"lr": lr, "betas[0]": 0.9}), OptimizerCycler)
assert_type(hc.attach(optimizer, "plan.toml"), OptimizerCycler)
assert_type(hc.attach(optimizer, Path("plan.toml"), eps=1e-8), OptimizerCycler)
lr_data = {"low": 1e-4, "high": 1e-2, "step_size_up": "2ep"}
assert_type(hc.attach(optimizer, {"lr": lr_data, "momentum": 0.9}), OptimizerCycler)
plan = hc.Plan.from_dict({"lr": lr_data}).override({"lr.high": 0.1, "lr.waveform": "hann"})
assert_type(plan.flat(), dict[str, str | float])
assert_type(hc.attach(optimizer, plan.to_dict()), OptimizerCycler)
assert_type(hc.attach(optimizer, lr=hc.Groups({0: lr, "head": None})), OptimizerCycler)
assert_type(hc.attach(optimizer, lr=lambda step: 0.1 / (1 + step)), OptimizerCycler)
assert_type(
    hc.attach(
        optimizer,
        lr=hc.Cycle(1e-4, 1e-2, "4ep"),
        steps_per_epoch=100,
        start_step=10,
        relative=True,
        on_mismatch="saved",
        on_event=lambda name, cycle, step: events.append((name, cycle, step)),
        events_of="lr",
    ),
    OptimizerCycler,
)

# The optimizer's own steps count.
follower = hc.attach(optimizer, lr=lr, advance="optimizer")
assert_type(follower, OptimizerFollower)
follower.detach()

# Other objects.
dropout = hc.attach(model[1], p=hc.Cycle(0.1, 0.3, 2000))
assert_type(dropout, ObjectCycler)
dropout.step()
assert_type(dropout.values, dict[str, Any])
anything = hc.attach(SimpleNamespace(p=0.5), p=hc.Ramp(0.1, 0.3, 2000))
anything.step()


# Range tests.
def loss(model: torch.nn.Sequential, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return torch.nn.functional.mse_loss(model(batch[0]), batch[1])


def size(model: torch.nn.Sequential) -> float:
    return float(len(model))


batches = [(torch.ones(1, 2), torch.ones(1, 2))]
test = range_test(model, optimizer, loss, batches, metrics={"size": size}, restore=[cycler])
assert_type(test, hc.RangeTest)

# What is wrong is seen before it is run.
range_test(model, optimizer, loss, batches, spacing="log")  # pyright: ignore[reportArgumentType]
hc.attach(optimizer, lr=lr, advance="always")  # pyright: ignore[reportCallIssue, reportArgumentType]
hc.attach(optimizer, lr=lr, on_mismatch="ignore")  # pyright: ignore[reportCallIssue, reportArgumentType]
hc.attach(optimizer, lr="fast")  # pyright: ignore[reportCallIssue, reportArgumentType]
hc.Cycle(1e-4, 1e-2)  # pyright: ignore[reportCallIssue]
