"""Rules about what schedules do in any run: bounds, scales, and hyperparameters that interact."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Unpack

from hypercycle.namespaces.namespace import ONE_STEP
from hypercycle.numbers.lengths import Facts
from hypercycle.plans.entries import Entry, Within, likeness, within
from hypercycle.plans.findings import Finding
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.reference import Reference
from hypercycle.shapes.registry import scale_function
from hypercycle.shapes.scales import Exponential, Halving

RULES = {
    "bounds-close": "the bounds of the rate are closer than a factor of 3",
    "grows-without-end": "the scale of a cycle grows without end",
    "later-cycles-invisible": "a cycle soon shrinks to next to nothing",
    "momentum-in-phase": "the momentum rises and falls with the rate",
    "rate-and-decay-in-phase": "the weight decay rises and falls with the rate",
    "step-size": "a half cycle is shorter than 2 epochs or longer than 10",
    "zero-at-first-update": "the rate of the first update is 0",
}
_FEWEST_EPOCHS, _MOST_EPOCHS = 2.0, 10.0
_EPOCHS = re.compile(r"(\d+(?:\.\d+)?)\s*ep", re.ASCII)
_INVISIBLE = 0.01
# Correlations: of waves that need not have one form, and of those that have.
_IN_PHASE, _THE_SAME = 0.95, 0.999
# What stands for a run where only shapes, names and bounds matter: the first that is long enough.
_ANY_RUN: Facts = {
    "steps_per_epoch": 1_000,
    "tokens_per_step": 1_000_000,
    "samples_per_step": 1_000,
    "seconds_per_step": 1.0,
}
_ANY_TOTAL = 10**5, 10**7, 10**9, 10**12


def found(
    entries: Sequence[Entry], steps_per_epoch: int | None, total: int | None
) -> Iterator[Finding]:
    """Yield what is found whatever the run, and what the lengths of epoch and run tell more of."""
    for entry in entries:
        if entry.is_rate:
            yield from _zero(entry)
        for one in within(entry.schedule, entry.where):
            cycle = one.schedule
            if not isinstance(cycle, Cycle):
                continue
            steps = _least(one.steps, None if total is None else total - (one.start or 0))
            if entry.is_rate:
                yield from _close(one.where, cycle)
                yield from _step_size(one.where, cycle, steps_per_epoch, steps)
            yield from _scale(one, cycle, steps)
    yield from _together(entries, total)


def in_any_run(schedule: Any, **facts: Unpack[Facts]) -> Any:
    """Return a schedule or a plan with lengths in steps of a run of which these facts are known.

    Raises
    ------
    ValueError
        If it fits into no run.
    """
    known: Facts = {**_ANY_RUN, **facts}
    if "total_steps" in known:
        return schedule.resolve(**known)
    for total in _ANY_TOTAL[:-1]:
        try:
            return schedule.resolve(**known, total_steps=total)
        except ValueError:
            continue
    return schedule.resolve(**known, total_steps=_ANY_TOTAL[-1])


def _least(one: int | None, other: int | None) -> int | None:
    known = [steps for steps in (one, other) if steps is not None]
    return min(known) if known else None


def _zero(entry: Entry) -> Iterator[Finding]:
    first, where = entry.schedule, entry.where
    while isinstance(first, Chain):
        first, where = first.schedules[0], f"{where}.parts.0"
    if isinstance(first, Cycle) and first.low == 0.0 < first.high and not first.inverted:
        begins = first.step_size_up != 0 and first.phase == 0.0
        if begins:
            yield Finding(
                "zero-at-first-update",
                where,
                "the rate of the first update is 0, and of the first of each cycle: these change "
                "nothing",
                f"write low={first.high / 10:g}, or what a range test finds",
                "note",
            )


def _close(where: str, cycle: Cycle) -> Iterator[Finding]:
    if cycle.low > 0.0 and cycle.high < 3.0 * cycle.low * (1.0 - 1e-9):
        yield Finding(
            "bounds-close",
            where,
            f"the bounds {cycle.low:g} and {cycle.high:g} are closer than a factor of 3, so that "
            "it hardly cycles",
            f"write low={cycle.high / 4:.3g}, a fourth of high, or those of a range test",
            "note",
        )


def _step_size(
    where: str, cycle: Cycle, steps_per_epoch: int | None, steps: int | None
) -> Iterator[Finding]:
    """L. N. Smith, arXiv:1506.01186, section 3.2: good results with 2 to 10 epochs."""
    period = _epochs(cycle, steps_per_epoch)
    if period is None or cycle.cycle_mult != 1.0 or cycle.cycles == 1:
        return
    if 0 in (cycle.step_size_up, cycle.step_size_down):  # restarts have no two halves
        return
    half = period / 2
    if _FEWEST_EPOCHS <= half <= _MOST_EPOCHS:
        return
    if steps is not None and steps_per_epoch is not None:
        run = steps / steps_per_epoch
        # No two cycles of the shortest size would fit; or it is one cycle, which has its own rules.
        if run < 4 * _FEWEST_EPOCHS or run < 2 * period:
            return
    nearest = _FEWEST_EPOCHS if half < _FEWEST_EPOCHS else _MOST_EPOCHS
    yield Finding(
        "step-size",
        where,
        f"half a cycle is {half:.3g} ep long, where 2 to 10 have been found to work well "
        "(arXiv:1506.01186)",
        f"write lengths such as '{nearest:g}ep' for each half",
        "note",
    )


def _epochs(cycle: Cycle, steps_per_epoch: int | None) -> float | None:
    lengths = cycle.step_size_up, cycle.step_size_down
    parts = [_EPOCHS.fullmatch(str(one)) for one in lengths]
    if None not in parts:
        return sum(float(part[1]) for part in parts if part is not None)
    if cycle.resolved and steps_per_epoch is not None:
        return cycle.clock.first_period / steps_per_epoch
    return None


def _scale(one: Within, cycle: Cycle, steps: int | None) -> Iterator[Finding]:
    scale = scale_function(cycle.scale)
    if isinstance(scale, Exponential) and scale.gamma > 1.0:
        yield from _grows(one.where, cycle, scale, steps)
    elif isinstance(scale, (Exponential, Halving)) and cycle.resolved:
        yield from _shrinks(one.where, cycle, steps)


def _grows(where: str, cycle: Cycle, scale: Exponential, steps: int | None) -> Iterator[Finding]:
    most = _least(steps, cycle.length if cycle.resolved else None)
    grown = ""
    if most is not None and cycle.resolved:
        cycles = cycle.locate(most).cycle
        try:
            factor = scale(float(cycles), float(most), ONE_STEP)
        except OverflowError:
            factor = float("inf")
        if factor == float("inf"):
            yield Finding(
                "grows-without-end",
                where,
                f"gamma={scale.gamma:g} per {scale.per} grows beyond all numbers before step "
                f"{most}, where training fails",
                f"write a gamma below 1, such as {1 / scale.gamma:.6g}",
                "error",
            )
            return
        grown = f": {factor:.3g} times as high after {most} steps"
    if cycle.cycles is None:
        yield Finding(
            "grows-without-end",
            where,
            f"gamma={scale.gamma:g} per {scale.per} is above 1, so that cycles grow without end"
            + grown,
            f"write a gamma below 1, such as {1 / scale.gamma:.6g}, or say how many cycles=…",
            "warning",
        )


def _shrinks(where: str, cycle: Cycle, steps: int | None) -> Iterator[Finding]:
    """Halfway through the run, or in the second cycle of a run of unknown length."""
    scale = scale_function(cycle.scale)
    most = _least(steps, cycle.length)
    second = cycle.clock.first_period - cycle.clock.offset + cycle.clock.step_size_up
    if most is not None and most <= second:
        return  # no second cycle to be seen
    step = second if most is None else max(most // 2, second)
    factor = float(scale(float(cycle.locate(step).cycle), float(step), ONE_STEP))
    if factor >= _INVISIBLE:
        return
    period = cycle.clock.first_period
    if isinstance(scale, Halving):
        what, instead = "scale='halving'", "write fewer, longer cycles, or a scale that falls less"
    else:
        what = f"gamma={scale.gamma:g} per {scale.per}"  # type: ignore[attr-defined]
        # A tenth is left of the last cycle.
        span = most if most is not None else 10 * period
        count = span if scale.per == "step" else max(span // period, 1)  # type: ignore[attr-defined]
        instead = f"write a gamma nearer to 1, such as {0.1 ** (1 / count):.6g}"
    yield Finding(
        "later-cycles-invisible",
        where,
        f"{what} leaves {factor:.1g} of the height at step {step}, so that later cycles do not "
        "show",
        instead,
        "warning",
    )


def _together(entries: Sequence[Entry], total: int | None) -> Iterator[Finding]:
    rates = [entry for entry in entries if entry.is_rate]
    for entry, rate in itertools.product(entries, rates):
        if not (entry.is_momentum or entry.is_decay):
            continue
        if entry.is_decay and isinstance(entry.schedule, Reference):
            continue  # who writes { of = "lr" } means it
        if entry.group != rate.group and None not in (entry.group, rate.group):
            continue
        try:
            one, other = in_any_run(rate.schedule), in_any_run(entry.schedule)
        except ValueError:
            continue  # which is told where it is resolved
        steps = total or max(one.shown_in(2), other.shown_in(2))
        if likeness(one, other, steps) < (_IN_PHASE if entry.is_momentum else _THE_SAME):
            continue
        if entry.is_momentum:
            yield Finding(
                "momentum-in-phase",
                entry.where,
                f"rises and falls with {rate.where}, where it is to fall when the rate rises "
                "(arXiv:1803.09820)",
                f"write it as the opposite of {rate.where}: opposite = {rate.name!r} in a file, "
                "lr.opposite(low, high) in Python",
                "warning",
            )
        else:
            yield Finding(
                "rate-and-decay-in-phase",
                entry.where,
                f"rises and falls with {rate.where}; AdamW and SGD shrink weights by their product",
                "keep one of them constant, unless the product is meant",
                "note",
            )
        break
