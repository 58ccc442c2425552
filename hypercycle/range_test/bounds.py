"""``Bounds``: the two points that a range test's curve shows, how sure they are, and why."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from hypercycle.numbers.lengths import Length
from hypercycle.range_test.planning import ExplainedPlan, plan_run
from hypercycle.schedules.cycle import Cycle

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
    sum_to_low
        The values of all updates up to low, added up. Of learning rates this sum, rate times
        updates, decides how much is learnt: a sweep of twice as many steps finds half of low, and
        at a fixed rate training begins to work after ``sum_to_low / rate`` updates.
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
    Training at a fixed rate begins to work after 0.0015 / rate updates.
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
    sum_to_low: float = np.nan
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
        if self.name == "lr" and np.isfinite(self.sum_to_low):
            lines.append(
                f"Training at a fixed rate begins to work after {self.sum_to_low:.2g} / rate "
                "updates."
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


def preformatted(text: str) -> str:
    """Return what a notebook displays of a text: the same, its columns below each other."""
    return f'<pre style="white-space: pre-wrap">{html.escape(text)}</pre>'
