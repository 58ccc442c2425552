"""``Held``: a schedule whose value changes once in so many steps, such as once per epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.clock import Event
from hypercycle.numbers.lengths import (
    Facts,
    Length,
    Units,
    checked_length,
    in_steps,
    resolved_length,
)
from hypercycle.numbers.marks import Marks
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.retimed import Retimed
from hypercycle.schedules.scalars import OneValue


@dataclass(frozen=True, repr=False)
class Held(Retimed):
    r"""A schedule that is asked once in so many steps, and holds its value in between.

    .. math:: value = schedule(\\lfloor step / steps \\rfloor \\cdot steps)

    ``Held(schedule, "1ep")`` changes once per epoch, as schedulers do that are stepped there.
    Events are those of the schedule, at their own steps.

    Parameters
    ----------
    schedule
        A schedule, or a function of the step.
    steps
        How long a value is held: whole steps >= 1, or a length with a unit.

    Raises
    ------
    TypeError, ValueError
        If the schedule is none, or ``steps`` is no length of at least one step.

    Examples
    --------
    >>> from hypercycle import Ramp
    >>> stairs = Held(Ramp(1.0, 0.0, 8), steps=4)
    >>> [stairs(step) for step in (0, 3, 4, 7, 8)]
    [1.0, 1.0, 0.5, 0.5, 0.0]
    """

    schedule: Any
    steps: Length

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", as_schedule(self.schedule, "the schedule"))
        object.__setattr__(self, "steps", checked_length(self.steps, "steps", minimum=1))

    def __repr__(self) -> str:
        return record_repr(self, positional=("schedule", "steps"))

    @computed_once
    def _steps(self) -> int:
        return in_steps(self.steps, "steps")

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        return self.schedule.evaluate(step // self._steps * self._steps, xp)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the schedule has none."""
        at, steps = self.schedule.at_one_step, self._steps
        return None if at is None else lambda step: at(step // steps * steps)

    @property
    def length(self) -> int | None:
        """Steps until the value holds; None if it never does."""
        length = self.schedule.length
        return None if length is None else -(-length // self._steps) * self._steps

    @property
    def least_count(self) -> int:
        """Steps until the schedule ends, or turns, and is asked again."""
        return max(int(self.schedule.least_count), self._steps)

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        return super().resolved and isinstance(self.steps, int)

    def resolve(self, **facts: Unpack[Facts]) -> Held:
        """Return the same with all lengths in steps."""
        steps = resolved_length(self.steps, "steps", Units(**facts))
        return Held(self.schedule.resolve(**facts), steps)

    def events(self, step: int, marks: Marks = ()) -> list[Event]:
        """Return the events of the schedule."""
        events: list[Event] = self.schedule.events(step, marks)
        return events
