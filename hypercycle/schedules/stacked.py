"""Schedules of one kind, evaluated together: their numbers are columns of a table.

A program that is traced grows with the number of schedules where each is written into it; a table
is one constant, however long. Of one kind are schedules whose formula is the same but for its
numbers. Every other schedule is a kind of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, Namespace
from hypercycle.numbers.checks import is_traced
from hypercycle.numbers.clock import Beat, at_most, place_in_beat
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.function import Function
from hypercycle.schedules.product import Product
from hypercycle.schedules.ramp import Ramp
from hypercycle.schedules.schedule import Record

_NEVER = 2**63 - 1


class Parts:
    """Schedules one after the other, those of one kind evaluated together.

    Parameters
    ----------
    schedules
        The schedules, each counting its steps from 0.
    starts
        The step at which each of them starts; the first one at 0.
    lengths
        Steps after which each of them holds, None if it goes on.
    """

    def __init__(
        self, schedules: Sequence[Record], starts: Sequence[int], lengths: Sequence[int | None]
    ) -> None:
        numbers = numbers_by_kind(schedules)
        self._stacks = [stack([schedules[number] for number in own]) for own in numbers]
        self._starts = np.array([min(start, _NEVER) for start in starts])
        kind, row = np.empty((2, len(schedules)), np.int64)
        for which, own in enumerate(numbers):
            kind[own], row[own] = which, np.arange(len(own))
        self._columns = Columns(
            list(zip(starts, lengths, kind.tolist(), row.tolist(), strict=True)), np.int64
        )

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``, NumPy's or a traced one."""
        if self._starts[-1] > xp.largest_step:
            raise OverflowError(f"a part starts after {xp.largest_step} steps")
        index = xp.search(self._starts, step) - 1
        start, length, kind, row = self._columns.take(index, xp)
        local = at_most(step - start, length, xp)
        if len(self._stacks) == 1:
            return self._stacks[0].evaluate(local, index, xp)
        if xp is NUMPY:  # where each is evaluated at its own steps alone
            values = np.empty(step.shape, np.float64)
            for number in np.unique(kind):
                chosen = kind == number
                rows = np.broadcast_to(row, step.shape)[chosen]
                values[chosen] = self._stacks[number].evaluate(local[chosen], rows, xp)
            return values
        value = self._stacks[0].evaluate(local, row, xp)
        for number, one in enumerate(self._stacks[1:], 1):
            value = xp.where(kind == number, one.evaluate(local, row, xp), value)
        return value


class Columns:
    """The numbers of schedules of one kind, looked up by row; those that all share are no table."""

    def __init__(self, rows: Sequence[Sequence[Any]], dtype: type) -> None:
        self._last = len(rows) - 1
        self._numbers: list[Any] = []
        self._places: list[int | None] = []
        different: dict[bytes, np.ndarray] = {}
        for own in zip(*rows, strict=True):
            column: np.ndarray = np.array(
                [_NEVER if n is None else min(n, _NEVER) for n in own], dtype
            )
            bits = column.tobytes()  # -0.0 is another number than 0.0
            shared = bits == column[:1].tobytes() * len(column)
            if not shared:
                different.setdefault(bits, column)
            self._numbers.append(own[0] if shared else None)
            self._places.append(None if shared else list(different).index(bits))
        self._table = np.array(list(different.values()))

    def take(self, row: Any, xp: Namespace) -> list[Any]:
        """Return the numbers at rows, each a number or an array; the last row's beyond it."""
        if not len(self._table):
            return self._numbers
        table = xp.take(self._table, xp.clip(row, 0, self._last))
        return [
            number if place is None else table[place]
            for number, place in zip(self._numbers, self._places, strict=True)
        ]


class Stack(Protocol):
    """Schedules of one kind."""

    def evaluate(self, step: Any, row: Any, xp: Namespace) -> Any:
        """Return the values of the schedules with the numbers ``row``, each at its own step."""


def numbers_by_kind(schedules: Sequence[Record]) -> list[list[int]]:
    """Return the numbers of the schedules of each kind.

    >>> numbers_by_kind([Constant(1.0), Ramp(0.0, 1.0, 3), Constant(2.0), Ramp(5.0, 1.0, 9)])
    [[0, 2], [1, 3]]
    """
    numbers: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, schedule in enumerate(schedules):
        numbers[_kind(schedule)].append(number)
    return list(numbers.values())


def stack(schedules: Sequence[Record]) -> Stack:
    """Return schedules of one kind, to be evaluated together."""
    first = schedules[0]
    make: Callable[[Sequence[Record]], Stack] | None = _STACKS.get(type(first))
    if make is None or all(schedule is first for schedule in schedules):
        return _Same(schedules)
    return make(schedules)


def _kind(schedule: Record) -> Hashable:
    """Return what equals that of another schedule if their formulas differ in numbers alone."""
    if type(schedule) is Product:
        return Product, _kind(schedule.first), _kind(schedule.second)
    kind: Hashable = id(schedule)
    if any(map(is_traced, schedule.reached())):  # not to be had as a number
        return kind
    if type(schedule) is Constant:
        kind = Constant
    elif type(schedule) is Function:
        kind = Function, schedule.function
    elif type(schedule) is Ramp and schedule.length > 0:
        kind = Ramp, schedule.function
    elif type(schedule) is Cycle:
        kind = Cycle, schedule.formula
    try:
        hash(kind)
    except TypeError:  # a user's own scale policy, or function
        return id(schedule)
    return kind


class _Same:
    """One schedule, however often."""

    def __init__(self, schedules: Sequence[Record]) -> None:
        self._schedule = schedules[0]

    def evaluate(self, step: Any, row: Any, xp: Namespace) -> Any:
        del row
        return self._schedule.evaluate(step, xp)


class _Constants:
    def __init__(self, constants: Sequence[Any]) -> None:
        self._columns = Columns([(constant.value,) for constant in constants], np.float64)

    def evaluate(self, step: Any, row: Any, xp: Namespace) -> Any:
        del step
        return self._columns.take(row, xp)[0]


class _Products:
    def __init__(self, products: Sequence[Any]) -> None:
        self._first = stack([product.first for product in products])
        self._second = stack([product.second for product in products])

    def evaluate(self, step: Any, row: Any, xp: Namespace) -> Any:
        return self._first.evaluate(step, row, xp) * self._second.evaluate(step, row, xp)


class _Ramps:
    def __init__(self, ramps: Sequence[Any]) -> None:
        self._first: Ramp = ramps[0]
        self._lengths = Columns([(ramp.length,) for ramp in ramps], np.int64)
        self._numbers = Columns([(float(ramp.length), *ramp.bounds) for ramp in ramps], np.float64)

    def evaluate(self, step: Any, row: Any, xp: Namespace) -> Any:
        (length,) = self._lengths.take(row, xp)
        divisor, *bounds = self._numbers.take(row, xp)
        x = xp.to_float(at_most(step, length, xp)) / divisor
        return self._first.value_at(x, bounds, xp)


class _Cycles:
    def __init__(self, cycles: Sequence[Any]) -> None:
        self._first: Cycle = cycles[0]
        self._bounds = Columns([cycle.bounds for cycle in cycles], np.float64)
        self._longest = max(cycle.clock.first_period for cycle in cycles)
        self._beats = Columns([cycle.clock.beat for cycle in cycles], np.int64)

    def evaluate(self, step: Any, row: Any, xp: Namespace) -> Any:
        if self._longest > xp.largest_step:
            raise OverflowError(f"a cycle is longer than {xp.largest_step} steps")
        if self._first.cycle_mult == 1.0:
            place = place_in_beat(step, Beat(*self._beats.take(row, xp)), xp)
        else:  # the clock of all
            place = self._first.clock.place(step, xp)
        return self._first.value_at(place, self._bounds.take(row, xp), xp)


_STACKS: dict[type, Any] = {
    Constant: _Constants,
    Cycle: _Cycles,
    Product: _Products,
    Ramp: _Ramps,
}
