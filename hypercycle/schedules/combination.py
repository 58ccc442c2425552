"""Schedules that are computed of other schedules' values at the same step."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Self, Unpack

from hypercycle.numbers.clock import Event
from hypercycle.numbers.lengths import Facts, Length
from hypercycle.numbers.marks import Marks
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.schedule import Record


class Combination(Record):
    """A schedule whose value is computed of the values of ``schedules`` at the same step.

    It holds when all of them hold, and has the events of all.
    """

    @abstractmethod
    def of(self, *schedules: Record) -> Self:
        """Return the same of other schedules."""

    @property
    def _moving(self) -> list[Record]:
        return [one for one in self.schedules if not isinstance(one, Constant)]

    @property
    def own_length(self) -> Length | None:
        """That of the only schedule that is no constant; None if there are more."""
        moving = self._moving
        return moving[0].own_length if len(moving) == 1 else None

    def with_length(self, steps: int) -> Self:
        """Return the same with that schedule of another length."""
        if self.own_length is None:
            return super().with_length(steps)
        parts = (
            one if isinstance(one, Constant) else one.with_length(steps) for one in self.schedules
        )
        return self.of(*parts)

    @property
    def length(self) -> int | None:
        """Steps until all hold; None if one never does. A constant has held from the start."""
        lengths = [schedule.length for schedule in self._moving]
        known = [length for length in lengths if length is not None]
        return max(known, default=None) if len(known) == len(lengths) else None

    def resolve(self, **facts: Unpack[Facts]) -> Self:
        """Return the same with all lengths in steps."""
        return self.of(*(schedule.resolve(**facts) for schedule in self.schedules))

    def events(self, step: int, marks: Marks = ()) -> list[Event]:
        """Return the events of all schedules."""
        together = (event for schedule in self.schedules for event in schedule.events(step, marks))
        return list(dict.fromkeys(together))


@dataclass(frozen=True, repr=False, init=False)
class Joined(Combination):
    """Any number of schedules, each with those before it by the same function of two values."""

    parts: tuple[Any, ...]

    def __init__(self, *parts: Any) -> None:
        name = type(self).__name__
        if not parts:
            raise ValueError(f"{name} needs at least one schedule")
        schedules = (as_schedule(part, f"part {i} of {name}") for i, part in enumerate(parts))
        object.__setattr__(self, "parts", tuple(schedules))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"

    def of(self, *schedules: Record) -> Self:
        """Return the same of other schedules."""
        return type(self)(*schedules)

    @property
    def schedules(self) -> tuple[Record, ...]:
        """The schedules that it is made of."""
        return self.parts

    @property
    def whole(self) -> bool:
        """Whether all parts are."""
        return all(part.whole for part in self.parts)

    def _ranges(self) -> tuple[list[float], list[float]] | None:
        """Return the least and the greatest values of all parts; None if one is unknown."""
        known = [part.known_range() for part in self.parts]
        ranges = [one for one in known if one is not None]
        if len(ranges) < len(known):
            return None
        return [low for low, _ in ranges], [high for _, high in ranges]
