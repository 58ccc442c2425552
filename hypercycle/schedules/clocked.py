"""``Clocked``: what a record with a clock of cycles answers about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP
from hypercycle.namespaces.steps import checked_steps
from hypercycle.numbers.checks import whole_number
from hypercycle.numbers.clock import Clock, Event, Location
from hypercycle.numbers.marks import Marks, checked_marks


class Clocked:
    """The questions about cycles, which a clock answers."""

    @property
    def clock(self) -> Clock:
        """The whole-number arithmetic behind it."""
        raise NotImplementedError

    @property
    def length(self) -> int | None:
        """Steps until the value holds; None if it cycles for ever."""
        return self.clock.end

    @property
    def has_cycles(self) -> bool:
        """Yes."""
        return True

    @property
    def least_count(self) -> int:
        """Steps of the first cycle."""
        return self.clock.first_period

    def shown_in(self, cycles: int) -> int:
        """Return its length, or the steps of so many cycles."""
        return int(self.boundaries(cycles + 1)[-1]) if self.length is None else self.length

    def cycles_within(self, steps: int) -> int:
        """Return how many cycles begin in its first steps."""
        return int(self.clock.place(steps - 1, ONE_STEP).cycle) + 1 if steps > 0 else 0

    def ends(self, first: int, last: int) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which a cycle ends."""
        step = max(first, 0)
        while step < last:
            step += 1
            step += self.steps_to_cycle_end(step)
            if step > last or not self.is_cycle_end(step):
                return
            yield step

    def event_steps(self, first: int, last: int, marks: Marks = ()) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` with a peak, a cycle's end or a mark."""
        return self.clock.turns(first, last, marks)

    def locate(self, step: Any) -> Location:
        """Return where a step lies: cycle, step in the cycle, height ``x`` and ``rising``.

        ``step`` is an int, or a NumPy array of ints for arrays.

        >>> from hypercycle import Cycle
        >>> Cycle(0.001, 0.006, 2000).locate(9000)
        Location(cycle=2, step_in_cycle=1000, x=0.5, rising=True)
        """
        if isinstance(step, np.ndarray):
            place = self.clock.place(checked_steps(step), NUMPY)
            height = self.clock.height(place, NUMPY)
            return Location(place.cycle, place.step_in_cycle, height, self.clock.rising(place))
        place = self.clock.place(whole_number(step, "step"), ONE_STEP)
        height = float(self.clock.height(place, ONE_STEP))
        return Location(place.cycle, place.step_in_cycle, height, bool(self.clock.rising(place)))

    def boundaries(self, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the first ``n`` steps at which a cycle starts, at most ``cycles`` of them.

        >>> from hypercycle import Cycle
        >>> Cycle(0.001, 0.006, 0, 10, cycle_mult=3).boundaries(5).tolist()
        [0, 10, 40, 130, 400]
        """
        return np.array(self.clock.boundaries(whole_number(n, "n")), dtype=np.int64)

    def is_cycle_end(self, step: int) -> bool:
        """Return whether ``step`` updates complete a cycle.

        >>> from hypercycle import Cycle
        >>> cycle = Cycle(0.001, 0.006, 2000)
        >>> cycle.is_cycle_end(0), cycle.is_cycle_end(4000)
        (False, True)
        """
        return self.clock.is_cycle_end(whole_number(step, "step"))

    def steps_to_cycle_end(self, step: int) -> int:
        """Return how many more updates complete the cycle; 0 where one is complete.

        >>> from hypercycle import Cycle
        >>> Cycle(0.001, 0.006, 2000).steps_to_cycle_end(4001)
        3999
        """
        return self.clock.steps_to_cycle_end(whole_number(step, "step"))

    def events(self, step: int, marks: Mapping[str, float] | Marks = ()) -> list[Event]:
        """Return what happens when training moves onto ``step``: peaks, cycle ends and marks.

        >>> from hypercycle import Cycle
        >>> Cycle(0.001, 0.006, 2000).events(3600, marks={"sample": 0.9})
        [Event(name='sample', cycle=0, step=3600)]
        """
        return self.clock.events(whole_number(step, "step"), checked_marks(marks))
