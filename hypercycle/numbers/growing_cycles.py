"""``GrowingCycles``: where cycles start whose length is multiplied, and how long they are."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

# A table of cycles whose length changes is made up to here for programs that are traced, where the
# steps to come are not known; and it never holds more cycles than this.
HORIZON = 2**53
MOST_CYCLES = 100_000

# Of the products length · mult^k below 10²⁰, those exactly between two whole numbers have fewer
# than 80 digits (mult^k then has a denominator that divides 2 · length), so that ties are exact.
_DIGITS = 100


class GrowingCycles:
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
