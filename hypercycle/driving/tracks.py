"""The values that a cycler writes, computed ahead in blocks of steps.

One call of NumPy gives the values of a thousand steps for little more than the price of one, so a
training step only looks up ready-made floats.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hypercycle.driving.interval import UNLIMITED, Interval
from hypercycle.namespaces.namespace import NUMPY, Floats
from hypercycle.numbers.checks import is_traced
from hypercycle.schedules.between import between
from hypercycle.schedules.scalars import OneValue, cycle_at
from hypercycle.schedules.schedule import Record

# The most steps whose values NumPy computes at once (no power of two: processors' caches do not
# like such strides), and how many numbers are made Python's floats at once: so few that they stay
# in the cache.
BLOCK_STEPS = 2000
BLOCK_FLOATS = 16_384
# With very many schedules more of them all the same: a step alone would ask each of them.
LEAST_STEPS = 16
# After a jump so many steps are computed one by one, which together cost no more than a block
# ("A jump" of benchmarks/values.py): who jumps again, and who is stopped soon, never pays one.
SINGLE_STEPS = 48


@dataclass(frozen=True)
class Track:
    """One hyperparameter's schedules: one for everything, or one per key.

    Attributes
    ----------
    name
        The name in the plan.
    schedules
        One schedule, or one per key.
    keys
        What the schedules are for; None where one value is for everything.
    factors
        What each schedule is multiplied by: the initial values where it is relative.
    interval
        What the target accepts.
    place
        Where a kind of target writes it.
    whole
        Whether it takes whole numbers, which are then written as such.
    """

    name: str
    schedules: tuple[Record, ...]
    keys: tuple[Hashable, ...] | None = None
    factors: tuple[float, ...] | None = None
    interval: Interval = UNLIMITED
    place: Any = None
    whole: bool = False

    def gives_whole_numbers(self) -> bool:
        """Return whether that is known of all its schedules and what they are multiplied by."""
        return all(schedule.whole for schedule in self.schedules) and all(
            factor.is_integer() for factor in self.factors or ()
        )

    def check(self, values: Floats, what: str | None = None) -> None:
        """Raise ValueError unless the target accepts these values, a row for each schedule."""
        if self.interval.holds(values):
            return
        for index, row in enumerate(values):
            self.interval.check(row, self._called(index, what))

    def reached(self) -> list[list[float]]:
        """Return the bounds that each schedule is known to reach, however late."""
        factors = self.factors or (1.0,) * len(self.schedules)
        return [
            [factor * bound for bound in schedule.reached() if not is_traced(bound)]
            for factor, schedule in zip(factors, self.schedules, strict=True)
        ]

    def check_reached(self, what: str | None = None) -> None:
        """Raise ValueError unless the target accepts all that the schedules are known to reach."""
        for index, bounds in enumerate(self.reached()):
            self.interval.check(np.array(bounds), self._called(index, what))

    def _called(self, index: int, what: str | None) -> str:
        where = "" if self.keys is None else f" of group {self.keys[index]!r}"
        return f"{what or self.name}{where}"

    def value(self, entry: Any) -> Any:
        """Return an entry of a row as the public values show it."""
        return entry if self.keys is None else dict(zip(self.keys, entry, strict=True))


class Tracks:
    """The tracks of a plan on a target, and how their values are computed together.

    Where each step ``jumps``, as on a clock of tokens, values are computed one step at a time.
    """

    def __init__(self, tracks: Sequence[Track], *, jumps: bool = False) -> None:
        self.tracks = tuple(tracks)
        self._jumps = jumps
        schedules = [schedule for track in tracks for schedule in track.schedules]
        self._schedules = schedules
        self._owners = [
            (track, number) for track in tracks for number, _ in enumerate(track.schedules)
        ]
        self._precomputable = all(one.precomputable for one in schedules)
        self._alike = [_Alike(schedules, members) for members in _alike(schedules)]
        ends = list(accumulate((len(track.schedules) for track in tracks), initial=0))
        has_keys = any(track.keys is not None for track in tracks)
        self._key_ranges = [slice(*one) for one in pairwise(ends)] if has_keys else None
        self._whole = [index for index, (track, _) in enumerate(self._owners) if track.whole]
        self._steps_at_once = max(BLOCK_FLOATS // max(len(schedules), 1), LEAST_STEPS)
        self._forget()
        self._begin_singles()

    def _forget(self) -> None:
        self._block_start, self._block = 0, np.empty((len(self._schedules), 0))

    def __getstate__(self) -> dict[str, Any]:
        left_out = {"_block_start", "_block", "_singles"}  # computed again
        return {name: one for name, one in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()
        self._begin_singles()

    def _begin_singles(self) -> None:
        # The step after the last columns, and how many steps in a row had columns of their own.
        self._next, self._in_a_row = -1, 0
        self._singles = self._one_by_one()

    def row(self, step: int) -> list[Any] | None:
        """Return the values of a step after a jump, or soon after one; None where a block is due.

        A jump is to ask for another step than the one after the last that was returned.
        """
        self._in_a_row = self._in_a_row + 1 if step == self._next else 0
        self._next = step + 1
        if not self._singles or (self._in_a_row >= SINGLE_STEPS and not self._jumps):
            return None
        row = [0.0] * len(self._schedules)
        try:
            for at, members in self._singles:
                y = at(step)
                rest = 1.0 - y
                for index, anchor, other, low, high, factor, least, most in members:
                    # The formula of ``between``, in one piece as in ``Cycle.at_one_step``.
                    value = anchor * rest + other * y
                    if value <= low:
                        value = low
                    elif value > high:
                        value = high
                    value *= factor
                    if not least <= value <= most:
                        return None  # a block says what is wrong
                    row[index] = value
            for index in self._whole:
                row[index] = int(row[index])
        except (ArithmeticError, ValueError):
            return None
        return row if self._key_ranges is None else self._by_key(row)

    def _by_key(self, row: list[float]) -> list[Any]:
        """Return an entry for each track: a value, or a list of one for each key."""
        ranges: Any = zip(self.tracks, self._key_ranges or (), strict=True)
        return [row[own.start] if one.keys is None else row[own] for one, own in ranges]

    def columns(self, step: int) -> list[list[Any]]:
        """Return the row of ``step`` as columns of one step, or what :meth:`block` returns."""
        row = self.row(step)
        return self.block(step) if row is None else [[value] for value in row]

    def block(self, step: int) -> list[list[Any]]:
        """Return the values of ``step`` and of some steps after it, a list for each track.

        Its entries are floats, or lists with one float per key. Columns end before the first step
        whose values cannot be had.

        Raises
        ------
        ValueError, OverflowError
            If the values of ``step`` itself are not finite or not accepted.
        """
        if not self._block_start <= step < self._block_start + self._block.shape[1]:
            self._compute(step)
        start = step - self._block_start
        count = self._steps_at_once
        block = self._block[:, start : start + count]
        if not self._precomputable:
            self._forget()  # asked again, a user's function may say something else
        self._next = step + block.shape[1]
        return [
            _as_lists(own[0] if track.keys is None else own.T, whole=track.whole)
            for track, own in self._by_track(block)
        ]

    def _one_by_one(self) -> list[tuple[OneValue, list[_Member]]]:
        """Return the functions of one step, and what follows from each; [] for blocks alone."""
        if not self._precomputable or (self._key_ranges is not None and not self._jumps):
            return []
        singles = []
        for alike in self._alike:
            at = alike.at_one_step()
            if at is None:
                return []
            singles.append((at, [self._member(index, alike) for index in alike.members]))
        return singles

    def _member(self, index: int, alike: _Alike) -> _Member:
        schedule, (track, number) = self._schedules[index], self._owners[index]
        bounds = _AS_IT_IS
        if len(alike.members) > 1:
            bounds = tuple(getattr(schedule, name) for name in _BOUNDS)
        factor = track.factors[number] if track.factors else 1.0
        return index, *bounds, factor, *track.interval.ends

    def _compute(self, step: int) -> None:
        """Compute the block that starts at ``step``."""
        # Different clocks cost a call of NumPy each, which only many steps make worth while.
        count = min(BLOCK_STEPS, self._steps_at_once * max(len(self._alike), 1))
        if not self._precomputable or self._jumps:
            count = 1
        while True:
            try:
                self._block = self._checked(self._values(step, count))
            except (ValueError, OverflowError):
                if count == 1:
                    raise
                count //= 2
            else:
                self._block_start = step
                return

    def _checked(self, values: Floats) -> Floats:
        for track, own in self._by_track(values):
            if track.factors is not None:
                np.multiply(own, np.array(track.factors)[:, np.newaxis], out=own)
            track.check(own)
        return values

    def _by_track(self, values: Floats) -> Iterator[tuple[Track, Floats]]:
        """Yield each track with the rows of its own schedules."""
        first = 0
        for track in self.tracks:
            yield track, values[first : first + len(track.schedules)]
            first += len(track.schedules)

    def _values(self, step: int, count: int) -> Floats:
        """Return an array with a row of ``count`` values for each schedule."""
        if count == 1:
            return np.array([[schedule(step)] for schedule in self._schedules])
        steps = np.arange(step, step + count)
        if len(self._alike) == 1:
            return self._alike[0].values(steps)
        values = np.empty((len(self._schedules), count))
        for alike in self._alike:
            values[alike.members] = alike.values(steps)
        return values


def _as_lists(values: Floats, *, whole: bool) -> list[Any]:
    lists: list[Any] = values.tolist()
    if not whole:
        return lists
    # One by one: int64 does not hold every whole number that is a float.
    return [list(map(int, one)) if isinstance(one, list) else int(one) for one in lists]


# What cycles that are alike differ in, and bounds between which a number is itself: −0 too.
_BOUNDS = ("anchor", "other", "low", "high")
_AS_IT_IS = (-0.0, 1.0, -math.inf, math.inf)
# The index of a track and its bounds; its factor; the least and the most that is accepted.
_Member = tuple[int, float, float, float, float, float, float, float]


class _Alike:
    """Cycles that differ in nothing but their bounds, or any one schedule."""

    def __init__(self, schedules: Sequence[Record], members: list[int]) -> None:
        self.members = members
        self._first: Any = schedules[members[0]]
        self._bounds: tuple[Floats, ...] | None = None
        if len(members) > 1:
            cycles: list[Any] = [schedules[index] for index in members]
            self._bounds = tuple(
                np.array([[getattr(cycle, name)] for cycle in cycles]) for name in _BOUNDS
            )

    def at_one_step(self) -> OneValue | None:
        """Return the value at one step of the only member, or the height of all."""
        if self._bounds is None:
            at: OneValue | None = self._first.at_one_step
            return at
        clock, halves, scale = self._first.shape
        return cycle_at(clock, halves, scale, (0.0, 1.0, 0.0, 1.0))

    def values(self, steps: npt.NDArray[np.int64]) -> Floats:
        """Return a row of values for each member."""
        if self._bounds is None:
            one: Floats = self._first(steps)
            return one[np.newaxis]
        # One wave between different bounds, as Cycle.evaluate has it.
        anchor, other, low, high = self._bounds
        y = self._first.height(steps, NUMPY)
        within = self._first.stays_within
        values: Floats = between(y, anchor, other, low, high, NUMPY, within=within)
        return values


def _alike(schedules: Sequence[Record]) -> list[list[int]]:
    """Return the indices of cycles that differ in nothing but their bounds, and each other one."""
    groups: dict[Any, list[int]] = {}
    for index, schedule in enumerate(schedules):
        shape = schedule.shape
        groups.setdefault(index if shape is None else shape, []).append(index)
    return list(groups.values())
