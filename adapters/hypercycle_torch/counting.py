"""The cycler of a PyTorch optimizer whose plan counts tokens, samples or seconds."""

from __future__ import annotations

from typing import Any

from hypercycle.driving.clocks import amount_of
from hypercycle.driving.counting import Counting
from hypercycle.driving.tracks import Tracks
from hypercycle_torch.compiling import compiler, left_as_it_is, left_as_it_is_inside
from hypercycle_torch.cycler import OptimizerCycler
from hypercycle_torch.names import Group
from hypercycle_torch.writing import Pair, Writer

_FOR_EVER = 2**62
_unseen_row = left_as_it_is_inside(Tracks.row)


class CountingOptimizerCycler(Counting, OptimizerCycler):
    """Drives an optimizer by what was counted: call ``step(tokens=n)`` after each update.

    Trainers that call ``step()`` cannot tell it how many there were; it refuses.
    """

    # The step before which nothing is to be looked at.
    _plain_until = 0

    @left_as_it_is
    def step(self, *unnamed: Any, **given: Any) -> None:
        """Move on by what was counted; see :meth:`hypercycle.driving.counting.Counting.step`."""
        begun = self.last_epoch
        step = begun + amount_of(self._options.clock, given, unnamed)
        if step < self._plain_until:
            tracks = self._tracks
            row = tracks.row(step) if compiler() is None else _unseen_row(tracks, step)
            if row is not None:
                for column, value in zip(self._columns, row):  # noqa: B905  (costs as much as one)
                    column[0] = value
                self._first_step = step
                self._now = (*self._now[:2], step, 1, *self._now[4:])
        if self._watched:
            self._jumped_from = begun
        OptimizerCycler.step(self, step)

    @left_as_it_is
    def _step_of(self, epoch: Any, metric: Any) -> int:
        del metric
        return epoch  # type: ignore[no-any-return]

    def _prepare(
        self, step: int, changed: list[Group] | None
    ) -> tuple[int, Pair | None, Writer | None]:
        """Have the values of a step, and find out which are next to be looked at before."""
        prepared = super()._prepare(step, changed)
        self._plain_until = _FOR_EVER if self._watch is None else self._watch.next_look(step)
        if self._end is not None:
            self._plain_until = min(self._plain_until, self._end)
        return prepared

    def _bundle(self) -> None:
        self._plain_until = 0
        super()._bundle()
