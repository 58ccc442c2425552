"""``Ramp``: from one value to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypercycle.namespaces.namespace import Namespace, Waveform, apply
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number, is_traced
from hypercycle.numbers.lengths import Length, Units, checked_length, in_steps, resolved_length
from hypercycle.schedules.between import between
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue, ramp_at
from hypercycle.schedules.schedule import Record
from hypercycle.shapes.registry import by_name, is_named_waveform, waveform_function


@dataclass(frozen=True, repr=False)
class Ramp(Record):
    r"""From ``start`` to ``end`` in ``steps`` steps, then ``end`` for ever.

    .. math:: value = start \\cdot (1 - w(x)) + end \\cdot w(x), \\qquad x = \\min(step/steps, 1)

    Parameters
    ----------
    start, end
        The values at step 0 and from step ``steps`` on; either may be the greater.
    steps
        Whole steps >= 0, or a length with a unit. 0 is at the end at once.
    waveform
        A registered name or a function ``w(x, xp)``.

    Raises
    ------
    TypeError, ValueError
        As :class:`~hypercycle.Cycle` does.

    Examples
    --------
    >>> warm = Ramp(0.0, 0.5, steps=5)
    >>> [warm(step) for step in (0, 1, 5, 6)]
    [0.0, 0.1, 0.5, 0.5]
    """

    start: float
    end: float
    steps: Length
    waveform: str | Waveform = "linear"

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", finite_number(self.start, "start"))
        object.__setattr__(self, "end", finite_number(self.end, "end"))
        object.__setattr__(self, "steps", checked_length(self.steps, "steps"))
        _ = self.function
        object.__setattr__(self, "waveform", by_name(self.waveform))

    def __repr__(self) -> str:
        return record_repr(self, positional=("start", "end", "steps"))

    def check_names(self) -> None:
        """Raise ValueError if no waveform has such a name here."""
        _ = self.function

    @computed_once
    def function(self) -> Waveform:
        """Its waveform."""
        return waveform_function(self.waveform)

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        steps = self.length
        if steps == 0:
            return self.end
        x = xp.to_float(xp.clip(step, 0, steps)) / float(steps)
        if is_traced(self.start) or is_traced(self.end):  # whose order is not known
            w = apply(self.function, xp, x)
            return self.start * (1.0 - w) + self.end * w
        return self.value_at(x, self.bounds, xp)

    def value_at(self, x: Any, bounds: Sequence[Any], xp: Namespace) -> Any:
        """Return values at ``x`` in [0, 1] between ``bounds``, which may be another ramp's."""
        start, end, least, most = bounds
        return between(apply(self.function, xp, x), start, end, least, most, xp)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The start, the end, the lower of them and the higher."""
        start, end = self.start, self.end
        return start, end, min(start, end), max(start, end)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the waveform is a user's own."""
        return ramp_at(self.start, self.end, self.length, self.function)

    @property
    def precomputable(self) -> bool:
        """Whether its waveform is a named one; another may look at training."""
        return is_named_waveform(self.waveform)

    def reached(self) -> list[float]:
        """Return both ends."""
        return [self.start, self.end]

    @property
    def length(self) -> int:
        """Steps until it holds."""
        return in_steps(self.steps, "steps")

    @property
    def resolved(self) -> bool:
        """Whether the length is in steps."""
        return isinstance(self.steps, int)

    def resolve(
        self, *, steps_per_epoch: int | None = None, total_steps: int | None = None
    ) -> Ramp:
        """Return the ramp with its length in steps."""
        steps = resolved_length(self.steps, "steps", Units(steps_per_epoch, total_steps))
        return Ramp(self.start, self.end, steps, self.waveform)
