"""``Repeat``: a schedule that ends, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Unpack

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import LARGEST_LENGTH, shown, whole_number
from hypercycle.numbers.clock import Event
from hypercycle.numbers.lengths import Facts
from hypercycle.numbers.marks import Marks
from hypercycle.schedules.chain import takes_rest
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.retimed import Retimed
from hypercycle.schedules.scalars import OneValue


@dataclass(frozen=True, repr=False)
class Repeat(Retimed):
    r"""A schedule that ends, again and again.

    .. math::

        value = schedule(step - k \\cdot length), \\qquad k = \\lfloor step / length \\rfloor

    in whole-number arithmetic: step 10¹² is as exact as step 10. The step at which it ends is the
    first of the next time. After the last time the schedule's last value stays.

    Events are those of the schedule, whose cycles are numbered on from time to time. Where the
    schedule has no cycles, each time is one: its end is a ``"cycle_end"``.

    Parameters
    ----------
    schedule
        A schedule with a length: a :class:`~hypercycle.Ramp`, a :class:`~hypercycle.Chain` of
        parts that end, a :class:`~hypercycle.Cycle` with ``cycles``.
    times
        How often; None for ever.

    Raises
    ------
    TypeError, ValueError
        If the schedule never ends or has no steps, or takes the "rest" of the run, or all times
        are longer than 2**53 steps.

    Examples
    --------
    >>> from hypercycle import Chain, Ramp
    >>> period = Chain(Ramp(0.0, 1.0, 2), (1.0, 5), Ramp(1.0, 0.0, 3))
    >>> lr = Repeat(period, times=2)
    >>> [lr(step) for step in (0, 2, 7, 10, 12, 20, 99)]
    [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]
    >>> lr.events(20)
    [Event(name='cycle_end', cycle=1, step=20)]
    """

    schedule: Any
    times: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", as_schedule(self.schedule, "the schedule"))
        if self.times is not None:
            object.__setattr__(self, "times", whole_number(self.times, "times", minimum=1))
        if takes_rest(self.schedule):
            raise ValueError(
                "'rest' is what the parts of a Chain leave of the run, which leaves nothing to "
                f"repeat: give a length, such as '10%', got {shown(self.schedule)}"
            )
        if self.resolved:
            _ = self.period

    def __repr__(self) -> str:
        return record_repr(self, positional=("schedule",))

    @computed_once
    def period(self) -> int:
        """Steps of one time."""
        length = self.schedule.length
        if length is None:
            raise ValueError(
                "Repeat needs a schedule that ends: give its length, as in "
                f"Chain((schedule, 2000)), got {self.schedule!r}"
            )
        if length == 0:
            raise ValueError(f"Repeat needs a schedule of at least one step, got {self.schedule!r}")
        if length * (self.times or 1) > LARGEST_LENGTH:
            raise ValueError(f"Repeat is longer than 2**53 steps: {self.times} times {length}")
        return int(length)

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        period = self.period
        if self.times is None:
            return self.schedule.evaluate(step % period, xp)
        if period > xp.largest_step:
            raise OverflowError(f"a period is longer than {xp.largest_step} steps")
        step = xp.clip(step, 0, self.times * period)
        time = xp.clip(step // period, 0, self.times - 1)
        return self.schedule.evaluate(step - time * period, xp)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the schedule has none."""
        at, period, end = self.schedule.at_one_step, self.period, self.length
        if at is None:
            return None
        if end is None:
            return lambda step: at(step % period)
        return lambda step: at(step % period if step < end else period)

    @property
    def length(self) -> int | None:
        """Steps until the last time ends; None without one."""
        return None if self.times is None else self.times * self.period

    @property
    def repeats_every(self) -> int | None:
        """The length of the schedule, where it is repeated for ever."""
        return self.period if self.times is None else None

    @property
    def has_cycles(self) -> bool:
        """Yes."""
        return True

    @property
    def least_count(self) -> int:
        """Steps of the first time."""
        return self.period

    def shown_in(self, cycles: int) -> int:
        """Return its length, or the steps of so many times."""
        return self.period * cycles if self.length is None else self.length

    def resolve(self, **facts: Unpack[Facts]) -> Repeat:
        """Return the same with all lengths in steps."""
        return Repeat(self.schedule.resolve(**facts), self.times)

    # Cycles.

    @computed_once
    def _cycles_each(self) -> int:
        """How many cycles there are in each time: those of the schedule, or the time itself."""
        return max(int(self.schedule.cycles_within(self.period)), 1)

    def cycles_within(self, steps: int) -> int:
        """Return how many cycles begin in its first steps."""
        time = (min(steps, self.length or steps) - 1) // self.period
        within: int = self.schedule.cycles_within(steps - time * self.period)
        return time * self._cycles_each + max(within, 1)

    def ends(self, first: int, last: int) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which a time, or a part in it, ends."""
        period = self.period
        last = last if self.length is None else min(last, self.length)
        for start in range(max(first, 0) // period * period, last, period):
            within = self.schedule.ends(max(first - start, 0), min(last - start, period))
            yield from (start + step for step in within)
            if first < start + period <= last:
                yield start + period

    def event_steps(self, first: int, last: int, marks: Marks = ()) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which something may happen."""
        period = self.period
        last = last if self.length is None else min(last, self.length)
        for start in range(max(first, 0) // period * period, last + 1, period):
            if first < start:
                yield start
            within = max(first - start, 0), min(last - start, period)
            yield from (start + step for step in self.schedule.event_steps(*within, marks))

    def events(self, step: int, marks: Marks = ()) -> list[Event]:
        """Return what happens at ``step``; cycles are numbered on from time to time."""
        step = whole_number(step, "step")
        if self.length is not None and step > self.length:
            return []
        time, local = divmod(step, self.period)
        happened = []
        if local == 0 and time > 0:
            events = self._events_of(time - 1, self.period, marks) or []
            if step != self.length:
                # The next time's value has taken effect: only what was completed counts.
                ends = [i for i, event in enumerate(events) if event.name == "cycle_end"]
                events = events[: ends[-1] + 1] if ends else []
            happened += events
        if step != self.length:
            happened += self._events_of(time, local, marks)
        return happened

    def _events_of(self, time: int, local: int, marks: Marks) -> list[Event]:
        step, before = time * self.period + local, time * self._cycles_each
        if self.schedule.has_cycles:
            return [
                event._replace(cycle=event.cycle + before, step=step)
                for event in self.schedule.events(local, marks)
            ]
        return [Event("cycle_end", time, step)] if local == self.period else []
