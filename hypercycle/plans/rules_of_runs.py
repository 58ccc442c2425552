"""Rules about a plan in a run of a known length: what does not fit into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from hypercycle.plans.entries import Entry, Within, at, sampled
from hypercycle.plans.findings import Finding, Severity
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.product import Product
from hypercycle.schedules.ramp import Ramp
from hypercycle.schedules.schedule import Record

RULES = {
    "cycle-longer-than-run": "no cycle is complete when the run ends",
    "longer-than-run": "a chain or a ramp is not over when the run ends",
    "mid-cycle": "the run ends in the middle of a cycle",
    "shorter-than-run": "the rate has fallen to next to nothing long before the run ends",
    "warm-up-longer-than-run": "the run ends before its warm-up does",
}
# A run that ends so near to where its cycle does, as a part of the bounds' distance, ends well.
_NEAR = 0.1
# What is left of the highest rate where nothing is learnt any more.
_NOTHING = 0.01
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*", re.ASCII)


def found(entries: Sequence[Entry], total: int) -> Iterator[Finding]:
    """Yield what does not fit into a run of so many updates."""
    told: set[object] = set()
    # The rates first: what else moves with them is not told again.
    for entry in sorted(entries, key=lambda one: not one.is_rate):
        if sampled(entry.schedule, total) is None:
            continue
        warm_up = list(_warm_up(entry, total))
        longer = warm_up or list(_longer(entry, total))
        yield from longer
        if not longer:
            yield from _cycles(entry, total, told)
            yield from _shorter(entry, total)


def found_in_parts(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Yield what does not fit into a run of any length: percentages that do not add up."""
    for entry in entries:
        chain = entry.schedule
        if not isinstance(chain, Chain) or len(chain.parts) < 2:
            continue
        parts = [_PERCENT.fullmatch(str(_length(part))) for part in chain.parts]
        total = sum(Fraction(part[1]) for part in parts if part is not None)
        last, highest = chain.schedules[-1], max(chain.reached(), default=0.0)
        nothing = isinstance(last, Ramp) and last.end <= _NOTHING * highest
        falls_short = total < 100 and None not in parts and entry.is_rate and nothing
        if total <= 100 and not falls_short:
            continue
        yield Finding(
            "longer-than-run" if total > 100 else "shorter-than-run",
            entry.where,
            f"its parts add up to {float(total):g}% of the run",
            "write parts that add up to 100%",
            _severity(entry),
        )


def _length(part: Any) -> Any:
    return part[1] if isinstance(part, tuple) else getattr(part, "steps", None)


def _severity(entry: Entry) -> Severity:
    return "warning" if entry.is_rate else "note"


def _warm_up(entry: Entry, total: int) -> Iterator[Finding]:
    schedule = entry.schedule
    first: Record | None = None
    if isinstance(schedule, Chain) and len(schedule.parts) > 1:
        first, where = schedule.schedules[0], f"{entry.where}.parts.0"
    elif isinstance(schedule, Product):
        ramps = [(i, one) for i, one in enumerate(schedule.schedules) if isinstance(one, Ramp)]
        for index, ramp in ramps[:1]:
            first, where = ramp, f"{entry.where}.factors.{index}"
    if not isinstance(first, Ramp) or first.end <= first.start or first.length < total:
        return
    yield Finding(
        "warm-up-longer-than-run",
        where,
        f"the warm-up takes {first.length} steps and the run has {total}: it ends at "
        f"{schedule(total - 1):.3g}",
        f"write a shorter one, such as steps={max(total // 20, 1)} or '5%'",
        "error",
    )


def _longer(entry: Entry, total: int) -> Iterator[Finding]:
    schedule = entry.schedule
    length = schedule.length
    if not isinstance(schedule, (Chain, Ramp)) or length is None or length <= total:
        return
    if schedule(total - 1) == schedule(length):
        return  # it only holds for longer
    yield Finding(
        "longer-than-run",
        entry.where,
        f"takes {length} steps and the run has {total}: it ends at {schedule(total - 1):.3g}, not "
        f"at {schedule(length):.3g}",
        f"write lengths that add up to {total}, or total_steps={length}",
        _severity(entry),
    )


def _shorter(entry: Entry, total: int) -> Iterator[Finding]:
    schedule, length = entry.schedule, entry.schedule.length
    if not entry.is_rate or length is None or total - length <= max(1, total // 100):
        return
    held, highest = schedule(length), max(schedule.reached(), default=0.0)
    if held <= _NOTHING * highest:
        yield Finding(
            "shorter-than-run",
            entry.where,
            f"takes {length} steps and the run has {total}: the last {total - length} go on with a "
            f"rate of {held:.3g}",
            f"write lengths that add up to {total}, or total_steps={length}",
            "warning",
        )


def _cycles(entry: Entry, total: int, told: set[object]) -> Iterator[Finding]:
    for one in at(entry.schedule, entry.where, total - 1):
        cycle, start = one.schedule, one.start or 0
        if not isinstance(cycle, Cycle) or _ends_well(entry, one, total):
            continue
        clock = (start, cycle.clock)
        if clock not in told:
            told.add(clock)
            yield _mid_cycle(entry, one.where, cycle, start, total)


def _ends_well(entry: Entry, one: Within, total: int) -> bool:
    cycle, made = one.schedule, total - (one.start or 0)
    if not isinstance(cycle, Cycle) or (cycle.length is not None and made >= cycle.length):
        return True
    if cycle.is_cycle_end(made) or (cycle.cycle_mult == 1.0 and made % cycle.period == 0):
        return True
    end = made + cycle.steps_to_cycle_end(made)
    distance = abs(cycle(made - 1) - cycle(end - 1))
    if distance <= _NEAR * (cycle.high - cycle.low):
        return True
    if not entry.is_rate:
        return False
    # Whatever else is multiplied: a rate that has become low ends well.
    values = sampled(entry.schedule, total)
    if values is None:
        return True
    lowest, highest = float(values.min()), float(values.max())
    return float(values[-1]) - lowest <= _NEAR * (highest - lowest)


def _mid_cycle(entry: Entry, where: str, cycle: Cycle, start: int, total: int) -> Finding:
    made = total - start
    in_cycle = cycle.locate(made).step_in_cycle
    before, after = made - in_cycle, made + cycle.steps_to_cycle_end(made)
    place = f"at {cycle(made - 1):.3g} between {cycle.low:g} and {cycle.high:g}"
    if before <= 0:
        up, down = cycle.clock.step_size_up, cycle.clock.step_size_down
        fitting = round(made * up / (up + down))
        return Finding(
            "cycle-longer-than-run",
            where,
            f"the first cycle takes {after} steps and the run has {made} for it: it ends {place}",
            f"write step_size_up={fitting}, step_size_down={made - fitting} for one cycle",
            _severity(entry),
        )
    nearest, other = sorted((before, after), key=lambda end: abs(end - made))
    return Finding(
        "mid-cycle",
        where,
        f"the run ends {in_cycle} steps into a cycle of {after - before}, {place}",
        f"write total_steps={start + nearest}, where a cycle ends, or {start + other}",
        _severity(entry),
    )
