"""What a step of one learning rate costs in PyTorch with each package that schedules one.

``python benchmarks/contenders.py [--quick | --brief] [--write docs/benchmarks.md]``

Packages that are not installed are left out; ``pip install -e ".[bench]"`` has them all.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import torch
from claims import timm_scheduler
from timing import (
    Contender,
    Effort,
    arguments,
    installed,
    machine,
    measure,
    number,
    report,
    section,
    table,
)
from torch.optim import lr_scheduler

import hypercycle as hc
from hypercycle.driving.tracks import BLOCK_STEPS

GROUP_COUNTS = (1, 10, 100)
HIGH, HALF = 0.006, 2000
# A decay that ends after everything was measured, and one that is stepped through to be checked.
LONG, CHECKED = 10**8, 200
REFERENCE = "CyclicLR, lr alone"

Optimizer = torch.optim.Optimizer
Step = Callable[[], Any]
Build = Callable[[Optimizer, int], Step]
"""Called with an optimizer and the steps of the decay; returns what makes a step."""


def cyclic_lr(optimizer: Optimizer, steps: int) -> Step:
    del steps
    return lr_scheduler.CyclicLR(optimizer, HIGH / 6, HIGH, HALF, cycle_momentum=False).step


def cosine_annealing(optimizer: Optimizer, steps: int) -> Step:
    return lr_scheduler.CosineAnnealingLR(optimizer, steps).step


def lambda_lr(optimizer: Optimizer, steps: int) -> Step:
    return lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * step / steps))
    ).step


def transformers(optimizer: Optimizer, steps: int) -> Step:
    from transformers import get_cosine_schedule_with_warmup

    return get_cosine_schedule_with_warmup(optimizer, 0, steps).step  # type: ignore[no-any-return]


def schedule_anything(optimizer: Optimizer, steps: int) -> Step:
    from torch_schedule_anything import arbitrary_schedule_factory

    return arbitrary_schedule_factory(  # type: ignore[no-any-return]
        optimizer,
        lambda proxy: lr_scheduler.CosineAnnealingLR(proxy, steps),
        schedule_target="lr",
    ).step


def any_schedule(optimizer: Optimizer, steps: int) -> Step:
    from anyschedule import AnySchedule

    config = {"lr": {"mode": "cosine", "end": steps}}
    return AnySchedule(optimizer, config=config).step  # type: ignore[no-any-return]


def mmengine(optimizer: Optimizer, steps: int) -> Step:
    from mmengine.optim import CosineAnnealingLR

    return CosineAnnealingLR(  # type: ignore[no-any-return]
        optimizer, T_max=steps, by_epoch=False
    ).step


def timm(optimizer: Optimizer, steps: int) -> Step:
    scheduler = timm_scheduler().CosineLRScheduler(optimizer, t_initial=steps, t_in_epochs=False)
    return counting(scheduler.step_update)


def ignite(optimizer: Optimizer, steps: int) -> Step:
    from ignite.handlers import CosineAnnealingScheduler

    # Its cycle is that long, and begins anew: nobody gets there.
    lr = CosineAnnealingScheduler(optimizer, "lr", HIGH, 0.0, steps)
    lr(None)  # its first call gives the value of step 0
    return lambda: lr(None)


def fvcore(optimizer: Optimizer, steps: int) -> Step:
    from fvcore.common.param_scheduler import CosineParamScheduler

    lr = CosineParamScheduler(HIGH, 0.0)
    return assigning(optimizer, lambda step: lr(step / steps))


def lrsched(optimizer: Optimizer, steps: int) -> Step:
    from lrsched import cosine

    return assigning(optimizer, cosine(base_lr=HIGH, min_lr=0.0, total_steps=steps))


def floor(optimizer: Optimizer, steps: int) -> Step:
    del steps
    ready_made = itertools.cycle([0.001, 0.002]).__next__
    return assigning(optimizer, lambda _: ready_made())


def ours(optimizer: Optimizer, steps: int) -> Step:
    return hc.attach(optimizer, lr=hc.Ramp(HIGH, 0.0, steps, waveform="hann")).step


def assigning(optimizer: Optimizer, lr: Callable[[int], float]) -> Step:
    groups = optimizer.param_groups

    def assign(step: int) -> None:
        value = lr(step)
        for group in groups:
            group["lr"] = value

    return counting(assign)


def counting(act: Callable[[int], Any]) -> Step:
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        act(count)

    return step


PEERS: list[tuple[str, str, Build]] = [
    ("ignite", "ignite", ignite),
    ("fvcore", "fvcore + assigning", fvcore),
    ("lrsched", "lrsched + assigning", lrsched),
    ("timm", "timm", timm),
    ("mmengine", "MMEngine", mmengine),
    ("transformers", "Transformers, LambdaLR", transformers),
    ("anyschedule", "anyschedule", any_schedule),
    ("torch_schedule_anything", "torch-schedule-anything", schedule_anything),
]


def rows() -> dict[str, Build]:
    present = {label: build for package, label, build in PEERS if installed(package)}
    return {
        REFERENCE: cyclic_lr,
        "CosineAnnealingLR": cosine_annealing,
        "LambdaLR": lambda_lr,
        **present,
        "floats, assigned": floor,
        "ours": ours,
    }


def optimizer_with(groups: int) -> Optimizer:
    own = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)]
    return torch.optim.SGD(own, lr=HIGH)


def built(build: Build, optimizer: Optimizer, steps: int) -> Step:
    step = build(optimizer, steps)
    optimizer.step()  # or PyTorch's schedulers warn about the order
    return step


def agree(builds: dict[str, Build]) -> None:
    """Refuse to compare what does not compute the same decay."""
    wrong = {}
    for label, build in builds.items():
        if build in (cyclic_lr, floor):
            continue
        optimizer = optimizer_with(2)
        step = built(build, optimizer, CHECKED)
        for done in range(1, CHECKED):
            step()
            expected = 0.5 * HIGH * (1 + math.cos(math.pi * done / CHECKED))
            off = max(abs(group["lr"] - expected) for group in optimizer.param_groups)
            if not off < 1e-9:
                wrong[label] = (done, off)
                break
    if wrong:
        raise SystemExit(f"another curve than a cosine's half, (step, off by): {wrong}")


def contender(label: str, build: Build, groups: int) -> Contender:
    step = built(build, optimizer_with(groups), LONG)

    def run(count: int) -> None:
        for _ in range(count):
            step()

    return Contender(label, run, multiple_of=BLOCK_STEPS if build is ours else 1)


def compare(effort: Effort) -> str:
    builds = rows()
    agree(builds)
    times = [
        measure([contender(label, build, groups) for label, build in builds.items()], effort)
        for groups in GROUP_COUNTS
    ]
    lines = [[label, *(number(own.ratio(label, REFERENCE)) for own in times)] for label in builds]
    microseconds = " / ".join(number(own.median(REFERENCE) * 1e6) for own in times)
    text = (
        "One step of the learning rate alone, in multiples of what CyclicLR takes "
        f"({microseconds} µs with {' / '.join(map(str, GROUP_COUNTS))} parameter groups)."
    )
    return section("One learning rate", text, table(["groups", *map(str, GROUP_COUNTS)], lines))


def main() -> None:
    effort, document = arguments("Cost of a step of one learning rate in PyTorch.")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # theirs
    distributions = (
        "pytorch-ignite",
        "fvcore",
        "lrsched",
        "timm",
        "mmengine-lite",
        "transformers",
        "anyschedule",
        "torch-schedule-anything",
    )
    sections = [machine("hypercycle", "numpy", "torch", *distributions) + "\n", compare(effort)]
    report("contenders.py", sections, document)


if __name__ == "__main__":
    main()
