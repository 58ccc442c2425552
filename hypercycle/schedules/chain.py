"""``Chain``: one schedule after the other."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import shown, whole_number
from hypercycle.numbers.clock import Event
from hypercycle.numbers.lengths import Units, checked_length, in_steps, resolved_length
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.scalars import OneValue, chain_at
from hypercycle.schedules.schedule import Record
from hypercycle.schedules.stacked import Parts

# Parts that a traced program has one by one: tables cost more than so few.
_FEW = 4


@dataclass(frozen=True, repr=False, init=False)
class Chain(Record):
    """One schedule after the other, each counting its steps from 0.

    Every part but the last must have an end: a :class:`Ramp`, a :class:`~hypercycle.Cycle` with
    ``cycles``, a chain of such, or a pair ``(schedule, steps)``, which cuts (or stretches, by
    holding) a schedule to that length. After the end of the last part the value stays. Finding the
    part of a step is a binary search.

    Raises
    ------
    TypeError, ValueError
        If there is no part, a part is not a schedule, or one before the last never ends.

    Examples
    --------
    >>> from hypercycle import Constant, Ramp
    >>> chain = Chain(Ramp(0.0, 1.0, 4), (Constant(1.0), 10), Ramp(1.0, 0.0, 2))
    >>> [chain(step) for step in (0, 2, 4, 13, 14, 15, 16, 99)]
    [0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    """

    parts: tuple[Any, ...]

    def __init__(self, *parts: Any) -> None:
        object.__setattr__(self, "parts", tuple(_checked_part(p, i) for i, p in enumerate(parts)))
        if not parts:
            raise ValueError("Chain needs at least one part")
        if self.resolved:
            _ = self._starts

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self.parts))})"

    @computed_once
    def schedules(self) -> tuple[Record, ...]:
        """The schedules of the parts, without their lengths."""
        return tuple(part[0] if isinstance(part, tuple) else part for part in self.parts)

    @computed_once
    def _lengths(self) -> tuple[int | None, ...]:
        return tuple(
            in_steps(part[1], "steps") if isinstance(part, tuple) else part.length
            for part in self.parts
        )

    @computed_once
    def _starts(self) -> list[int]:
        starts = [0]
        for number, length in enumerate(self._lengths[:-1]):
            if length is None:
                raise ValueError(
                    f"part {number} of Chain never ends, so nothing can follow it: give its "
                    f"length as (schedule, steps), got {self.parts[number]!r}"
                )
            starts.append(starts[-1] + length)
        return starts

    @property
    def length(self) -> int | None:
        """Steps until the last part holds; None if it never does."""
        last = self._lengths[-1]
        return None if last is None else self._starts[-1] + last

    @property
    def least_count(self) -> int:
        """Steps of all parts that end."""
        return sum(length or 0 for length in self._lengths)

    def shown_in(self, cycles: int) -> int:
        """Return the steps of all parts, of a last one without end those that show it."""
        last = self._lengths[-1]
        return self._starts[-1] + (self.schedules[-1].shown_in(cycles) if last is None else last)

    def reached(self) -> list[float]:
        """Return the bounds of all parts."""
        return [value for part in self.schedules for value in part.reached()]

    @property
    def whole(self) -> bool:
        """Whether all parts are."""
        return all(schedule.whole for schedule in self.schedules)

    def cycles_within(self, steps: int) -> int:
        """Return how many cycles of one part begin in its first steps, at most."""
        counts = [0]
        parts = zip(self._starts, self._lengths, self.schedules, strict=True)
        for start, length, schedule in parts:
            if steps > start:
                own = steps - start if length is None else min(steps - start, length)
                counts.append(schedule.cycles_within(own))
        return max(counts)

    def ends(self, first: int, last: int) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which a part or its cycle ends."""
        pairs = zip(self._starts, self._lengths, strict=True)
        for (start, length), schedule in zip(pairs, self.schedules, strict=True):
            end = last if length is None else min(last, start + length)
            if end > first:
                yield from (start + step for step in schedule.ends(first - start, end - start))
            if length is None or start + length > last:
                return
            if start + length > first:
                yield start + length

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        cut = (part[1] for part in self.parts if isinstance(part, tuple))
        return super().resolved and not any(isinstance(steps, str) for steps in cut)

    def resolve(
        self, *, steps_per_epoch: int | None = None, total_steps: int | None = None
    ) -> Chain:
        """Return the chain with all lengths in steps."""
        units = Units(steps_per_epoch, total_steps)
        resolved = [
            schedule.resolve(steps_per_epoch=steps_per_epoch, total_steps=total_steps)
            for schedule in self.schedules
        ]
        return Chain(
            *(
                (schedule, resolved_length(part[1], "steps", units))
                if isinstance(part, tuple)
                else schedule
                for schedule, part in zip(resolved, self.parts, strict=True)
            )
        )

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if a part has none."""
        return chain_at(self._starts, self._lengths, [one.at_one_step for one in self.schedules])

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        starts = self._starts
        if xp is ONE_STEP:
            return self._part(bisect.bisect_right(starts, step) - 1, step, xp)
        if xp is NUMPY:
            first, last = (
                bisect.bisect_right(starts, bound) - 1 for bound in (step.min(), step.max())
            )
            if first == last:  # as nearly always: steps come in chunks
                return self._part(first, step, xp)
        if xp is NUMPY or len(starts) > _FEW:
            return self._together.evaluate(step, xp)
        value = self._part(len(starts) - 1, step, xp)
        for number in reversed(range(len(starts) - 1)):
            value = xp.where(step < starts[number + 1], self._part(number, step, xp), value)
        return value

    @computed_once
    def _together(self) -> Parts:
        return Parts(self.schedules, self._starts, self._lengths)

    def _part(self, number: int, step: Any, xp: Namespace) -> Any:
        local = step - self._starts[number]
        length = self._lengths[number]
        if length is not None:
            local = xp.clip(local, 0, length)
        elif xp is not ONE_STEP and xp is not NUMPY:
            local = xp.clip(local, 0, xp.largest_step)
        return self.schedules[number].evaluate(local, xp)

    def events(self, step: int) -> list[Event]:
        """Return what happens at ``step``; cycles are numbered within their part."""
        step = whole_number(step, "step")
        happened: list[Event] = []
        for number, (start, schedule) in enumerate(zip(self._starts, self.schedules, strict=True)):
            local, length = step - start, self._lengths[number]
            if local < 0 or (length is not None and local > length):
                continue
            events = schedule.events(local)
            if local == length and number < len(self.parts) - 1:
                # The next part's value has taken effect: only what was completed counts.
                ends = [i for i, event in enumerate(events) if event.name == "cycle_end"]
                events = events[: ends[-1] + 1] if ends else []
            happened += [event._replace(step=step) for event in events]
        return happened


def _checked_part(part: Any, number: int) -> Any:
    name = f"part {number} of Chain"
    if not isinstance(part, (tuple, list)):
        return as_schedule(part, name)
    if any(isinstance(one, (Record, tuple, list)) for one in part[1:]):
        raise TypeError(f"Chain takes its parts one by one, Chain(*parts), got {shown(part)}")
    if len(part) != 2:
        raise TypeError(f"{name} must be a schedule or a pair (schedule, steps), got {shown(part)}")
    return as_schedule(part[0], name), checked_length(part[1], "steps")
