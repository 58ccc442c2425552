"""What ended a range test: its last value, divergence, or a loss that is not finite."""

from __future__ import annotations

import math

import numpy as np

from hypercycle.namespaces.namespace import Floats
from hypercycle.range_test.divergence import WINDOW, points_to_keep
from hypercycle.range_test.reading import Recorded

BEFORE_ANY = "before any update was made: it is the batch or the model, not the rate"


def reached_end(name: str, value: float) -> str:
    """Return what is said of a sweep that has made all its updates."""
    return f"the sweep reached its end at {name}={value:.3g}"


def diverged(name: str, value: float) -> str:
    """Return what is said of one that has diverged."""
    return f"the loss diverged at {name}={value:.3g}"


def not_finite(loss: float, update: int, name: str, value: float) -> str:
    """Return what is said of one that ended with such a loss; updates count from 1."""
    return f"the loss of update {update} is {loss}, at {name}={value:.3g}"


def stopped_because(test: Recorded) -> str:
    """Return what :attr:`RangeTest.stopped_because` says."""
    runs = np.atleast_2d(test.losses)
    shortest = min(range(len(runs)), key=lambda index: _length(runs[index]))
    run = runs[shortest]
    length = _length(run)
    prefix = f"in run {shortest + 1} of {len(runs)}, " if len(runs) > 1 else ""
    last = test.values[length - 1].item() if length else math.nan
    if _diverges_at_its_end(run[:length]):
        return prefix + diverged(test.name, last)
    if length == len(run):
        return prefix + reached_end(test.name, last)
    return prefix + not_finite(
        run[length].item(), length + 1, test.name, test.values[length].item()
    )


def spoiled_because(test: Recorded) -> str:
    """Return why the loss that is not finite came too early; nothing if none ended the sweep.

    One that comes before the loss has fallen or risen is probably the batch's, not the rate's.
    """
    runs = np.atleast_2d(test.losses)
    run = min(runs, key=_length)
    length = _length(run)
    if length == len(run) or _diverges_at_its_end(run[:length]):
        return ""
    stopped = stopped_because(test)
    if length == 0:
        return f"{stopped}, {BEFORE_ANY}"
    before = run[:length][np.isfinite(run[:length])]
    start = float(np.median(before[: min(WINDOW, max(1, len(before) // 2))]))
    change = before[-1].item() - start
    if change > abs(start):
        return f"{stopped}, and it had risen before: start lower"
    if change < -0.5 * abs(start):
        return f"{stopped}: take more steps, or start lower"
    return (
        f"{stopped}, where nothing had been learnt yet, so that it is probably the batch: look for "
        f"nan and inf in what update {length + 1} was trained on; if there are none, start lower"
    )


def _length(run: Floats) -> int:
    """Return the number of losses up to the last finite one; NaN fills up those of shorter runs."""
    finite = np.flatnonzero(np.isfinite(run))
    return int(finite[-1]) + 1 if finite.size else 0


def _diverges_at_its_end(losses: Floats) -> bool:
    """Return whether the last of these losses, and none before, is where the recorder stops."""
    return (
        len(losses) >= WINDOW
        and points_to_keep(losses) == len(losses)
        and points_to_keep([*losses, 0.0]) == len(losses)
    )
