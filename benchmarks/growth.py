"""How costs grow: with groups, parts, cycles, hyperparameters, labels, entries of a plan file.

``python benchmarks/growth.py [--quick | --brief] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import gc
import itertools
import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np
import torch
from exponents import (
    KIBIBYTES,
    MICROSECONDS,
    MILLISECONDS,
    QUICK_SIZES,
    SIZES,
    Row,
    Work,
    grown,
    shown,
)
from timing import QUICK, Effort, arguments, installed, machine, report

import hypercycle as hc
from hypercycle.driving.tracks import BLOCK_STEPS

LOW, HIGH, LEAST, MOST, HALF = 0.001, 0.006, 0.85, 0.95, 2000
MANY = 10_000  # values of an array
CALLS = 200  # of one value


# Parameter groups.


def optimizer_with(groups: int) -> torch.optim.Optimizer:
    made = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    # add_param_group compares with all groups there are, which is quadratic.
    (first,) = made.param_groups
    made.param_groups[:] = [
        first | {"params": [torch.zeros(1, requires_grad=True)], "name": f"group {i}"}
        for i in range(groups)
    ]
    return made


def one_schedule(groups: int) -> hc.Plan:
    del groups
    lr = hc.Cycle(LOW, HIGH, HALF)
    return hc.Plan(lr=lr, momentum=lr.opposite(LEAST, MOST))


def own_bounds(keys: Sequence[Any]) -> hc.Plan:
    cycles = {key: hc.Cycle(LOW, HIGH + i * 1e-6, HALF) for i, key in enumerate(keys)}
    opposites = {key: cycle.opposite(LEAST, MOST) for key, cycle in cycles.items()}
    return hc.Plan(lr=hc.Groups(cycles), momentum=hc.Groups(opposites))


def by_index(groups: int) -> hc.Plan:
    return own_bounds(range(groups))


def by_name(groups: int) -> hc.Plan:
    return own_bounds([f"group {i}" for i in range(groups)])


PLANS = {"one schedule": one_schedule, "own bounds": by_index, "own bounds, by name": by_name}


def steps_with(groups: int) -> int:
    """Return of how many steps a turn is: few where a step is long."""
    return min(BLOCK_STEPS, max(16, 20_000 // groups))


@cache  # an optimizer is attached once, and stepped in every round
def stepping(plan: Callable[[int], hc.Plan], groups: int) -> Work:
    optimizer = optimizer_with(groups)
    step = hc.attach(optimizer, plan(groups)).step
    optimizer.step()  # or PyTorch warns about the order

    def work() -> None:
        for _ in range(steps_with(groups)):
            step()

    work()  # the first blocks are short
    return work


def attaching(plan: Callable[[int], hc.Plan], groups: int) -> Work:
    optimizer, made = optimizer_with(groups), plan(groups)
    return lambda: hc.attach(optimizer, made)


def of_groups(effort: Effort) -> list[str]:
    return [
        grown(
            "Steps, by groups",
            "One step of lr and momentum in PyTorch. Own bounds: each group's own, on one clock.",
            [
                Row(label, partial(stepping, plan), steps_with)
                for label, plan in PLANS.items()
                if plan is not by_name
            ],
            effort,
            unit=MICROSECONDS,
            by="groups",
        ),
        grown(
            "Attaching, by groups",
            "attach(optimizer, plan), the plan ready-made.",
            [Row(label, partial(attaching, plan)) for label, plan in PLANS.items()],
            effort,
            unit=MILLISECONDS,
            by="groups",
        ),
    ]


# Parts of a chain.


def parts(count: int) -> list[tuple[hc.Cycle, int]]:
    return [(hc.Cycle(LOW, HIGH + i * 1e-6, HALF), 2 * HALF) for i in range(count)]


def making_a_chain(count: int) -> Work:
    own = parts(count)
    return lambda: hc.Chain(*own)


def first_value_of_a_chain(count: int) -> Work:
    chain = hc.Chain(*parts(count))
    return lambda: chain(0)


def one_value_of_a_chain(count: int) -> Work:
    chain = hc.Chain(*parts(count))
    chain(0)  # what is made once
    return calling(chain, 2 * HALF * (count - 1))


def an_array_of_a_chain(count: int) -> Work:
    chain = hc.Chain(*parts(count))
    steps = np.linspace(0, 2 * HALF * count, MANY).astype(np.int64)
    return lambda: chain(steps)


def calling(schedule: Callable[[int], object], start: int) -> Work:
    def work() -> None:
        for step in range(start, start + CALLS):
            schedule(step)

    return work


def calls(size: int) -> int:
    del size
    return CALLS


def compiling_a_chain(count: int) -> Work:
    import jax
    import jax.numpy as jnp

    def work() -> None:
        chain = hc.Chain(*parts(count))
        # A function of its own each time, or JAX would know it.
        jax.jit(lambda step: chain(step)).lower(jnp.int32(0)).compile()  # noqa: PLW0108

    return work


def of_parts(effort: Effort) -> list[str]:
    rows = [
        Row("made", making_a_chain),
        Row("first value", first_value_of_a_chain),
        Row("one value, in the last part", one_value_of_a_chain, calls),
        Row(f"{MANY:,} values, over all parts", an_array_of_a_chain),
    ]
    if installed("jax"):
        # XLA works on threads of its own.
        label, clock = "JAX: made, traced, compiled", time.process_time
        rows.append(Row(label, compiling_a_chain, clock=clock))
    text = "A Chain of cycles with different bounds."
    return [grown("Parts of a Chain", text, rows, effort, unit=MICROSECONDS, by="parts")]


# Cycles that grow.


def growing(count: int) -> hc.Cycle:
    """Return a cycle whose count-th is a hundred times as long as its first."""
    # Other lengths each time: equal clocks share what they have computed.
    return hc.Cycle(LOW, HIGH, next(LENGTHS), cycle_mult=100 ** (1 / count))


LENGTHS = itertools.count(1_000)


def reaching_the_last_cycle(count: int) -> Work:
    cycle = growing(count)
    return lambda: cycle.boundaries(count)


def one_value_of_the_last_cycle(count: int) -> Work:
    cycle = growing(count)
    return calling(cycle, int(cycle.boundaries(count)[-1]))


def an_array_of_cycles(count: int) -> Work:
    cycle = growing(count)
    steps = np.linspace(0, int(cycle.boundaries(count)[-1]), MANY).astype(np.int64)
    return lambda: cycle(steps)


def of_cycles(effort: Effort) -> list[str]:
    rows = [
        Row("made, all starts computed", reaching_the_last_cycle),
        Row("one value, in the last cycle", one_value_of_the_last_cycle, calls),
        Row(f"{MANY:,} values, over all cycles", an_array_of_cycles),
    ]
    text = "A Cycle with cycle_mult, whose last cycle is a hundred times as long as its first."
    return [grown("Cycles with cycle_mult", text, rows, effort, unit=MICROSECONDS, by="cycles")]


# Hyperparameters: the attributes of an object, which can be as many as one likes.


class Target:
    """What has so many hyperparameters."""

    def __init__(self, count: int) -> None:
        vars(self).update(dict.fromkeys(names(count), LOW))


def names(count: int) -> list[str]:
    return [f"h{i}" for i in range(count)]


def plan_of(count: int) -> hc.Plan:
    return hc.Plan(
        **{name: hc.Cycle(LOW, HIGH + i * 1e-6, HALF) for i, name in enumerate(names(count))}
    )


def attaching_hyperparameters(count: int) -> Work:
    target, plan = Target(count), plan_of(count)
    return lambda: hc.attach(target, plan)


@cache
def stepping_hyperparameters(count: int) -> Work:
    step = hc.attach(Target(count), plan_of(count)).step

    def work() -> None:
        for _ in range(steps_with(count)):
            step()

    work()
    return work


def values_of_a_plan(count: int) -> Work:
    plan = plan_of(count)
    plan(0)  # what is made once
    return lambda: plan(HALF // 2)


def of_hyperparameters(effort: Effort) -> list[str]:
    rows = [
        Row("attach", attaching_hyperparameters),
        Row("one step", stepping_hyperparameters, steps_with),
        Row("plan(step)", values_of_a_plan),
    ]
    text = "A plan of as many cycles, for the attributes of an object of any class."
    title, by = "Hyperparameters", "hyperparameters"
    return [grown(title, text, rows, effort, unit=MICROSECONDS, by=by)]


# Labels in Optax.


def of_labels(effort: Effort) -> list[str]:
    if not installed("jax", "optax"):
        return []
    rows = [
        Row("partition of constants", compiling_labels(ours=False), clock=time.process_time),
        Row("ours", compiling_labels(ours=True), clock=time.process_time),
    ]
    text = (
        "SGD in JAX, tracing and compiling its update: lr and momentum with own bounds for each "
        "label, of one parameter. Beside it constants in optax.partition, own ones for each label."
    )
    title, by, sizes = "Labels in Optax", "labels", SIZES[:3]
    return [grown(title, text, rows, effort, unit=MILLISECONDS, by=by, sizes=sizes)]


def compiling_labels(*, ours: bool) -> Callable[[int], Work]:
    import jax
    import jax.numpy as jnp
    import optax

    from hypercycle_optax import cycled

    def prepare(count: int) -> Work:
        labels = [f"group {i}" for i in range(count)]
        params = {label: jnp.zeros(3) for label in labels}
        label_of = dict(zip(labels, labels, strict=True))
        if ours:
            plan = dict(own_bounds(labels))
            plan["learning_rate"] = plan.pop("lr")
            transformation = cycled(optax.sgd, plan, param_labels=label_of)
        else:
            # Their own: XLA compiles equal ones once.
            shares = np.linspace(0.5, 1.0, count)
            each = [optax.sgd(HIGH * share, MOST * share) for share in shares.tolist()]
            transformation = optax.partition(dict(zip(labels, each, strict=True)), label_of)
        state = transformation.init(params)

        def update(gradients: Any, state: Any) -> Any:
            return transformation.update(gradients, state, params)

        return lambda: jax.jit(update).lower(params, state).compile()

    return prepare


# Plan files.


def loading(folder: Path, suffix: str, count: int) -> Work:
    path = folder / f"{count}.{suffix}"
    if not path.exists():
        plan_of(count).save(path)
    return lambda: hc.Plan.load(path)


def of_plan_files(effort: Effort) -> list[str]:
    # What reads or writes each, and no more than 10,000 values may be in a file.
    formats = [("json", "json"), ("toml", "tomlkit"), ("yaml", "yaml")]
    text = "Plan.load of a file with as many hyperparameters, a cycle each."
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            Row(suffix.upper(), partial(loading, Path(folder), suffix))
            for suffix, package in formats
            if installed(package)
        ]
        title, by, sizes = "Entries of a plan file", "entries", SIZES[:4]
        return [grown(title, text, rows, effort, unit=MILLISECONDS, by=by, sizes=sizes)]


# Memory.


def held_and_peak(plan: Callable[[int], hc.Plan], groups: int) -> tuple[int, int]:
    """Return the bytes that a cycler holds, its block of values included, and the most ever."""
    optimizer, made = optimizer_with(groups), plan(groups)
    optimizer.step()
    gc.collect()
    gc.freeze()  # so that a collection is quick
    tracemalloc.start()
    cycler = hc.attach(optimizer, made)
    for _ in range(2 * steps_with(groups)):
        cycler.step()
    gc.collect()
    found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    gc.unfreeze()
    return found


def of_memory(effort: Effort) -> list[str]:
    sizes = SIZES[:4] if effort is not QUICK else QUICK_SIZES
    costs: dict[str, list[float]] = {}
    for label, plan in {"one schedule": one_schedule, "own bounds": by_index}.items():
        pairs = [held_and_peak(plan, groups) for groups in sizes]
        costs[f"{label}, held"], costs[f"{label}, peak"] = map(list, zip(*pairs, strict=True))
    text = (
        "What attach and as many steps as need several blocks of values allocate in PyTorch, as "
        "tracemalloc counts it; the plan and the optimizer were there before. Held: by the "
        "cycler, its values computed ahead included."
    )
    title = "Memory, by groups"
    return [shown(title, text, costs, unit=KIBIBYTES, by="groups", sizes=sizes)]


def main() -> None:
    effort, document = arguments("How costs grow with sizes.")
    torch.set_num_threads(1)
    sections = [
        machine("hypercycle", "numpy", "torch", "jax", "optax") + "\n",
        *of_groups(effort),
        *of_parts(effort),
        *of_cycles(effort),
        *of_hyperparameters(effort),
        *of_labels(effort),
        *of_plan_files(effort),
        *of_memory(effort),
    ]
    report("growth.py", sections, document)


if __name__ == "__main__":
    main()
