"""``Ramp``: from one value to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from hypercycle.namespaces.namespace import Namespace, Waveform, apply
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number, is_traced
from hypercycle.numbers.lengths import (
    Facts,
    Length,
    Units,
    checked_length,
    in_steps,
    resolved_length,
)
from hypercycle.schedules.between import (
    Space,
    bounds_in,
    checked_space,
    curve_between,
    traced_between,
    value_between,
)
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
        Whole steps >= 0, or a length with a unit. 0 is at the end at once. ``"rest"`` as a part
        of a :class:`~hypercycle.Chain`: what the others leave of the run.
    waveform
        A registered name or a function ``w(x, xp)``.
    space
        ``"linear"``, as above; ``"log"``: geometric, ``start^(1 − w)·end^w``; ``"log1m"``: 1 −
        value is geometric. As in :class:`~hypercycle.Cycle`.

    Raises
    ------
    TypeError, ValueError
        As :class:`~hypercycle.Cycle` does.

    Examples
    --------
    >>> warm = Ramp(0.0, 0.5, steps=5)
    >>> [warm(step) for step in (0, 1, 5, 6)]
    [0.0, 0.1, 0.5, 0.5]
    >>> decay = Ramp(0.9, 0.9999, steps=3, space="log1m")
    >>> [round(decay(step), 6) for step in range(4)]
    [0.9, 0.99, 0.999, 0.9999]
    """

    start: float
    end: float
    steps: Length
    waveform: str | Waveform = "linear"
    space: Space = "linear"

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", finite_number(self.start, "start"))
        object.__setattr__(self, "end", finite_number(self.end, "end"))
        object.__setattr__(self, "steps", checked_length(self.steps, "steps", rest=True))
        _ = checked_space(self.space, start=self.start, end=self.end)
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
        if is_traced(self.start) or is_traced(self.end):
            w = apply(self.function, xp, x)
            return traced_between(w, self.start, self.end, self.space, xp)
        return self.value_at(x, self.bounds, xp)

    def value_at(self, x: Any, bounds: Sequence[Any], xp: Namespace) -> Any:
        """Return values at ``x`` in [0, 1] between ``bounds``, which may be another ramp's."""
        return value_between(apply(self.function, xp, x), bounds, self.space, xp)

    @property
    def bounds(self) -> tuple[float, ...]:
        """The start, the end, the lower of them and the higher, and what a space adds."""
        return bounds_in(self.space, self.start, self.end)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the waveform is a user's own."""
        if is_traced(self.start) or is_traced(self.end):
            return None
        curve = curve_between(self.bounds, self.space)
        return ramp_at(self.start, self.end, self.length, self.function, curve=curve)

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

    def resolve(self, **facts: Unpack[Facts]) -> Ramp:
        """Return the ramp with its length in steps."""
        return self.with_length(resolved_length(self.steps, "steps", Units(**facts)))

    @property
    def own_length(self) -> Length:
        """Its steps, as they were given."""
        return self.steps

    def with_length(self, steps: int) -> Ramp:
        """Return the ramp with that length in steps."""
        return replace(self, steps=steps)
