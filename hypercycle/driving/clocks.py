"""Clocks that count something else than updates: tokens, samples, or seconds, as they come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypercycle.numbers.checks import finite_number, whole_number, wrong_value
from hypercycle.numbers.lengths import (
    MICROSECONDS,
    SECONDS,
    NeedsClockError,
    Units,
)
from hypercycle.plans.plan import Plan


def on_its_clock(plan: Plan, units: Units) -> tuple[Plan, Units]:
    """Return a plan with its lengths in steps of its clock, and the units of that clock.

    The clock counts updates, unless a length counts tokens, samples or seconds and nothing says how
    many there are in an update: then it counts these, and so must every length.

    Raises
    ------
    ValueError
        If a length needs something that is not given, or lengths count different things.

    Examples
    --------
    >>> from hypercycle import Ramp
    >>> plan, units = on_its_clock(Plan(lr=Ramp(0.0, 0.1, "5%")), Units(total_steps="2ktok"))
    >>> plan, units.clock
    (Plan(lr=Ramp(0.0, 0.1, 100)), 'tokens')
    """
    try:
        resolved, _ = plan.resolved_in(units), units.total
    except NeedsClockError as needs:
        units = replace(units, clock=needs.clock)
    else:
        return resolved, units
    _ = units.total  # refuses a run that is counted in something else
    return plan.resolved_in(units), units


def amount_of(clock: str, given: Mapping[str, Any], unnamed: tuple[Any, ...] = ()) -> int:
    """Return by how many steps of its own a clock is moved on; a microsecond is one of seconds.

    Raises
    ------
    TypeError, ValueError
        If anything but what the clock counts is given, or that is no number of them.

    Examples
    --------
    >>> amount_of("tokens", {"tokens": 8192}), amount_of("seconds", {"seconds": 0.25})
    (8192, 250000)
    """
    value = None if unnamed or len(given) != 1 else given.get(clock)
    if type(value) is int and value >= 0 and clock != SECONDS:
        return value  # as nearly always, and in a tenth of the time
    if unnamed or list(given) != [clock]:
        got = [*map(repr, unnamed), *(f"{name}={value!r:.40}" for name, value in given.items())]
        raise TypeError(
            f"the plan's lengths are in {clock}, and step() must be told how many there were in "
            f"this update: step({clock}=…), got step({', '.join(got)}); where it is always as "
            f"many, give attach() {clock}_per_step=… and call step()"
        )
    if clock != SECONDS:
        return whole_number(value, clock)
    seconds = finite_number(value, clock)
    if seconds < 0.0:
        raise wrong_value(seconds, clock, "must be at least 0")
    return math.floor(seconds * MICROSECONDS + 0.5)


def in_updates(clock: str) -> str:
    """Return why a clock cannot be followed by what counts updates, and what to do instead."""
    return (
        f"its updates are counted, and the plan's lengths are in {clock}: give {clock}_per_step=…, "
        "how many there are in an update"
    )
