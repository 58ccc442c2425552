"""What a schedule is: any function of the step; and ``Record``, which ours are."""

from __future__ import annotations

import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, fields
from typing import Any, Self, Unpack

from hypercycle.namespaces.evaluation import evaluate_at
from hypercycle.namespaces.namespace import ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number, is_traced
from hypercycle.numbers.clock import Event
from hypercycle.numbers.lengths import Facts, Length, Units
from hypercycle.numbers.marks import Marks
from hypercycle.schedules.between import between
from hypercycle.schedules.scalars import OneValue
from hypercycle.shapes.carrying import register_again, registered_names

_NAMES = "names registered at run time"

Schedule = Callable[[Any], Any]
"""Anything that gives a value for a step: our records, or a function of an int."""


class Record(ABC):
    """A schedule that can say what it does.

    A kind of schedule computes its values in ``evaluate``, and answers what is different about it.
    """

    def __getstate__(self) -> dict[str, Any]:
        # The fields alone: what is cached beside them is found again.
        record: Any = self
        state = {field.name: getattr(self, field.name) for field in fields(record)}
        names = registered_names(state.values())
        return state | {_NAMES: names} if names else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        register_again(state.get(_NAMES, {}))
        vars(self).update({name: value for name, value in state.items() if name != _NAMES})
        try:
            self.check_names()
        except ValueError as error:
            error.add_note(
                "(What one process registers, another knows if it imports the module that does so.)"
            )
            raise

    def check_names(self) -> None:  # noqa: B027  (most records have no names)
        """Raise ValueError if a name is not known here, as it may be in another process."""

    def __call__(self, step: Any) -> Any:
        """Return the value at ``step``: a float for an int, an array for an array of steps.

        Raises
        ------
        TypeError, ValueError
            If the step is not a whole number or negative, or a length has an unresolved unit.
        OverflowError
            If the value is not finite (a scale that grows without end).
        """
        if type(step) is int and step >= 0:
            try:
                at = self.at_one_step
                if at is not None:
                    return at(step)
            except (ArithmeticError, ValueError):
                pass  # evaluate_at says what is wrong
        return evaluate_at(self, step)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function, made once; None if there is a user's function."""
        return None

    @abstractmethod
    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""

    # What it is made of.

    @property
    def schedules(self) -> tuple[Record, ...]:
        """The schedules that it is made of."""
        return ()

    @property
    def precomputable(self) -> bool:
        """Whether values of later steps may be computed now."""
        return all(part.precomputable for part in self.schedules)

    def reached(self) -> list[float]:
        """Return the bounds between which it moves, before any scale policy; [] if unknown."""
        return []

    def known_range(self) -> tuple[float, float] | None:
        """Return the least and the greatest bound that it reaches; None if they are not known."""
        reached = self.reached()
        if not reached or any(map(is_traced, reached)):
            return None
        return min(reached), max(reached)

    @property
    def whole(self) -> bool:
        """Whether all its values are known to be whole numbers."""
        return False

    def opposite(self, low: float, high: float) -> Record:
        r"""Return the schedule that is at ``high`` where this one is lowest, and the other way.

        .. math:: value = high \cdot (1 - y) + low \cdot y, \qquad y = (v - least)/(most - least)

        where ``v`` is this schedule's value, between its bounds ``least`` and ``most`` before any
        scale policy. Both bounds are hit exactly, and never left: where a scale policy takes ``v``
        outside of its own, the bound that is nearer holds.

        Raises
        ------
        TypeError, ValueError
            If a bound is not a finite number or the two are reversed; if it is not known between
            which bounds this schedule moves (a function of yours), or it does not move.

        Examples
        --------
        >>> from hypercycle import Chain, Ramp
        >>> lr = Chain(Ramp(0.0, 0.1, 4), (0.1, 10), Ramp(0.1, 0.0, 2))
        >>> beta1 = lr.opposite(0.85, 0.95)
        >>> [beta1(step) for step in (0, 4, 14, 16)]
        [0.95, 0.85, 0.85, 0.95]
        """
        return Opposite(self, low, high)

    @property
    def shape(self) -> Hashable | None:
        """What equal ones differ from in their bounds alone: ``anchor·(1 − y) + other·y``."""
        return None

    # When.

    @property
    def length(self) -> int | None:
        """Steps until the value holds; None if it never does, or that is unknown."""
        return None

    @property
    def repeats_every(self) -> int | None:
        """Steps after which all values repeat for ever; None if they do not."""
        return None

    @property
    def has_cycles(self) -> bool:
        """Whether there are cycles in it, whose ends are events."""
        return any(part.has_cycles for part in self.schedules)

    @property
    def least_count(self) -> int:
        """How far a count of steps must go for the schedule to end, or to turn."""
        return self.length or 0

    def shown_in(self, cycles: int) -> int:
        """Return the steps that show what it does: its length, or so many cycles; 0 for any."""
        if self.length is not None:
            return self.length
        return max((part.shown_in(cycles) for part in self.schedules), default=0)

    def cycles_within(self, steps: int) -> int:
        """Return how many cycles begin in its first steps."""
        return max((part.cycles_within(steps) for part in self.schedules), default=0)

    def ends(self, first: int, last: int) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which a cycle or a part ends."""
        for part in self.schedules:
            yield from part.ends(first, last)

    def events(self, step: int, marks: Marks = ()) -> list[Event]:
        """Return what happens when training moves onto ``step``; nothing without cycles."""
        del step, marks
        return []

    def event_steps(self, first: int, last: int, marks: Marks = ()) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which something may happen, in order.

        A step may come more than once.
        """
        yield from heapq.merge(*(part.event_steps(first, last, marks) for part in self.schedules))

    def events_between(self, first: int, last: int, marks: Marks = ()) -> Iterator[Event]:
        """Yield the events of the steps from ``first + 1`` to ``last``, in order."""
        told = first
        for step in self.event_steps(first, last, marks):
            if step > told:
                told = step
                yield from self.events(step, marks)

    # Lengths with units.

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        return all(part.resolved for part in self.schedules)

    def resolve(self, **facts: Unpack[Facts]) -> Self:
        """Return the schedule with all lengths in steps; ``facts`` as in :meth:`Plan.resolve`."""
        Units(**facts)  # refuses what is not a number of steps
        return self

    @property
    def own_length(self) -> Length | None:
        """The one length that is all of its own, which a chain may round; None if it has others."""
        return None

    def with_length(self, steps: int) -> Self:
        """Return the schedule with that length in steps."""
        raise TypeError(f"{type(self).__name__} has no length of its own, got {steps=}")


@dataclass(frozen=True, repr=False)
class Opposite(Record):
    """What :meth:`Record.opposite` returns; a :class:`~hypercycle.Cycle` has a cycle instead."""

    schedule: Record
    low: float
    high: float

    def __post_init__(self) -> None:
        low, high = finite_number(self.low, "low"), finite_number(self.high, "high")
        if low > high:
            raise ValueError(f"low must not be above high, got {low=}, {high=}")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        known = self.schedule.known_range()
        if known is None and not self.schedule.resolved:
            return  # of a power law they are known when its lengths are
        if known is None:
            raise ValueError(
                f"{self.schedule!r} has no opposite: it is not known between which bounds it moves"
            )
        least, most = known
        if least == most:
            raise ValueError(f"{self.schedule!r} has no opposite: it does not move")
        if not math.isfinite(most - least):
            raise ValueError(
                f"{self.schedule!r} has no opposite: its bounds {least} and {most} are too far "
                "apart for float64"
            )

    def __repr__(self) -> str:
        return f"{self.schedule!r}.opposite({self.low!r}, {self.high!r})"

    @property
    def schedules(self) -> tuple[Record, ...]:
        """The schedule that this one is the opposite of."""
        return (self.schedule,)

    @computed_once
    def _range(self) -> tuple[float, float]:
        return self.schedule.known_range() or (0.0, 1.0)  # which __post_init__ has refused

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        least, most = self._range
        y = (self.schedule.evaluate(step, xp) - least) / (most - least)
        value = between(y, self.high, self.low, self.low, self.high, xp)
        return max(self.low, min(value, self.high)) if xp is ONE_STEP else value

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the schedule has none."""
        at = self.schedule.at_one_step
        if at is None:
            return None
        low, high, (least, most) = self.low, self.high, self._range

        def value(step: int) -> float:
            y = (at(step) - least) / (most - least)
            return max(low, min(high * (1.0 - y) + low * y, high))

        return value

    def reached(self) -> list[float]:
        """Return both bounds."""
        return [self.low, self.high]

    @property
    def length(self) -> int | None:
        """Steps until the schedule holds."""
        return self.schedule.length

    @property
    def own_length(self) -> Length | None:
        """That of the schedule."""
        return self.schedule.own_length

    def with_length(self, steps: int) -> Opposite:
        """Return the opposite of the schedule of that length."""
        return Opposite(self.schedule.with_length(steps), self.low, self.high)

    def resolve(self, **facts: Unpack[Facts]) -> Opposite:
        """Return the opposite of the schedule with all lengths in steps."""
        return Opposite(self.schedule.resolve(**facts), self.low, self.high)

    def events(self, step: int, marks: Marks = ()) -> list[Event]:
        """Return the events of the schedule."""
        return self.schedule.events(step, marks)
