"""What values cost: a million at once, one alone, and one after many cycles, beside the peers'.

``python benchmarks/values.py [--quick] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from timing import (
    QUICK,
    Contender,
    Effort,
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

import hypercycle as hc
from hypercycle.driving.tracks import BLOCK_STEPS
from hypercycle.shapes.waveforms import WAVEFORMS

LOW, HIGH, HALF = 0.001, 0.006, 2000
PERIOD = 2 * HALF
MANY = 1_000_000
FEW = 20_000  # of those who compute one value after the other
COMPOSED = (10, 1_000, 10_000)
TRIANGLE = "NumPy triangle"

# What to reach, in multiples of the NumPy triangle.
AT_ONCE = 3.0
PERIODIC = 0.5  # which needs the values of one period
# One value, in multiples of Python's floats; a jump, in ordinary steps.
ALONE = {
    "ours, triangular": 1.0,
    "ours, hann": 1.5,
    "ours, hann × exponential": 4.8,
    "ours, one_cycle's lr": 1.8,
}
JUMP = 6.0

SCALES = {"constant": "constant", "halving": hc.Halving(), "exponential": hc.Exponential(0.99999)}

Function = Callable[[int], Any]


def numpy_triangle(steps: np.ndarray) -> np.ndarray:
    """Return the usual formula of the triangular policy, on an array."""
    cycle = np.floor(1 + steps / (2 * HALF))
    x = np.abs(steps / HALF - 2 * cycle + 1)
    return LOW + (HIGH - LOW) * np.maximum(0, 1 - x)


def python_triangle(step: int) -> float:
    """Return the same for one step."""
    cycle = math.floor(1 + step / (2 * HALF))
    x = abs(step / HALF - 2 * cycle + 1)
    return LOW + (HIGH - LOW) * max(0, 1 - x)


# Peers.


def fvcore_triangle() -> Function:
    from fvcore.common.param_scheduler import CompositeParamScheduler, LinearParamScheduler

    halves = [LinearParamScheduler(LOW, HIGH), LinearParamScheduler(HIGH, LOW)]
    cycle = CompositeParamScheduler(halves, [0.5, 0.5], ["rescaled", "rescaled"])
    return lambda step: cycle(step % PERIOD / PERIOD)


def lrsched_triangle() -> Function:
    from lrsched import triangular

    return triangular(min_lr=LOW, max_lr=HIGH, step_size=HALF)


def lrsched_samples(count: int) -> object:
    from lrsched import sample

    return sample(lrsched_triangle(), num_steps=count)


def ignite_values(count: int) -> object:
    from ignite.handlers import LinearCyclicalScheduler

    return LinearCyclicalScheduler.simulate_values(
        num_events=count, param_name="lr", start_value=LOW, end_value=HIGH, cycle_size=PERIOD
    )


def torch_values(count: int) -> object:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, LOW, HIGH, HALF, cycle_momentum=False)
    optimizer.step()
    values = []
    for _ in range(count):
        values.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    return values


# A million values.


def many(effort: Effort) -> np.ndarray:
    return np.arange(FEW if effort is QUICK else MANY)


def at_once(schedules: dict[str, Any], effort: Effort) -> dict[str, float]:
    """Return the time of a million values of each schedule, in multiples of the triangle."""
    steps = many(effort)

    def evaluating(schedule: Any) -> Callable[[int], object]:
        return lambda count: schedule(steps[:count])

    times = measure(
        [
            Contender(label, evaluating(schedule), count=len(steps))
            for label, schedule in {TRIANGLE: numpy_triangle, **schedules}.items()
        ],
        effort,
    )
    return {label: times.ratio(label, TRIANGLE) for label in schedules}


def all_waveforms(effort: Effort) -> str:
    names = [name for name in WAVEFORMS if name not in ("linear", "cosine")]  # second names
    schedules = {
        f"{name} {scale_name}": hc.Cycle(LOW, HIGH, HALF, waveform=name, scale=scale)
        for name in names
        for scale_name, scale in SCALES.items()
    }
    ratios = at_once(schedules, effort)
    lines = []
    for name in names:
        own = [ratios[f"{name} {scale_name}"] for scale_name in SCALES]
        lines.append([name, *map(number, own), number(PERIODIC), reached(own[0], PERIODIC)])
    text = (
        f"{len(many(effort)):,} values, in multiples of the triangular policy written out in "
        "NumPy, by waveform and scale policy. The target is for the constant scale, whose values "
        "repeat; a power for each step costs what NumPy takes for it."
    )
    return section(
        "A million values", text, table(["waveform", *SCALES, "target", "reached"], lines)
    )


def all_policies(effort: Effort) -> str:
    schedules: dict[str, Any] = {
        "sgdr, cycle_mult=2": hc.sgdr(LOW, HIGH, PERIOD, cycle_mult=2),
        "asymmetric, hann up, linear down": hc.Cycle(
            LOW, HIGH, HALF, 2 * HALF, waveform=("hann", "linear")
        ),
        "one_cycle, its lr": hc.one_cycle(HIGH, MANY)["lr"],
        "one_cycle, its momentum": hc.one_cycle(HIGH, MANY)["momentum"],
        "warmup, then triangular": hc.warmup(HALF, hc.triangular(LOW, HIGH, HALF)),
        "warmup_stable_decay": hc.warmup_stable_decay(HIGH, HALF, MANY // 2, MANY // 3),
        "Product(Ramp, Cycle)": hc.Product(hc.Ramp(0, 1, HALF), hc.Cycle(LOW, HIGH, HALF)),
    }
    ratios = at_once(schedules, effort)
    lines = [
        [label, number(ratio), number(AT_ONCE), reached(ratio, AT_ONCE)]
        for label, ratio in ratios.items()
    ]
    text = f"{len(many(effort)):,} values of other schedules, in multiples of the same."
    return section(
        "A million values of policies and compositions",
        text,
        table(["schedule", "ratio", "target", "reached"], lines),
    )


def peers_at_once(effort: Effort) -> str:
    few = FEW if effort is not QUICK else 500
    steps = many(effort)
    cycle = hc.Cycle(LOW, HIGH, HALF)
    peers: list[tuple[tuple[str, ...], str, Callable[[int], object]]] = [
        ((), "Python's floats, a loop", lambda n: [python_triangle(step) for step in range(n)]),
        (("lrsched",), "lrsched.sample", lrsched_samples),
        (("fvcore",), "fvcore, a loop", lambda n: list(map(fvcore_triangle(), range(n)))),
        (("ignite",), "ignite simulate_values", ignite_values),
        ((), "CyclicLR, a loop of step()", torch_values),
    ]
    contenders = [
        Contender(TRIANGLE, lambda n: numpy_triangle(steps[:n]), count=len(steps)),
        Contender("ours", lambda n: cycle(steps[:n]), count=len(steps)),
        *(
            Contender(label, run, count=few)
            for packages, label, run in peers
            if installed(*packages)
        ),
    ]
    times = measure(contenders, effort)
    lines = [
        [label, number(times.median(label) * MANY), number(times.ratio(label, TRIANGLE))]
        for label in (contender.label for contender in contenders)
    ]
    text = (
        f"{len(many(effort)):,} values of the triangular policy. The peers that compute one "
        f"value after the other were measured over {few:,} and scaled up."
    )
    return section("Beside the peers", text, table(["", "s", "ratio"], lines))


# One value.


def calling(function: Function, start: int = 0) -> Callable[[int], None]:
    def run(count: int) -> None:
        for step in range(start, start + count):
            function(step)

    return run


def one_alone(effort: Effort) -> str:
    cycle = hc.Cycle(LOW, HIGH, HALF)
    plan = hc.Plan(lr=cycle, momentum=cycle.opposite(0.85, 0.95))
    peers: list[tuple[str, str, Callable[[], Function]]] = [
        ("lrsched", "lrsched triangular", lrsched_triangle),
        ("fvcore", "fvcore Composite", fvcore_triangle),
    ]
    functions: list[tuple[str, Function]] = [
        ("Python's floats", python_triangle),
        *((label, make()) for package, label, make in peers if installed(package)),
        ("NumPy triangle, of an int", lambda step: float(numpy_triangle(np.int64(step)))),
        ("NumPy's sine, of a float", lambda step: np.sin(step / PERIOD)),
        ("ours, triangular", cycle),
        ("ours, hann", hc.Cycle(LOW, HIGH, HALF, waveform="hann")),
        ("ours, halving", hc.Cycle(LOW, HIGH, HALF, scale="halving")),
        ("ours, hann × exponential", damped()),
        ("ours, sgdr with cycle_mult=2", hc.sgdr(LOW, HIGH, HALF, cycle_mult=2)),
        ("ours, one_cycle's lr", hc.one_cycle(HIGH, MANY)["lr"]),
        ("ours, a plan of two", plan),
    ]
    times = measure([Contender(label, calling(one)) for label, one in functions], effort)
    first = functions[0][0]
    lines = [
        [
            label,
            number(times.median(label) * 1e6),
            number(times.ratio(label, first)),
            *judged(times.ratio(label, first), ALONE.get(label)),
        ]
        for label, _ in functions
    ]
    text = (
        "One value of a step that is an int, in multiples of the formula on Python's floats. "
        "NumPy's sine is the floor of what it adds."
    )
    return section("One value", text, table(["", "µs", "ratio", "target", "reached"], lines))


def damped() -> hc.Cycle:
    return hc.Cycle(LOW, HIGH, HALF, waveform="hann", scale=SCALES["exponential"])


def judged(ratio: float, target: float | None) -> list[str]:
    return ["", ""] if target is None else [number(target), reached(ratio, target)]


# A jump of the clock.


def jumping(lr: Any, momentum: Any, further: int) -> Callable[[int], None]:
    """Return what moves a cycler to some step and a few steps on, again and again."""
    cycler = attached(lr, momentum)
    places = random.Random(0).choices(range(MANY), k=1000)  # noqa: S311

    def run(count: int) -> None:
        for index in range(count // (1 + further)):
            cycler.last_epoch = places[index % len(places)]
            for _ in range(1 + further):
                cycler.step()

    return run


def attached(lr: Any, momentum: Any, **counted: int) -> Any:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    cycler = hc.attach(optimizer, lr=lr, momentum=momentum)
    for _ in range(100):  # the first steps of a run are looked at
        optimizer.step()
        cycler.step(**counted)
    return cycler


def counting(lr: Any, momentum: Any) -> Callable[[int], None]:
    """Return what moves a cycler on by tokens, of which each update has many."""
    cycler = attached(lr, momentum, tokens=8192)

    def run(count: int) -> None:
        for _ in range(count):
            cycler.step(tokens=8192)

    return run


def in_tokens(cycle: hc.Cycle) -> hc.Cycle:
    """Return a cycle of as many updates, of 8,192 tokens each."""
    half = f"{HALF * 8192}tok"
    return replace(cycle, step_size_up=half, step_size_down=half)


def stepping(lr: Any, momentum: Any) -> Callable[[int], None]:
    cycler = attached(lr, momentum)

    def run(count: int) -> None:
        for _ in range(count):
            cycler.step()

    return run


def jumps(effort: Effort) -> str:
    cycles = {
        "triangular": hc.Cycle(LOW, HIGH, HALF),
        "hann": hc.Cycle(LOW, HIGH, HALF, waveform="hann"),
        "hann × exponential": damped(),
    }
    pairs = {label: (lr, lr.opposite(0.85, 0.95)) for label, lr in cycles.items()}
    policy = hc.one_cycle(HIGH, MANY)
    pairs["one_cycle"] = (policy["lr"], policy["momentum"])
    step = "an ordinary step"
    contenders = [Contender(step, stepping(*pairs["triangular"]), multiple_of=BLOCK_STEPS)]
    for label, pair in pairs.items():

        def values(count: int, pair: tuple[Any, Any] = pair) -> None:
            for index in range(count):
                for schedule in pair:
                    schedule(index)

        contenders += [
            Contender(label, jumping(*pair, 0), multiple_of=16),
            Contender(f"{label}, each", jumping(*pair, 15), multiple_of=16),
            Contender(f"{label}, values", values),
        ]
    counted = "`step(tokens=…)`"
    tokens = tuple(map(in_tokens, pairs["triangular"]))
    contenders.append(Contender(counted, counting(*tokens), multiple_of=16))
    times = measure(contenders, effort)
    ratio = times.ratio(counted, step)
    floor = times.ratio("triangular, values", step)
    lines = [[counted, *map(number, (ratio, ratio, floor)), *judged(ratio, JUMP)]]
    for label in pairs:
        ratio = times.ratio(label, step)
        after = times.ratio(f"{label}, each", step)
        floor = times.ratio(f"{label}, values", step)
        lines.append([label, *map(number, (ratio, after, floor)), *judged(ratio, JUMP)])
    text = (
        "A step of SGD's learning rate and momentum after a jump of the clock, in ordinary steps "
        f"({number(times.median(step) * 1e6)} µs); each of 16 steps after one; and the floor, two "
        "values alone. `step(tokens=…)` is a jump each time, of the triangular pair."
    )
    heads = ["schedule", "a jump", "16 steps, each", "two values", "target", "reached"]
    return section("A jump of the clock", text, table(heads, lines))


# After many cycles.


def fvcore_composed(cycles: int) -> Function:
    from fvcore.common.param_scheduler import CompositeParamScheduler, CosineParamScheduler

    parts = [CosineParamScheduler(HIGH, LOW) for _ in range(cycles)]
    lengths = [1.0 / cycles] * cycles
    composed = CompositeParamScheduler(parts, lengths, ["rescaled"] * cycles)
    return lambda step: composed(step / (PERIOD * cycles))


def lrsched_composed(cycles: int) -> Function:
    from lrsched import cosine, sequential

    part = cosine(base_lr=HIGH, min_lr=LOW, total_steps=PERIOD)
    return sequential([(PERIOD, part)] * cycles)


def chained(cycles: int) -> Function:
    return hc.Chain(*[(hc.sgdr(LOW, HIGH, PERIOD), PERIOD)] * cycles)


def many_cycles(effort: Effort) -> str:
    makers: list[tuple[tuple[str, ...], str, Callable[[int], Function]]] = [
        ((), "ours, sgdr", lambda cycles: hc.sgdr(LOW, HIGH, PERIOD, cycles=cycles)),
        ((), "ours, Chain of cycles", chained),
        (("lrsched",), "lrsched.sequential", lrsched_composed),
        (("fvcore",), "fvcore Composite", fvcore_composed),
    ]
    present = [(label, make) for packages, label, make in makers if installed(*packages)]
    microseconds: dict[str, list[float]] = {label: [] for label, _ in present}
    for cycles in COMPOSED if effort is not QUICK else COMPOSED[:1] * 3:
        # The last cycle: all others lie before it.
        start = PERIOD * (cycles - 1)
        times = measure(
            [
                Contender(label, calling(make(cycles), start), count=PERIOD // 10)
                for label, make in present
            ],
            effort,
        )
        for label, own in microseconds.items():
            own.append(times.median(label) * 1e6)
    lines = [
        [label, *map(number, own), number(own[-1] / own[0])] for label, own in microseconds.items()
    ]
    heads = ["µs for one value", *(f"{cycles:,}" for cycles in COMPOSED), "last : first"]
    text = "One value of cosine annealing with warm restarts in its last cycle, by cycles composed."
    return section("After many cycles", text, table(heads, lines))


def main() -> None:
    effort, document = arguments("Cost of computing values.")
    torch.set_num_threads(1)
    sections = [
        machine("hypercycle", "numpy", "torch", "pytorch-ignite", "fvcore", "lrsched") + "\n",
        all_waveforms(effort),
        all_policies(effort),
        peers_at_once(effort),
        one_alone(effort),
        jumps(effort),
        many_cycles(effort),
    ]
    report("values.py", sections, document)


if __name__ == "__main__":
    main()
