"""Cyclers that are told how many tokens, samples or seconds there were."""

from __future__ import annotations

from typing import Any

from hypercycle.driving.clocks import amount_of
from hypercycle.driving.cycler import Cycler


class Counting(Cycler):
    """What makes a cycler count as its plan does: ``step(tokens=…)`` moves it on by so many.

    A step of the plan is a token, a sample, or a microsecond of ``seconds``. The values depend on
    the count alone: it does not matter in how many calls it was reached.
    """

    def step(self, *unnamed: Any, **given: Any) -> None:
        """Move on by ``tokens``, ``samples`` or ``seconds``, whichever the clock counts.

        Events on the way are told in order, each with its own place on the clock, after the values
        of the new place are assigned.

        Raises
        ------
        TypeError, ValueError
            If it is not told how many, or of something else. Nothing has moved then.
        """
        begun = self.last_epoch
        step = begun + amount_of(self._options.clock, given, unnamed)
        self.write(self._tracks.tracks, self._row(step))
        self.last_epoch = step
        if self._watched:
            self._jumped_from = begun
            self._tell(step)
