"""``Chain``: one schedule after the other."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import shown, whole_number
from hypercycle.numbers.clock import Event
from hypercycle.numbers.lengths import (
    REST,
    Facts,
    Length,
    Units,
    checked_length,
    exact_length,
    half_up,
    in_steps,
)
from hypercycle.numbers.marks import Marks
from hypercycle.numbers.rounding import rounded_parts
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
    holding) a schedule to that length. The length of one part may be ``"rest"``: what the others
    leave of the run. After the end of the last part the value stays. Finding the part of a step is
    a binary search.

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
        _check_rest(self)
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

    def known_range(self) -> tuple[float, float] | None:
        """Return the least and the greatest bound of all parts; None if one's are not known."""
        known = [part.known_range() for part in self.schedules]
        ranges = [one for one in known if one is not None]
        if len(ranges) < len(known):
            return None
        return min(low for low, _ in ranges), max(high for _, high in ranges)

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

    def event_steps(self, first: int, last: int, marks: Marks = ()) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which parts may tell something."""
        pairs = zip(self._starts, self._lengths, strict=True)
        for (start, length), schedule in zip(pairs, self.schedules, strict=True):
            if start > last:
                return
            end = last if length is None else min(last, start + length)
            if end >= first:
                if start > first:
                    yield start
                yield from (
                    start + step
                    for step in schedule.event_steps(max(first - start, 0), end - start, marks)
                )

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        cut = (part[1] for part in self.parts if isinstance(part, tuple))
        return super().resolved and not any(isinstance(steps, str) for steps in cut)

    def resolve(self, **facts: Unpack[Facts]) -> Chain:
        """Return the chain with all lengths in steps.

        Of parts whose lengths have units the boundaries are rounded half up, not the lengths: parts
        that are all of the run together take all of its steps. A part that would be rounded to
        nothing takes one step of the longest of them; if there is none to be had, the chain is a
        step longer, or, where it is the whole run, the part is left out.

        >>> from hypercycle import Ramp
        >>> warm, cool = Ramp(0.0, 1.0, "5%"), Ramp(1.0, 0.0, "20%")
        >>> Chain(warm, (1.0, "rest"), cool).resolve(total_steps=110)
        Chain(Ramp(0.0, 1.0, 6), (Constant(1.0), 82), Ramp(1.0, 0.0, 22))
        """
        return self.resolved_after(Fraction(0), Units(**facts), facts)

    def resolved_after(self, start: Fraction, units: Units, facts: Facts) -> Chain:
        """Return the chain with lengths in steps, those of a part of a chain that begins there."""
        exact = self.exact_lengths(units, facts)
        total = units.total
        most = None if total is None else total - half_up(start)
        ended = [length or Fraction(0) for length in exact]
        gives = [isinstance(given, str) for given in self.given_lengths]
        steps = rounded_parts(ended, gives, start, most)
        parts: list[Any] = []
        for number, part in enumerate(self.parts):
            schedule, begun = self.schedules[number], start + sum(ended[:number])
            if isinstance(schedule, Chain):
                schedule = schedule.resolved_after(begun, units, facts)
            elif isinstance(part, tuple) or schedule.own_length is None:
                schedule = self._resolved_part(number, units, facts)
            else:
                schedule = schedule.with_length(steps[number])
            parts.append((schedule, steps[number]) if isinstance(part, tuple) else schedule)
        return Chain(*parts)

    @computed_once
    def given_lengths(self) -> tuple[Length | None, ...]:
        """The lengths of the parts as they were given; None where a part is made of several."""
        return tuple(part[1] if isinstance(part, tuple) else part.own_length for part in self.parts)

    def exact_lengths(self, units: Units, facts: Facts) -> list[Fraction | None]:
        """Return the lengths of the parts before they are rounded; None for one without end."""
        lengths: list[Fraction | None] = []
        for number, schedule in enumerate(self.schedules):
            given = self.given_lengths[number]
            if given == REST:
                lengths.append(Fraction(0))
            elif given is not None:
                lengths.append(exact_length(given, "steps", units))
            elif isinstance(schedule, Chain):
                inner = schedule.exact_lengths(units, facts)
                known = [length for length in inner if length is not None]
                lengths.append(sum(known, Fraction(0)) if len(known) == len(inner) else None)
            else:
                steps = self._resolved_part(number, units, facts).length
                lengths.append(None if steps is None else Fraction(steps))
        if REST in self.given_lengths:
            lengths[self.given_lengths.index(REST)] = self._rest(lengths, units)
        return lengths

    def _resolved_part(self, number: int, units: Units, facts: Facts) -> Record:
        # Kept, since its length is asked first: of chains in chains, twice at each level.
        kept: dict[int, tuple[Units, Record]] = vars(self).setdefault("_resolved_parts", {})
        if number not in kept or kept[number][0] != units:
            kept[number] = units, self.schedules[number].resolve(**facts)
        return kept[number][1]

    def _rest(self, lengths: list[Fraction | None], units: Units) -> Fraction:
        total = Fraction(units.run(REST, "steps"))
        others = sum((length for length in lengths if length is not None), Fraction(0))
        if None in lengths:
            raise ValueError(
                "steps='rest' is what the other parts of Chain leave of the run, and part "
                f"{lengths.index(None)} never ends: give its length, as (schedule, steps)"
            )
        if others > total:
            raise ValueError(
                f"steps='rest' would be below 0: the other parts of Chain take {float(others):g} "
                f"steps, and the run has {total}"
            )
        return total - others

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

    def events(self, step: int, marks: Marks = ()) -> list[Event]:
        """Return what happens at ``step``; cycles are numbered within their part."""
        step = whole_number(step, "step")
        happened: list[Event] = []
        for number, (start, schedule) in enumerate(zip(self._starts, self.schedules, strict=True)):
            local, length = step - start, self._lengths[number]
            if local < 0 or (length is not None and local > length):
                continue
            events = schedule.events(local, marks)
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
    return as_schedule(part[0], name), checked_length(part[1], "steps", rest=True)


def _check_rest(chain: Chain) -> None:
    """Refuse a second part that takes the rest of the run, and one that is not the chain's own."""
    given = chain.given_lengths
    if given.count(REST) > 1:
        raise ValueError(
            "only one part of Chain can be as long as the 'rest' of the run, got "
            f"{given.count(REST)} of them: give the others a length, such as '75%'"
        )
    for part, schedule in zip(chain.parts, chain.schedules, strict=True):
        is_own = not isinstance(part, tuple) and schedule.own_length == REST
        if not is_own and takes_rest(schedule):
            raise ValueError(
                "'rest' is what the parts of a Chain leave of the run, and this one is inside "
                f"another part of a Chain: write its parts one by one, got {shown(schedule)}"
            )


def takes_rest(schedule: Record) -> bool:
    """Return whether a length in it is the "rest" of the run."""
    inside = any(takes_rest(one) for one in schedule.schedules)
    own = isinstance(schedule, Chain) and REST in schedule.given_lengths
    return inside or own or schedule.own_length == REST
