"""What JAX takes to trace and compile a schedule, by its cycles or parts, beside Optax's own.

``python benchmarks/jax_compile.py [--quick | --brief] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import optax
from timing import (
    QUICK,
    Effort,
    arguments,
    by_process,
    machine,
    number,
    reached,
    report,
    section,
    table,
)

import hypercycle as hc
from hypercycle.namespaces import float32_pairs

PERIOD = 4000
LOW, HIGH = 0.001, 0.006
COUNTS = (1, 10, 100, 1_000)
PEER = "optax.sgdr_schedule"

# What to reach: the time with most cycles or parts, in multiples of that with one.
CYCLES, PARTS = 1.10, 6.0

Schedule = Callable[[Any], Any]


def sgdr(count: int) -> Schedule:
    return hc.sgdr(LOW, HIGH, PERIOD, cycles=count)


def growing(count: int) -> Schedule:
    return hc.sgdr(LOW, HIGH, PERIOD, cycle_mult=1.005, cycles=count)


def top(index: int) -> float:
    return HIGH / (1 + index)


def hann(index: int) -> tuple[hc.Cycle, int]:
    return hc.sgdr(0.0, top(index), PERIOD + index), PERIOD


def kinds(index: int) -> Any:
    return (
        hann(index),
        hc.Ramp(LOW, top(index), PERIOD),
        (hc.Constant(top(index)), PERIOD),
        (hc.Cycle(0.0, top(index), PERIOD // 2, scale="halving"), PERIOD),
    )[index % 4]


def product(index: int) -> tuple[hc.Product, int]:
    return hc.Product(hann(index)[0], hc.Ramp(0.5, 1.0 + index, PERIOD)), PERIOD


def chain_of(part: Callable[[int], Any]) -> Callable[[int], Schedule]:
    return lambda count: hc.Chain(*map(part, range(count)))


def in_pairs(make: Callable[[int], Any]) -> Callable[[int], Schedule]:
    """Return what is computed where there is no float64: in pairs of float32."""

    def made(count: int) -> Schedule:
        schedule = make(count)
        return lambda step: jnp.asarray(float32_pairs.evaluate(schedule, step), jnp.float32)

    return made


def sgdr_of_optax(count: int) -> Schedule:
    fixed = {"end_value": 0.0, "warmup_steps": 0, "decay_steps": PERIOD}
    tops = map(top, range(count))
    schedule: Schedule = optax.sgdr_schedule(
        [fixed | {"init_value": value, "peak_value": value} for value in tops]
    )
    return schedule


# What is made of a count, and what to reach.
SCHEDULES: dict[str, tuple[Callable[[int], Schedule], float | None]] = {
    "ours, sgdr": (sgdr, CYCLES),
    "ours, growing cycles": (growing, CYCLES),
    "ours, Chain": (chain_of(hann), PARTS),
    "ours, Chain, 4 kinds": (chain_of(kinds), PARTS),
    "ours, Chain, Products": (chain_of(product), PARTS),
    "ours, Chain, float32": (in_pairs(chain_of(hann)), PARTS),
    PEER: (sgdr_of_optax, None),
}


def compiling(label: str, count: int) -> Callable[[], object]:
    make, _ = SCHEDULES[label]

    def work() -> None:
        schedule = make(count)
        # A function of its own each time, or JAX would know it.
        jax.jit(lambda step: schedule(step)).lower(jnp.int32(0)).compile()  # noqa: PLW0108

    return work


def compare(effort: Effort) -> str:
    counts = COUNTS if effort is not QUICK else (1, 2, 3)
    works = {f"{label} {count}": compiling(label, count) for label in SCHEDULES for count in counts}
    slow = works.pop(f"{PEER} {counts[-1]}")
    times = by_process(works, effort)
    begin = time.process_time()
    slow()
    times.seconds[f"{PEER} {counts[-1]}"] = [time.process_time() - begin] * effort.rounds
    lines = []
    for label, (_, target) in SCHEDULES.items():
        keys = [f"{label} {count}" for count in counts]
        ratio = times.ratio(keys[-1], keys[0])
        line = [label, *(number(times.median(key) * 1e3) for key in keys), number(ratio)]
        line += ["", ""] if target is None else [number(target), reached(ratio, target)]
        lines.append(line)
    heads = ["ms, by cycles", *map("{:,}".format, counts), "ratio", "target", "reached"]
    text = (
        "Cycles of cosine annealing with restarts, or as many parts: making the schedule, tracing "
        f"and compiling it; the ratio is that of the last to the first. {PEER} with most cycles "
        "was compiled once, all else in every round."
    )
    return section("By cycles and parts", text, table(heads, lines))


def main() -> None:
    effort, document = arguments("What JAX takes to compile schedules.")
    sections = [machine("hypercycle", "numpy", "jax", "jaxlib", "optax") + "\n", compare(effort)]
    report("jax_compile.py", sections, document)


if __name__ == "__main__":
    main()
