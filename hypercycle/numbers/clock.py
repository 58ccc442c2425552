"""The clock of a cycle: whole-number arithmetic from a step to a place in a cycle.

Everything here is exact: Python's integers for one step, int64 for arrays. Cycle ``k`` occupies the
steps ``starts[k] <= step + offset < starts[k + 1]`` where ``offset`` is the phase in steps.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from hypercycle.namespaces.namespace import ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number, wrong_value

# A table of cycles whose length changes is made up to here for programs that are traced, where the
# steps to come are not known; and it never holds more cycles than this.
HORIZON = 2**53
MOST_CYCLES = 100_000
LARGEST_CYCLE_MULT = 100.0

# Of the products length · mult^k below 10²⁰, those exactly between two whole numbers have fewer
# than 80 digits (mult^k then has a denominator that divides 2 · length), so that ties are exact.
_DIGITS = 100


class Location(NamedTuple):
    """Where a step lies. All arrays where the step is one.

    Attributes
    ----------
    cycle
        Number of the cycle, from 0.
    step_in_cycle
        Steps since the cycle started (a partial first cycle: since it would have started).
    x
        Height of the triangle in [0, 1], float64: 0 at the cycle's ends, 1 at its top.
    rising
        Whether the step belongs to the rising half.
    """

    cycle: Any
    step_in_cycle: Any
    x: Any
    rising: Any


class Event(NamedTuple):
    """Something that happens at a step of a cycle.

    Attributes
    ----------
    name
        ``"peak"`` where ``x = 1`` (a saw-tooth's at its reset), ``"cycle_end"`` where the updates
        made complete a cycle.
    cycle
        Number of the cycle whose peak or end it is, from 0.
    step
        Updates made.
    """

    name: str
    cycle: int
    step: int


class Place(NamedTuple):
    """A :class:`Location` before the division: whole numbers only."""

    step: Any  # the step, held at the end of the last cycle
    cycle: Any
    step_in_cycle: Any
    step_size_up: Any
    step_size_down: Any


class Beat(NamedTuple):
    """Cycles of one length: whole numbers, or arrays of those of a clock for each step."""

    step_size_up: Any
    step_size_down: Any
    before: Any  # how many cycles begin before step 0
    first_whole: Any  # where the first cycle starts that does not
    end: Any  # where the last cycle is complete; None without an end
    last: Any  # the last cycle


def place_in_beat(step: Any, beat: Beat, xp: Namespace) -> Place:
    """Return where ``step`` lies, held at the end of the last cycle."""
    up, down, before, first_whole, end, last = beat
    step = at_most(step, end, xp)
    period = up + down
    # Counted from the first whole cycle: step + offset may be more than fits.
    partial = not isinstance(before, int) or before > 0
    since = step - first_whole if partial else step
    whole = since // period
    cycle = whole + before if partial else whole
    if last is not None:
        cycle = at_most(cycle, last, xp)
        whole = cycle - before
    return Place(step, cycle, since - whole * period, up, down)


def at_most(number: Any, most: Any, xp: Namespace) -> Any:
    """Return whole numbers, or ``most`` where they are greater; it may be an int, or None."""
    if most is None:
        return number
    return xp.clip(number, 0, most) if isinstance(most, int) else xp.lesser(number, most)


class _Table:
    """The starts and half lengths of cycles whose length is multiplied, made as far as asked.

    Half ``k`` is round-half-up(length · mult^k) with ``mult`` taken as the decimal fraction that
    it is written as, a half that is not zero being at least 1.
    """

    def __init__(self, step_size_up: int, step_size_down: int, cycle_mult: float) -> None:
        import decimal  # a tenth of what importing hypercycle costs

        self._exact = decimal.Context(prec=_DIGITS, rounding=decimal.ROUND_HALF_UP)
        self._ratio = decimal.Decimal(repr(cycle_mult))
        self._power = decimal.Decimal(1)
        self._halves_and_least = [(half, min(half, 1)) for half in (step_size_up, step_size_down)]
        self._cycle_mult = cycle_mult
        self.starts = [0]
        self.ups: list[int] = []
        self.downs: list[int] = []
        self._arrays: tuple[Any, ...] = ((), (), ())
        self._lock = threading.RLock()  # threads share it, and making cycles is not one step
        # Once every half has shrunk to one step, all further cycles are alike.
        self.repeats = False

    def _append(self) -> None:
        exact = self._exact
        up, down = (
            max(int(exact.to_integral_value(exact.multiply(half, self._power))), least)
            for half, least in self._halves_and_least
        )
        self._power = exact.multiply(self._power, self._ratio)
        self.ups.append(up)
        self.downs.append(down)
        self.starts.append(self.starts[-1] + up + down)
        self.repeats = self._cycle_mult < 1.0 and up <= 1 and down <= 1

    def columns(self, *, arrays: bool) -> tuple[Any, ...]:
        """Return starts, ups and downs, as lists or as int64 arrays."""
        lists = (self.starts, self.ups, self.downs)
        if not arrays:
            return lists
        if len(self._arrays[0]) != len(self.starts):
            self._arrays = tuple(np.asarray(column, dtype=np.int64) for column in lists)
        return self._arrays

    def reach(self, step: int) -> None:
        """Make cycles until one holds ``step``."""
        if step > HORIZON:
            raise ValueError(
                f"with cycle_mult={self._cycle_mult!r}, cycles that start after step 2**53 are "
                f"not computed, got step {step}; ask for fewer cycles or steps"
            )
        if self.starts[-1] > step or self.repeats:
            return
        with self._lock:
            while self.starts[-1] <= step and not self.repeats:
                if len(self.ups) >= MOST_CYCLES:
                    raise ValueError(
                        f"cycle_mult={self._cycle_mult!r} makes more than {MOST_CYCLES:,} cycles "
                        f"before step {step}; use a multiplier further from 1, or cycle_mult=1"
                    )
                self._append()

    def make(self, cycles: int) -> None:
        """Make at least this many cycles, or all that differ."""
        while len(self.ups) < cycles and not self.repeats:
            self.reach(self.starts[-1])

    def start(self, cycle: int) -> int:
        """Return the first step of a cycle."""
        self.make(cycle)
        if cycle < len(self.starts):
            return self.starts[cycle]
        beyond = cycle - (len(self.starts) - 1)
        return self.starts[-1] + beyond * (self.ups[-1] + self.downs[-1])


# Equal clocks, such as those of opposite cycles, share a table. It goes with the last of them.
_tables: WeakValueDictionary[tuple[int, int, float], _Table] = WeakValueDictionary()
_tables_lock = threading.Lock()


@dataclass(frozen=True)
class Clock:
    """The part of a :class:`~hypercycle.Cycle` that says when, not how high."""

    step_size_up: int
    step_size_down: int
    phase: float = 0.0
    cycle_mult: float = 1.0
    cycles: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        # The fields alone: what is computed beside them is computed again.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @computed_once
    def _table(self) -> _Table:
        key = (self.step_size_up, self.step_size_down, self.cycle_mult)
        with _tables_lock:
            table = _tables.get(key)
            if table is None:
                table = _tables[key] = _Table(*key)
        return table

    @computed_once
    def first_period(self) -> int:
        """Length of cycle 0 in steps, were it whole."""
        return self.start(1)

    @computed_once
    def offset(self) -> int:
        """Steps of cycle 0 that lie before step 0."""
        return round(self.phase * self.first_period) % self.first_period

    @computed_once
    def beat(self) -> Beat:
        """The numbers of cycles that are all as long as the first."""
        return Beat(
            self.step_size_up,
            self.step_size_down,
            before=1 if self.offset else 0,
            first_whole=self.first_period - self.offset if self.offset else 0,
            end=self.end,
            last=None if self.cycles is None else self.cycles - 1,
        )

    @computed_once
    def end(self) -> int | None:
        """The step at which the last cycle is complete; None without an end."""
        return None if self.cycles is None else self.start(self.cycles) - self.offset

    def start(self, cycle: int) -> int:
        """Return ``step + offset`` of the first step of a cycle."""
        if self.cycle_mult == 1.0:
            return cycle * (self.step_size_up + self.step_size_down)
        return self._table.start(cycle)

    def place(self, step: Any, xp: Namespace) -> Place:
        """Return where ``step`` lies, held at the end of the last cycle."""
        if self.cycle_mult == 1.0:
            return place_in_beat(step, self.beat, xp)
        return self._place_in_table(at_most(step, self.end, xp), xp)

    def _place_in_table(self, step: Any, xp: Namespace) -> Place:
        table = self._table
        if self.cycles is not None:
            table.make(self.cycles)
        elif xp is ONE_STEP:
            table.reach(step + self.offset)
        elif isinstance(step, np.ndarray):
            table.reach(int(step.max(initial=0)) + self.offset)
        else:
            table.reach(HORIZON)
        shifted = step
        if xp.largest_step >= HORIZON and self.offset:
            shifted = step + self.offset
        last = len(table.ups) - 1 if self.cycles is None else min(self.cycles, len(table.ups)) - 1
        starts, ups, downs = table.columns(arrays=xp is not ONE_STEP)
        if xp.largest_step < HORIZON:
            starts = starts - self.offset
            last = min(last, int(np.searchsorted(starts, xp.largest_step, side="right")) - 1)
            if ups[last] + downs[last] > xp.largest_step:
                raise OverflowError(f"cycle {last} is longer than {xp.largest_step} steps")
        cycle = xp.clip(xp.search(starts, shifted) - 1, 0, last)
        step_in_cycle = shifted - xp.take(starts, cycle)
        up, down = xp.take(ups, cycle), xp.take(downs, cycle)
        if table.repeats:
            # Only the table's last cycle is ever left behind.
            beyond = step_in_cycle // (up + down)
            if self.cycles is not None:
                beyond = xp.clip(beyond, 0, self.cycles - 1 - last)
            cycle = cycle + beyond
            step_in_cycle = step_in_cycle - beyond * (up + down)
        return Place(step, cycle, step_in_cycle, up, down)

    def height(self, place: Place, xp: Namespace) -> Any:
        """Return ``x``, the height of the triangle in [0, 1], as float64."""
        t = place.step_in_cycle
        if self.step_size_down == 0:
            return xp.to_float(t) / _divisor(place.step_size_up, xp)
        remaining = place.step_size_up + place.step_size_down - t
        if self.step_size_up == 0:
            return xp.to_float(remaining) / _divisor(place.step_size_down, xp)
        # The half that a step is not in is never lower than 1, so the minimum picks the right one.
        if self.step_size_up == self.step_size_down:
            return xp.to_float(xp.lesser(t, remaining)) / _divisor(place.step_size_up, xp)
        return xp.lesser(
            xp.to_float(t) / _divisor(place.step_size_up, xp),
            xp.to_float(remaining) / _divisor(place.step_size_down, xp),
        )

    def rising(self, place: Place) -> Any:
        """Return whether the step belongs to the rising half."""
        if self.step_size_down == 0:
            return place.step_in_cycle >= 0  # also at the top that a last saw-tooth holds
        return place.step_in_cycle < place.step_size_up

    def boundaries(self, n: int) -> list[int]:
        """Return the first ``n`` steps at which a cycle starts; step 0 starts cycle 0."""
        if self.cycles is not None:
            n = min(n, self.cycles)
        if self.cycle_mult != 1.0:
            self._table.make(n)
        return [max(self.start(cycle) - self.offset, 0) for cycle in range(n)]

    def steps_to_cycle_end(self, step: int) -> int:
        """Return how many updates are missing to the end of a cycle; 0 at one."""
        if self.end is not None and step >= self.end:
            return 0
        place = self.place(step, ONE_STEP)
        if place.step_in_cycle == 0 and step > 0:
            return 0
        return int(place.step_size_up + place.step_size_down - place.step_in_cycle)

    def is_cycle_end(self, step: int) -> bool:
        """Return whether ``step`` updates complete a cycle."""
        if self.end is not None and step > self.end:
            return False
        return step > 0 and self.steps_to_cycle_end(step) == 0

    def events(self, step: int) -> list[Event]:
        """Return what happens when the clock moves onto ``step``."""
        if self.end is not None and step > self.end:
            return []
        happened = []
        completed = self.is_cycle_end(step)
        place = self.place(step, ONE_STEP)
        if completed:
            last = place.cycle if step == self.end else place.cycle - 1
            if self.step_size_down == 0:
                happened.append(Event("peak", last, step))
            happened.append(Event("cycle_end", last, step))
        at_top = place.step_in_cycle == place.step_size_up
        if at_top and self.step_size_down != 0:
            happened.append(Event("peak", place.cycle, step))
        return happened


def checked_phase(value: float, name: str = "phase") -> float:
    """Return the part of the first cycle to start after, as a float."""
    phase = finite_number(value, name)
    if not 0.0 <= phase < 1.0:
        raise wrong_value(phase, name, "must be in [0, 1), a part of the first cycle")
    return phase


def checked_cycle_mult(value: float, name: str = "cycle_mult") -> float:
    """Return the factor by which cycles grow, as a float."""
    cycle_mult = finite_number(value, name)
    if not 0.0 < cycle_mult <= LARGEST_CYCLE_MULT:
        raise wrong_value(cycle_mult, name, "must be above 0 and at most 100")
    return cycle_mult


def _divisor(length: Any, xp: Namespace) -> Any:
    return float(length) if isinstance(length, int) else xp.to_float(length)
