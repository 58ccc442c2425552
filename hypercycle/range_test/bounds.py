"""``Bounds``: the two points that a range test's curve shows, how sure they are, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from hypercycle.drawing.preformatted import preformatted
from hypercycle.numbers.checks import finite_number
from hypercycle.numbers.lengths import Length
from hypercycle.range_test.planning import ExplainedPlan, plan_run
from hypercycle.range_test.reading import (
    FEWEST_POINTS,
    Reading,
    Recorded,
    points_of,
    reading_of,
    value_at,
)
from hypercycle.range_test.stopping import spoiled_because
from hypercycle.schedules.cycle import Cycle

# How far below the lowest point a loss curve's high bound is taken, on a logarithmic axis.
FACTOR = 3.0

# Part of the curves drawn that may still be falling at the end.
_FALLING_AT_END = 0.1
# After the rise of a metric has slowed, it is at most this steep, relative to the rise.
_SLOWED = 1.0 / 3.0
# Bounds are printed in so many columns, of which the last are the reasons.
_COLUMNS, _REASONS_AT = 80, 44


@dataclass(frozen=True)
class Bounds:
    """The bounds that a range test shows, each with the interval that holds it and the reason.

    A smooth curve is fitted through the losses over the logarithm of the values (or the values:
    ``axis`` of :class:`RangeTest`), and 400 more curves are drawn that the noise makes as likely.
    Each bound is the median of its place in all of them, its interval holds the middle 90 %.

    Attributes
    ----------
    name
        The hyperparameter.
    low
        Where a tenth of the descent is done: training has begun to work. The base of a cycle.
    high
        What to take as the maximum of a cycle. On a loss curve: ``best / factor``. On a metric's:
        where the rise slows, nine tenths of it done.
    steepest
        Where the slope over the axis is greatest.
    best
        Where the curve turns: the loss is lowest, the metric highest. In a flat valley, the middle
        of what is within 2 % of the descent of the lowest point, or within two standard deviations
        of the curve there.
    low_interval
        ``(from, to)``: where low lies with the confidence asked for.
    high_interval
        The same of high.
    steepest_interval
        The same of steepest.
    best_interval
        The same of best.
    factor
        How far ``high`` lies below ``best`` on a loss curve: 3 on a logarithmic axis, less where
        that would be near ``low``; 1 on a linear one, and on a metric's curve.
    reasons
        For each of "low", "steepest", "best" and "high", how it was found, in words.
    axis
        "log" or "linear".
    on
        The curve that was read.
    reference
        As in :class:`RangeTest`.

    Examples
    --------
    >>> from hypercycle import RangeTest
    >>> values = np.geomspace(1e-6, 1.0, 100)
    >>> losses = 2.3 - 1.5 / (1 + (1e-3 / values) ** 1.5) + 5 * values**2
    >>> bounds = RangeTest(values, losses).bounds()
    >>> print(bounds)
    lr, read off the loss
      low       0.00023   0.000214 to 0.000247  a tenth of the descent of the loss
                                                from 2.3 to 0.813 is done
      steepest  0.00107   0.00087 to 0.00115    the loss falls fastest
      best      0.0305    0.0284 to 0.0401      the loss is lowest
      high      0.0102    0.00948 to 0.0134     a factor of 3 below where the loss
                                                is lowest
    >>> bounds.cycle(step_size_up=2000).high == bounds.high
    True
    """

    name: str
    low: float
    high: float
    steepest: float
    best: float
    low_interval: tuple[float, float]
    high_interval: tuple[float, float]
    steepest_interval: tuple[float, float]
    best_interval: tuple[float, float]
    factor: float
    reasons: Mapping[str, str] = field(hash=False)
    axis: str = "log"
    on: str = "loss"
    reference: float | None = None

    def __str__(self) -> str:
        lines = [f"{self.name}, read off the {self.on}"]
        for part in ("low", "steepest", "best", "high"):
            first, last = getattr(self, f"{part}_interval")
            numbers = f"  {part:<8}  {getattr(self, part):<8.3g}  {first:.3g} to {last:.3g}"
            lines += textwrap.wrap(
                self.reasons[part],
                _COLUMNS,
                initial_indent=f"{numbers:<{_REASONS_AT}}",
                subsequent_indent=" " * _REASONS_AT,
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(str(self))

    def cycle(
        self,
        step_size_up: Length,
        step_size_down: Length | None = None,
        *,
        relative: bool = False,
        **options: Any,
    ) -> Cycle:
        """Return the cycle between low and high; everything else as in :class:`Cycle`.

        With ``relative=True`` it is that of ``low / reference`` and ``high / reference``, for
        ``attach(optimizer, lr=…, relative="lr")``, which multiplies the own value of each parameter
        group: the group with the largest gets the bounds, the others keep their ratio to it, as
        they did in the sweep.

        Raises
        ------
        ValueError
            If it is to be relative, and it is not known to what.
        """
        low, high = self._ends(relative=relative)
        cycle = Cycle(low, high, step_size_up, step_size_down, **options)
        return self._marked(cycle, relative=relative)

    def _ends(self, *, relative: bool) -> tuple[float, float]:
        if not relative:
            return self.low, self.high
        if self.reference is None:
            raise ValueError(
                f"relative=True gives multiples of the {self.name} from before the sweep, which "
                "was not recorded, or was 0: RangeTest(…, reference=0.1) tells it"
            )
        return self.low / self.reference, self.high / self.reference

    def _marked(self, cycle: Cycle, *, relative: bool) -> Cycle:
        """Have ``attach`` refuse what would multiply by values, or assign multiples."""
        if self.reference != 1.0:
            object.__setattr__(cycle, "multiplies", relative)
        return cycle

    def plan(
        self,
        epochs: float,
        steps_per_epoch: int,
        *,
        cycles: int | None = None,
        momentum: tuple[float, float] | None = (0.85, 0.95),
        relative: bool = False,
        **options: Any,
    ) -> ExplainedPlan:
        """Return the plan of a whole run: whole cycles between the bounds, momentum opposite.

        L. N. Smith, arXiv:1506.01186, section 3.2: a step size of 2 to 10 epochs, at least 3
        cycles and better 4, and an end where a cycle ends. So there are 4 cycles, or as many more
        or fewer as the step size needs; the step size is rounded down to whole steps, and for the
        few steps that are left the values stay where the last cycle ended.

        Parameters
        ----------
        epochs
            Of the run; its updates, ``epochs · steps_per_epoch``, are rounded to a whole number.
        steps_per_epoch
            Optimizer updates per epoch.
        cycles
            Their number, instead of the rule.
        momentum
            Bounds of the momentum in opposite phase where this is ``lr``; None for none.
        relative
            As in :meth:`cycle`: the plan is for ``attach(optimizer, plan, relative="lr")``.
        options
            Of :class:`Cycle`, such as ``waveform`` and ``scale``.

        Returns
        -------
        ExplainedPlan
            A :class:`Plan` that says in ``explanation`` what was chosen, and why.

        Raises
        ------
        TypeError, ValueError
            If the run is too short for the cycles, or a number is out of range.

        Examples
        --------
        >>> from hypercycle import RangeTest
        >>> values = np.geomspace(1e-6, 1.0, 100)
        >>> losses = 2.3 - 1.5 / (1 + (1e-3 / values) ** 1.5) + 5 * values**2
        >>> plan = RangeTest(values, losses).bounds().plan(epochs=30, steps_per_epoch=391)
        >>> plan["lr"].step_size_up, plan["lr"].cycles
        (1466, 4)
        >>> for line in plan.explanation.split("; "):
        ...     print(line)
        4 cycles of 2 × 1466 steps (3.75 epochs up, 3.75 down) in 30 epochs of 391 steps
        the last 2 of 11730 steps stay where the last cycle ends
        """
        plan = plan_run(
            self.name,
            self._ends(relative=relative),
            epochs,
            steps_per_epoch,
            cycles=cycles,
            momentum=momentum,
            options=options,
        )
        self._marked(plan[self.name], relative=relative)
        return plan


@dataclass(frozen=True)
class NoBounds:
    """What a range test gives that shows no bounds. It is falsy.

    Asking it for what :class:`Bounds` has raises a ValueError with the reason.

    Attributes
    ----------
    name
        The hyperparameter.
    reason
        Why there are none, and what to do.
    on
        The curve that was read.

    Examples
    --------
    >>> from hypercycle import RangeTest
    >>> nothing = RangeTest(np.geomspace(1e-6, 1.0, 100), np.ones(100)).bounds()
    >>> print(nothing)
    no bounds found for lr, because the loss never changes
    """

    name: str
    reason: str
    on: str = "loss"

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"no bounds found for {self.name}, because {self.reason}"

    def _repr_html_(self) -> str:
        return preformatted(str(self))

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute in Bounds.__dataclass_fields__ or attribute in ("cycle", "plan"):
            raise ValueError(f"there is no {attribute}: {self}")
        raise AttributeError(f"'NoBounds' object has no attribute {attribute!r}")


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
    mean = reading.curve.mean
    turn = int(mean.argmin())
    if turn < 2 or not reading.is_clear:
        usual = (
            f"there is no {change} that stands out of the noise; sweep over other values, take "
            "more steps or repeat the sweep"
        )
        return (
            f"the {on} never {changes}s clearly from where it starts: "
            f"{spoiled_because(test) or usual}"
        )
    low, slowed, best = (
        float(np.median(reading.places_of[key])) for key in ("low", "slowed", "best")
    )
    if _changes_at_end(reading, falls=falls):
        end = float(reading.curve.grid[-1])
        if test.axis != "log" or end - low < 2.0 * np.log10(FACTOR):
            return (
                f"the {on} still {changes}s, or has only just stopped, at the end of the sweep at "
                f"{test.name}={value_at(test, end):.3g}, so the high bound is unknown: sweep "
                f"further (the low bound is about {value_at(test, low):.3g})"
            )
    if not low < (best if falls else slowed):
        return f"the noise is too heavy to tell the start of the {change} from its end"
    return ""


def _changes_at_end(reading: Reading, *, falls: bool) -> bool:
    """Return whether the curve has not turned yet, or only just, where the sweep ends."""
    low, slowed = (float(np.median(reading.places_of[key])) for key in ("low", "slowed"))
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
    places = {key: float(np.median(found)) for key, found in reading.places_of.items()}
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
    return Bounds(
        name=test.name,
        factor=factor,
        reasons=reasons,
        axis=str(test.axis),
        on=on,
        reference=test.reference,
        **values,
    )
