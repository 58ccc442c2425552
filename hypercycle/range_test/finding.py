"""From the reading of a range test to its bounds, or to why there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hypercycle.numbers.checks import finite_number
from hypercycle.range_test.bounds import Bounds, NoBounds
from hypercycle.range_test.reading import (
    FEWEST_POINTS,
    Reading,
    Recorded,
    points_of,
    reading_of,
    value_at,
)
from hypercycle.range_test.stopping import spoiled_because

# How far below the lowest point a loss curve's high bound is taken, on a logarithmic axis.
FACTOR = 3.0

# Part of the curves drawn that may still be falling at the end.
_FALLING_AT_END = 0.1
# After the rise of a metric has slowed, it is at most this steep, relative to the rise.
_SLOWED = 1.0 / 3.0


def find_bounds(
    test: Recorded,
    on: str = "loss",
    *,
    lower_is_better: bool | None = None,
    confidence: float = 0.9,
) -> Bounds | NoBounds:
    """Return what :meth:`RangeTest.bounds` says."""
    confidence = finite_number(confidence, "confidence")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence=}")
    falls = on == "loss" if lower_is_better is None else lower_is_better
    found = bounds_of_curve(test, on, falls=falls, confidence=confidence)
    if isinstance(found, NoBounds):
        return found
    reasons = dict(found.reasons)
    for other in ("loss", *test.metrics):
        if other == on:
            continue
        beside = bounds_of_curve(test, other, falls=other == "loss", confidence=confidence)
        if isinstance(beside, Bounds):
            reasons["low"] += f"; by the {other} it is {beside.low:.3g}"
    return replace(found, reasons=reasons)


def bounds_of_curve(
    test: Recorded, on: str = "loss", *, falls: bool = True, confidence: float = 0.9
) -> Bounds | NoBounds:
    """Return what one curve shows, without a word about the others."""
    places, runs = points_of(test, on, falls=falls)
    if len(places) < FEWEST_POINTS:
        reason = (
            f"there are {len(places)} finite points of the {on}, and a curve needs "
            f"{FEWEST_POINTS}: {spoiled_because(test) or 'take more steps, or start lower'}"
        )
    elif np.ptp(runs) == 0.0:
        reason = f"the {on} never changes"
    else:
        reading = reading_of(test, on, falls=falls)
        reason = _reason_for_none(reading, test, on, falls=falls)
        if not reason:
            return _bounds(reading, test, on, falls=falls, confidence=confidence)
    return NoBounds(test.name, reason, on)


def _reason_for_none(reading: Reading, test: Recorded, on: str, *, falls: bool) -> str:
    """Return why a curve shows no bounds; nothing where it does."""
    change, changes = ("descent", "fall") if falls else ("rise", "rise")
    if reading.curve.mean.argmin() < 2 or not reading.is_clear:
        usual = (
            f"there is no {change} that stands out of the noise; sweep over other values, take "
            "more steps or repeat the sweep"
        )
        return (
            f"the {on} never {changes}s clearly from where it starts: "
            f"{spoiled_because(test) or usual}"
        )
    low, end_of_change = reading.place("low"), reading.place("best" if falls else "slowed")
    if _changes_at_end(reading, falls=falls):
        end = float(reading.curve.grid[-1])
        if test.axis != "log" or end - low < 2.0 * np.log10(FACTOR):
            return (
                f"the {on} still {changes}s, or has only just stopped, at the end of the sweep at "
                f"{test.name}={value_at(test, end):.3g}, so the high bound is unknown: sweep "
                f"further (the low bound is about {value_at(test, low):.3g})"
            )
    if not low < end_of_change:
        return f"the noise is too heavy to tell the start of the {change} from its end"
    return ""


def _changes_at_end(reading: Reading, *, falls: bool) -> bool:
    """Return whether the curve has not turned yet, or only just, where the sweep ends."""
    low, slowed = reading.place("low"), reading.place("slowed")
    grid = reading.curve.grid
    at_end = np.mean(reading.places_of["best"] >= grid[-3]) > _FALLING_AT_END
    # Slopes of the last tenth of a rise and of the eight tenths in its middle.
    last, middle = 0.1 / max(grid[-1] - slowed, 1e-12), 0.8 / max(slowed - low, 1e-12)
    return bool(at_end and not reading.diverged and (falls or last > _SLOWED * middle))


def _bounds(reading: Reading, test: Recorded, on: str, *, falls: bool, confidence: float) -> Bounds:
    change, changes = ("descent", "falls") if falls else ("rise", "rises")
    mean = reading.curve.mean
    # The smooth curve may dip below all that was recorded, such as a squared loss below 0.
    lowest = max(mean.min(), reading.points.min())
    start, best = (float(level if falls else -level) for level in (mean[:3].mean(), lowest))
    reasons = {
        "low": f"a tenth of the {change} of the {on} from {start:.3g} to {best:.3g} is done",
        "steepest": f"the {on} {changes} fastest",
        "best": f"the {on} is {'lowest' if falls else 'highest'}",
    }
    turn = f"where the {on} is lowest"
    if _changes_at_end(reading, falls=falls):
        reasons["best"] = f"the {on} still {changes} at the end of the sweep: sweep further"
        turn = f"the end of the sweep, where the {on} still falls"
    places = {key: reading.place(key) for key in reading.places_of}
    intervals = {key: reading.interval(key, confidence) for key in places}
    factor = FACTOR if falls and test.axis == "log" else 1.0
    if falls:
        shift = float(np.log10(factor))
        reasons["high"] = f"a factor of {factor:g} below {turn}"
        if test.axis != "log":
            reasons["high"] = f"the {on} is lowest"
        if 2.0 * shift > places["best"] - places["low"]:
            shift = (places["best"] - places["low"]) / 2.0
            factor = float(10.0**shift)
            reasons["high"] = (
                f"halfway down to low from {turn}, which are closer together "
                f"than a factor of {FACTOR**2:g}"
            )
        places["high"] = places["best"] - shift
        first, last = intervals["best"]
        intervals["high"] = first - shift, last - shift
    else:
        places["high"], intervals["high"] = places["slowed"], intervals["slowed"]
        reasons["high"] = f"nine tenths of the {change} of the {on} are done: it slows"
    values: dict[str, Any] = {}
    for key in ("low", "high", "steepest", "best"):
        values[key] = value_at(test, places[key])
        first, last = intervals[key]
        values[f"{key}_interval"] = (value_at(test, first), value_at(test, last))
    values["sum_to_low"] = float(test.values[test.values <= values["low"]].sum())
    return Bounds(
        name=test.name,
        factor=factor,
        reasons=reasons,
        axis=str(test.axis),
        on=on,
        reference=test.reference,
        **values,
    )
