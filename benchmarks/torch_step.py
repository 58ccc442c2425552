"""What a training step pays for its schedules in PyTorch, beside the peers'.

``python benchmarks/torch_step.py [--quick] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from timing import (
    Contender,
    Effort,
    Times,
    arguments,
    installed,
    machine,
    measure,
    number,
    reached,
    report,
    section,
    table,
)
from torch.optim.lr_scheduler import CyclicLR, OneCycleLR

import hypercycle as hc
from hypercycle.driving.tracks import BLOCK_STEPS

GROUP_COUNTS = (1, 10, 100)
LOW, HIGH, LEAST, MOST, HALF = 0.001, 0.006, 0.85, 0.95, 2000
REFERENCE = "CyclicLR, lr + momentum"
STEPS_FOR_EVER = 10**12

# What to reach, in multiples of the reference at 1, 10 and 100 groups.
ONE_SCHEDULE = (0.08, 0.08, 0.08)
PER_GROUP = (0.11, 0.19, 0.15)
ONE_SCHEDULE_OF_ADAMW = (0.12, 0.09, 0.07)
PER_GROUP_OF_ADAMW = (0.12, 0.22, 0.17)
ONE_SCHEDULE_OF_TENSORS = (0.27, 0.17, 0.14)
PER_GROUP_OF_TENSORS = (0.27, 0.26, 0.19)
IMPORT = 1.5

Step = Callable[[], Any]
Optimizer = torch.optim.Optimizer


@dataclass(frozen=True)
class Row:
    """A line of a table: what to build on a fresh optimizer, and what to reach."""

    label: str
    build: Callable[[Optimizer], Step]
    target: tuple[float, ...] | None = None


def sgd(groups: int) -> Optimizer:
    return torch.optim.SGD(parameters(groups), lr=0.1, momentum=0.9)


def adamw(groups: int) -> Optimizer:
    return torch.optim.AdamW(parameters(groups), lr=0.1)


def sgd_with_tensors(groups: int) -> Optimizer:
    own = [group | {"lr": torch.tensor(0.1)} for group in parameters(groups)]
    return torch.optim.SGD(own, lr=0.1, momentum=0.9)


def parameters(groups: int) -> list[dict[str, Any]]:
    return [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)]


def built(row: Row, optimizer: Optimizer) -> Step:
    step = row.build(optimizer)
    optimizer.step()  # or PyTorch's schedulers warn about the order
    return step


# Ours.


def one_schedule(optimizer: Optimizer) -> Step:
    lr = hc.Cycle(LOW, HIGH, HALF)
    return hc.attach(optimizer, lr=lr, momentum=lr.opposite(LEAST, MOST)).step


def per_group(optimizer: Optimizer, cycles: list[hc.Cycle]) -> Step:
    opposites = [cycle.opposite(LEAST, MOST - i * 1e-4) for i, cycle in enumerate(cycles)]
    return hc.attach(
        optimizer,
        lr=hc.Groups(dict(enumerate(cycles))),
        momentum=hc.Groups(dict(enumerate(opposites))),
    ).step


def pickled(optimizer: Optimizer) -> Step:
    """Return the step of a cycler that was saved, which looks into all of its attributes."""
    step = one_schedule(optimizer)
    pickle.dumps(step.__self__)  # type: ignore[attr-defined]
    return step


def own_bounds(optimizer: Optimizer) -> Step:
    count = len(optimizer.param_groups)
    return per_group(optimizer, [hc.Cycle(LOW, HIGH + i * 1e-4, HALF) for i in range(count)])


def own_clocks(optimizer: Optimizer) -> Step:
    count = len(optimizer.param_groups)
    return per_group(optimizer, [hc.Cycle(LOW, HIGH, HALF + i) for i in range(count)])


# Peers.


def cyclic_lr(optimizer: Optimizer) -> Step:
    return CyclicLR(optimizer, LOW, HIGH, HALF, base_momentum=LEAST, max_momentum=MOST).step


def cyclic_lr_own_bounds(optimizer: Optimizer) -> Step:
    indices = range(len(optimizer.param_groups))
    return CyclicLR(
        optimizer,
        [LOW for _ in indices],
        [HIGH + i * 1e-4 for i in indices],
        HALF,
        base_momentum=[LEAST for _ in indices],
        max_momentum=[MOST - i * 1e-4 for i in indices],
    ).step


def cyclic_lr_alone(optimizer: Optimizer) -> Step:
    return CyclicLR(optimizer, LOW, HIGH, HALF, cycle_momentum=False).step


def one_cycle_lr(optimizer: Optimizer) -> Step:
    return OneCycleLR(optimizer, HIGH, total_steps=STEPS_FOR_EVER).step


def ignite(optimizer: Optimizer) -> Step:
    from ignite.handlers import LinearCyclicalScheduler

    lr = LinearCyclicalScheduler(optimizer, "lr", LOW, HIGH, 2 * HALF)
    momentum = LinearCyclicalScheduler(optimizer, "momentum", MOST, LEAST, 2 * HALF)

    def step() -> None:
        lr(None)
        momentum(None)

    step()  # its first call gives the values of step 0
    return step


def fvcore(optimizer: Optimizer) -> Step:
    from fvcore.common.param_scheduler import CompositeParamScheduler, LinearParamScheduler

    def triangle(start: float, top: float) -> CompositeParamScheduler:
        halves = [LinearParamScheduler(start, top), LinearParamScheduler(top, start)]
        return CompositeParamScheduler(halves, [0.5, 0.5], ["rescaled", "rescaled"])

    lr, momentum = triangle(LOW, HIGH), triangle(MOST, LEAST)
    period = 2 * HALF
    return assigning(
        optimizer,
        lambda step: lr(step % period / period),
        lambda step: momentum(step % period / period),
    )


def lrsched(optimizer: Optimizer) -> Step:
    from lrsched import triangular

    # It has no opposite phase: half a cycle ahead instead.
    lr = triangular(min_lr=LOW, max_lr=HIGH, step_size=HALF)
    momentum = triangular(min_lr=LEAST, max_lr=MOST, step_size=HALF)
    return assigning(optimizer, lr, lambda step: momentum(step + HALF))


def assigning(
    optimizer: Optimizer, lr: Callable[[int], float], momentum: Callable[[int], float]
) -> Step:
    groups = optimizer.param_groups
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        value, other = lr(count), momentum(count)
        for group in groups:
            group["lr"] = value
            group["momentum"] = other

    return step


# What is left when the values come for nothing.


def floor(optimizer: Optimizer) -> Step:
    groups = optimizer.param_groups
    ready_made = itertools.cycle([(0.001, 0.95), (0.002, 0.93)])

    def step() -> None:
        value, other = next(ready_made)
        for group in groups:
            group["lr"] = value
            group["momentum"] = other

    return step


def floor_own(optimizer: Optimizer) -> Step:
    return own_values(optimizer, "momentum", lambda momentum: momentum)


def floor_of_tuples(optimizer: Optimizer) -> Step:
    groups = optimizer.param_groups
    ready_made = itertools.cycle([(0.001, (0.95, 0.999)), (0.002, (0.93, 0.999))])

    def step() -> None:
        value, betas = next(ready_made)
        for group in groups:
            group["lr"] = value
            group["betas"] = betas

    return step


def floor_of_own_tuples(optimizer: Optimizer) -> Step:
    return own_values(optimizer, "betas", lambda momentum: (momentum, 0.999))


def own_values(optimizer: Optimizer, key: str, made: Callable[[float], Any]) -> Step:
    groups = optimizer.param_groups
    rates = [[LOW + i * 1e-4 + turn for i, _ in enumerate(groups)] for turn in (0.0, 0.001)]
    others = [[made(LEAST + i * 1e-4 + turn) for i, _ in enumerate(groups)] for turn in (0.0, 0.01)]
    ready_made = itertools.cycle(zip(rates, others, strict=True))

    def step() -> None:
        values, others = next(ready_made)
        for group, value, other in zip(groups, values, others, strict=True):
            group["lr"] = value
            group[key] = other

    return step


def floor_of_tensors(optimizer: Optimizer) -> Step:
    groups = optimizer.param_groups
    tensors = [group["lr"] for group in groups]
    ready_made = itertools.cycle(
        [([torch.tensor(rate, dtype=torch.float64)] * len(groups), 0.95) for rate in (LOW, HIGH)]
    )

    def step() -> None:
        values, other = next(ready_made)
        torch._foreach_copy_(tensors, values)
        for group in groups:
            group["momentum"] = other

    return step


def rows_of_sgd() -> list[Row]:
    peers = [
        (("ignite",), Row("ignite, 2 schedulers", ignite)),
        (("fvcore",), Row("fvcore + assigning", fvcore)),
        (("lrsched",), Row("lrsched + assigning", lrsched)),
    ]
    return [
        Row(REFERENCE, cyclic_lr),
        Row("CyclicLR, own bounds", cyclic_lr_own_bounds),
        Row("CyclicLR, lr alone", cyclic_lr_alone),
        Row("OneCycleLR, both", one_cycle_lr),
        *(row for packages, row in peers if installed(*packages)),
        Row("floats, assigned", floor),
        Row("own floats, assigned", floor_own),
        Row("ours, one schedule", one_schedule, ONE_SCHEDULE),
        Row("ours, pickled", pickled, ONE_SCHEDULE),
        Row("ours, own bounds", own_bounds, PER_GROUP),
        Row("ours, own clocks", own_clocks, PER_GROUP),
    ]


PEERS_IN_PYTORCH = [
    Row(REFERENCE, cyclic_lr),
    Row("CyclicLR, lr alone", cyclic_lr_alone),
    Row("OneCycleLR, both", one_cycle_lr),
]
ROWS_OF_ADAMW = [
    *PEERS_IN_PYTORCH,
    Row("tuples, assigned", floor_of_tuples),
    Row("own tuples, assigned", floor_of_own_tuples),
    Row("ours, one schedule", one_schedule, ONE_SCHEDULE_OF_ADAMW),
    Row("ours, own bounds", own_bounds, PER_GROUP_OF_ADAMW),
]
ROWS_OF_TENSORS = [
    *PEERS_IN_PYTORCH,
    Row("tensors, filled at once", floor_of_tensors),
    Row("ours, one schedule", one_schedule, ONE_SCHEDULE_OF_TENSORS),
    Row("ours, own bounds", own_bounds, PER_GROUP_OF_TENSORS),
]
# Whose values are others.
OTHER_VALUES = {
    *(floor, floor_own, floor_of_tuples, floor_of_own_tuples, floor_of_tensors, one_cycle_lr)
}


def agree(rows: list[Row], optimizer_with: Callable[[int], Optimizer]) -> None:
    """Refuse to compare what does not compute the same values."""
    name = "momentum" if optimizer_with is not adamw else "betas"
    seen = {}
    for row in rows:
        if row.build in OTHER_VALUES:
            continue
        optimizer = optimizer_with(2)
        step = built(row, optimizer)
        for _ in range(HALF // 2):
            step()
        group = optimizer.param_groups[0]
        momentum = group[name] if name == "momentum" else group[name][0]
        expected = (LOW + HIGH) / 2, (LEAST + MOST) / 2
        seen[row.label] = abs(float(group["lr"]) - expected[0]), abs(momentum - expected[1])
        if row.build is cyclic_lr_alone:
            seen[row.label] = seen[row.label][0], 0.0
    wrong = {label: errors for label, errors in seen.items() if max(errors) > 1e-7}
    if wrong:
        raise SystemExit(f"not halfway up after {HALF // 2} steps, (lr, momentum) off by: {wrong}")


def contender(row: Row, optimizer: Optimizer) -> Contender:
    step = built(row, optimizer)

    def run(count: int) -> None:
        for _ in range(count):
            step()

    ours = row.build in (one_schedule, pickled, own_bounds, own_clocks)
    return Contender(row.label, run, multiple_of=BLOCK_STEPS if ours else 1)


def compare(
    title: str, optimizer_with: Callable[[int], Optimizer], rows: list[Row], effort: Effort
) -> str:
    agree(rows, optimizer_with)
    times: list[Times] = [
        measure([contender(row, optimizer_with(groups)) for row in rows], effort)
        for groups in GROUP_COUNTS
    ]
    lines = []
    for row in rows:
        ratios = [t.ratio(row.label, REFERENCE) for t in times]
        line = [row.label, *map(number, ratios)]
        if row.target is None:
            line += ["", ""]
        else:
            verdicts = [reached(*pair) for pair in zip(ratios, row.target, strict=True)]
            line += [" ".join(f"{limit:.2f}"[1:] for limit in row.target), " ".join(verdicts)]
        lines.append(line)
    heads = ["groups", *map(str, GROUP_COUNTS), "target", "reached"]
    microseconds = " / ".join(number(t.median(REFERENCE) * 1e6) for t in times)
    text = (
        f"One step of the schedules, in multiples of what CyclicLR takes for lr and momentum "
        f"({microseconds} µs with {' / '.join(map(str, GROUP_COUNTS))} parameter groups)."
    )
    return section(title, text, table(heads, lines))


def importing(effort: Effort) -> str:
    modules = ("numpy", "hypercycle", "pluggy")
    times: dict[str, list[float]] = {module: [] for module in modules}
    program = (
        "import time; start = time.process_time(); import {}; print(time.process_time() - start)"
    )
    # Byte code is in place, as for whoever imports for the second time, whatever this environment
    # says about writing it.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as byte_code:
        for turn in range(effort.rounds + 1):
            for module in modules:
                done = subprocess.run(  # noqa: S603
                    [sys.executable, "-c", program.format(module)],
                    check=True,
                    capture_output=True,
                    text=True,
                    env=environment | {"PYTHONPYCACHEPREFIX": byte_code},
                )
                if turn > 0:  # the first one writes the byte code
                    times[module].append(float(done.stdout))
    ratio = Times(times).ratio("hypercycle", "numpy")
    text = (
        "CPU time of the statement in a new process, byte code in place, in multiples of "
        f"importing NumPy ({number(Times(times).median('numpy') * 1e3)} ms). hypercycle "
        "imports NumPy and pluggy."
    )
    rows = [
        ["import pluggy", number(Times(times).ratio("pluggy", "numpy")), "", ""],
        ["import hypercycle", number(ratio), f"{IMPORT:.2f}", reached(ratio, IMPORT)],
    ]
    return section("Importing", text, table(["statement", "ratio", "target", "reached"], rows))


def main() -> None:
    effort, document = arguments("Cost of a step of the schedules in PyTorch.")
    torch.set_num_threads(1)
    sections = [
        machine("hypercycle", "numpy", "torch", "pytorch-ignite", "fvcore", "lrsched") + "\n",
        compare("SGD", sgd, rows_of_sgd(), effort),
        compare("AdamW, where momentum is β₁", adamw, ROWS_OF_ADAMW, effort),
        compare("SGD whose learning rates are tensors", sgd_with_tensors, ROWS_OF_TENSORS, effort),
        importing(effort),
    ]
    report("torch_step.py", sections, document)


if __name__ == "__main__":
    main()
