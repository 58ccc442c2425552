"""Other packages: what they do, shown by running them, and what a step of their schedules costs.

``python benchmarks/comparison.py [--quick] [--write docs/comparison.md]``

Packages that are not installed are left out; to have them all::

    pip install -e ".[bench]" accelerate mmengine-lite skorch timm
    pip install torch-schedule-anything transformers
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable
from typing import Any

import torch
from claims import CLAIMS, LOW, timm_scheduler, version
from timing import (
    WIDTH,
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
HIGH, HALF, LONG = 0.006, 2000, 10**9
REFERENCE = "CyclicLR"

Step = Callable[[], Any]


def checked() -> str:
    """Return the claims of all packages that are installed, after each was shown."""
    lines: list[str] = []
    shown, failed = "", []
    for claim in CLAIMS:
        found = version(claim.distribution)
        if found is None:
            continue
        if not claim.holds():
            failed.append(f"{claim.distribution} {found}: {claim.sentence}")
        if claim.distribution != shown:
            shown = claim.distribution
            lines.append(f"\n**{shown} {found}**\n")
        lines.append(
            textwrap.fill(claim.sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
        )
    if failed:
        raise SystemExit("\n".join(["not so:", *failed]))
    return "### Shown by running\n" + "\n".join(lines) + "\n"


def cyclic_lr(optimizer: torch.optim.Optimizer) -> Step:
    return lr_scheduler.CyclicLR(optimizer, LOW, HIGH, HALF, cycle_momentum=False).step


def warm_restarts(optimizer: torch.optim.Optimizer) -> Step:
    return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2 * HALF).step


def schedule_anything(optimizer: torch.optim.Optimizer) -> Step:
    from torch_schedule_anything import arbitrary_schedule_factory

    return arbitrary_schedule_factory(  # type: ignore[no-any-return]
        optimizer,
        lambda proxy: lr_scheduler.CyclicLR(proxy, LOW, HIGH, HALF, cycle_momentum=False),
        schedule_target="weight_decay",
    ).step


def timm(optimizer: torch.optim.Optimizer) -> Step:
    scheduler = timm_scheduler().CosineLRScheduler(
        optimizer, t_initial=2 * HALF, cycle_limit=LONG, t_in_epochs=False
    )
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        scheduler.step_update(count)

    return step


def transformers(optimizer: torch.optim.Optimizer) -> Step:
    from transformers import get_cosine_with_hard_restarts_schedule_with_warmup

    return get_cosine_with_hard_restarts_schedule_with_warmup(  # type: ignore[no-any-return]
        optimizer, 0, LONG, num_cycles=LONG // (2 * HALF)
    ).step


def mmengine(optimizer: torch.optim.Optimizer) -> Step:
    from mmengine.optim import CosineAnnealingLR

    return CosineAnnealingLR(  # type: ignore[no-any-return]
        optimizer, T_max=2 * HALF, begin=0, end=LONG, by_epoch=False
    ).step


def ours(optimizer: torch.optim.Optimizer) -> Step:
    return hc.attach(optimizer, lr=hc.Cycle(LOW, HIGH, HALF)).step


def ours_restarts(optimizer: torch.optim.Optimizer) -> Step:
    return hc.attach(optimizer, lr=hc.sgdr(LOW, HIGH, 2 * HALF)).step


def costs(effort: Effort) -> str:
    peers: list[tuple[tuple[str, ...], str, Callable[[torch.optim.Optimizer], Step]]] = [
        ((), REFERENCE, cyclic_lr),
        ((), "CosineAnnealingWarmRestarts", warm_restarts),
        (("torch_schedule_anything",), "torch-schedule-anything, CyclicLR", schedule_anything),
        (("timm",), "timm, CosineLRScheduler", timm),
        (("transformers",), "transformers, hard restarts", transformers),
        (("mmengine",), "mmengine, CosineAnnealingLR", mmengine),
        ((), "ours, Cycle", ours),
        ((), "ours, sgdr", ours_restarts),
    ]
    present = [(label, make) for packages, label, make in peers if installed(*packages)]

    def contender(
        label: str, make: Callable[[torch.optim.Optimizer], Step], groups: int
    ) -> Contender:
        weights = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)]
        optimizer = torch.optim.SGD(weights, lr=HIGH)
        step = make(optimizer)
        optimizer.step()  # or PyTorch's schedulers warn about the order

        def run(count: int) -> None:
            for _ in range(count):
                step()

        mine = label.startswith("ours")
        return Contender(label, run, multiple_of=BLOCK_STEPS if mine else 1)

    times = [
        measure([contender(label, make, groups) for label, make in present], effort)
        for groups in GROUP_COUNTS
    ]
    rows = [[label, *(number(t.ratio(label, REFERENCE)) for t in times)] for label, _ in present]
    microseconds = " / ".join(number(t.median(REFERENCE) * 1e6) for t in times)
    text = (
        "One step of one schedule, in multiples of what CyclicLR takes for lr alone "
        f"({microseconds} µs with {' / '.join(map(str, GROUP_COUNTS))} parameter groups). "
        "torch-schedule-anything drives the weight decay, the others lr; the cosines are other "
        "curves than the triangle."
    )
    return section("What a step costs", text, table(["groups", *map(str, GROUP_COUNTS)], rows))


def main() -> None:
    effort, document = arguments("Other packages: what they do, and what a step costs.")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # theirs
    distributions = dict.fromkeys(claim.distribution for claim in CLAIMS)
    sections = [
        machine("hypercycle", "numpy", *distributions) + "\n",
        costs(effort),
        checked(),
    ]
    report("comparison.py", sections, document)


if __name__ == "__main__":
    main()
