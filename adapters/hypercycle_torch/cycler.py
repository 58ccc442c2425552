"""The cycler of a PyTorch optimizer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from torch.optim.lr_scheduler import LRScheduler

from hypercycle.driving.cycler import Cycler
from hypercycle.driving.drivers import take
from hypercycle.driving.tracks import Track, Tracks
from hypercycle.driving.warning import warn
from hypercycle.numbers.checks import whole_number
from hypercycle.numbers.lengths import STEPS
from hypercycle.plans.plan import Plan
from hypercycle.schedules.constant import Constant
from hypercycle_torch.compiling import left_as_it_is, left_as_it_is_inside
from hypercycle_torch.groups import (
    are_mentioned_by_index,
    first_values,
    initial_values,
    keep_values,
    lr_of,
    origins_of,
    reason_to_leave_alone,
)
from hypercycle_torch.loading import has_driven_state, hear_of_loading, was_driven_elsewhere
from hypercycle_torch.names import Group, as_float, check_start
from hypercycle_torch.tracks import Destination, tracks_of
from hypercycle_torch.watching import Watch
from hypercycle_torch.writing import Pair, Writer, ways_to_write, write_entry

if TYPE_CHECKING:
    from hypercycle.driving.options import OnMismatch, Options

_NOT_GIVEN = object()
# What is bound to the groups that there are, and what copies leave out.
_BOUND = ("_groups", "_known", "_ways", "_now")
_LEFT_OUT = {*_BOUND, "_watch"}
# What step() uses.
_EACH_STEP = ("optimizer", "last_epoch", "_watched", "_now")


class OptimizerCycler(Cycler, LRScheduler):
    """Drives any hyperparameters of a PyTorch optimizer; what ``hc.attach(optimizer, …)`` returns.

    An ``LRScheduler``: call ``step()`` after each ``optimizer.step()``, and hand it on to whatever
    takes a scheduler. It adds one key to ``param_groups``, the ``initial_lr`` that PyTorch's own
    schedulers share; it assigns Python floats, fills tensors in place, and reads ``param_groups``
    anew at every step.

    Parameter groups that are added later follow a schedule that all groups share, if they come
    with the optimizer's default value; a group that has its own value, or that ``Groups`` does not
    mention, is left alone with a warning (with ``relative=True`` its own value is multiplied).
    Removed groups are no longer driven.

    Attributes
    ----------
    base_lrs
        The groups' learning rates before any scheduler drove them, their ``initial_lr``.
    """

    # Once somebody has asked for __dict__, as pickling does, CPython looks up all others slowly.
    __slots__ = _EACH_STEP

    optimizer: Any
    bound = _BOUND
    _told_updates = False
    # Where a state or start_step has put it.
    _told_step: int | None = None
    _watch: Watch | None = None

    def __init__(self, optimizer: Any, plan: Plan, options: Options) -> None:
        # LRScheduler.__init__ is not called: it wraps optimizer.step.
        if not optimizer.param_groups:
            raise ValueError("the optimizer has no parameter groups")
        self.optimizer = optimizer
        self._left_alone: frozenset[int] = frozenset()
        self._attached = False
        relative = options.relative_names(plan)
        initial = {name: first_values(optimizer, name) for name in relative}
        rates = [lr_of(group) for group in optimizer.param_groups]
        self._count_ahead = 1 - options.start_step
        self.begin(plan, options, initial or None)
        self._attached = True
        self._told_step = options.start_step or None
        self._watch_from_here(begins_late=was_driven_elsewhere(optimizer))
        hear_of_loading(self.optimizer, self.after_loading)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            if "lr" in group:  # what SequentialLR begins with, and others multiply
                group.setdefault("initial_lr", rate)
        self.base_lrs = [
            as_float(group.get("initial_lr", rate))
            for group, rate in zip(optimizer.param_groups, rates, strict=True)
        ]

    # The LRScheduler's interface.

    @left_as_it_is
    def step(self, epoch: int | None = None, metric: Any = _NOT_GIVEN) -> None:
        """Move on by one update; the values of the new step take effect.

        ``epoch``, which PyTorch has deprecated, moves to that step instead. With ``metric`` it is
        the call that timm's scripts make after each epoch, beside ``step_update``: nothing moves.
        """
        # What runs every step stands in one piece: a call more is a tenth of its cost, and each
        # attribute a thirtieth ("ours, one schedule" in benchmarks/torch_step.py).
        step = self.last_epoch + 1 if epoch is None else self._step_of(epoch, metric)
        groups = self.optimizer.param_groups
        bound, known, first_step, rows_ahead, pair, write_rest = self._now
        try:
            # A list compares its members by identity first, which is a nanosecond a group.
            same = groups is bound and groups == known
        except Exception:  # noqa: BLE001  (of other groups it compares the tensors, which refuse)
            same = False
        index = step - first_step
        if not same or not 0 <= index < rows_ahead:
            index, pair, write_rest = self._prepare(step, None if same else groups)
        if pair is not None:
            values, others, key, other_key = pair
            value, other = values[index], others[index]
            for group in groups:
                group[key] = value
                group[other_key] = other
        if write_rest is not None:
            write_rest(groups, index)
        self.last_epoch = step
        if self._watched:
            self._tell(step)

    @left_as_it_is_inside
    def _prepare(
        self, step: int, changed: list[Group] | None
    ) -> tuple[int, Pair | None, Writer | None]:
        """Take up groups that changed, and have values ahead; return what to write, and how.

        Values are computed as far as nothing is to be looked at before.
        """
        if changed is not None:
            self._take_up(changed)
        index = step - self._first_step
        if not 0 <= index < self._rows_ahead:
            index = self._look_ahead(step)
            if self._watch is not None:
                self._rows_ahead = min(self._rows_ahead, self._watch.look(self, step))
                self._bundle()
        return index, *self._ways

    def _bundle(self) -> None:
        """Put together what ``step()`` asks for."""
        ahead = self._first_step, self._rows_ahead
        self._now = (self._groups, self._known, *ahead, *self._ways)

    def _begin_ahead(self, step: int) -> None:
        super()._begin_ahead(step)
        self._bundle()

    @left_as_it_is_inside
    def _tell(self, step: int) -> None:
        super()._tell(step)

    def _watch_from_here(self, *, begins_late: bool = False) -> None:
        self._watch, self._rows_ahead = Watch(self, begins_late=begins_late), 1
        self._bundle()

    def _step_of(self, epoch: Any, metric: Any) -> int:
        step = whole_number(epoch, "epoch")
        if metric is _NOT_GIVEN:
            if step > self.last_epoch:
                self._jumped_from = int(self.last_epoch)
            return step
        if not self._told_updates:
            raise TypeError(
                "step(epoch, metric) counts epochs, and a cycler counts updates: call "
                "step_update(num_updates) after each update, as timm's scripts do, or step()"
            )
        return int(self.last_epoch)

    def step_update(self, num_updates: int, metric: Any = None) -> None:
        """Move to the step after so many updates, as timm's schedulers do; ``metric`` is unused."""
        del metric
        self._told_updates = True
        self.step(num_updates)

    def get_last_lr(self) -> list[float]:  # type: ignore[override]
        """Return the learning rate of each parameter group, as it is now."""
        return [lr_of(group) for group in self.optimizer.param_groups]

    _last_lr = property(get_last_lr)

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """Return the learning rate of each parameter group at ``last_epoch``.

        Who moves ``last_epoch`` and asks, as ignite's handlers do, assigns these rates; all else
        that the plan drives takes the values of that step here, as momentum does in ``CyclicLR``.
        """
        rates = self.get_last_lr()
        if self.detached or (self._end is not None and self.last_epoch > self._end):
            return rates
        self._take_up(self.optimizer.param_groups)
        row = self._row(max(int(self.last_epoch), 0))  # SequentialLR undoes step 0
        for track, entry in zip(self._tracks.tracks, row, strict=True):
            destination: Destination = track.place
            if destination.hyperparameter.key == "lr":
                indices = destination.groups or range(len(rates))
                values = entry if isinstance(entry, list) else itertools.repeat(entry)
                for index, value in zip(indices, values, strict=False):
                    rates[index] = value
            else:
                write_entry(self.optimizer.param_groups, destination, entry)
        return rates

    @property
    def _step_count(self) -> int:
        """The calls of ``step()`` as PyTorch counts them: 1 when attached, and 1 for each update.

        It follows the step, wherever that goes by assigning or loading: counting in ``step()``
        would be a fourteenth of its cost. Trainers count it up where they leave out a step.
        """
        return int(self.last_epoch) + self._count_ahead

    @_step_count.setter
    def _step_count(self, count: int) -> None:
        self._count_ahead = count - int(self.last_epoch)

    # What SequentialLR calls: the first to start at step 0, the second at a milestone.

    def _initial_step(self) -> None:
        self.step()

    def _update_lr(self, epoch: int | None = None) -> None:
        self.step(self.last_epoch if epoch is None else epoch)

    # Writing.

    @property
    def target(self) -> Any:
        """The optimizer."""
        return self.optimizer

    def write(self, tracks: tuple[Track, ...], row: tuple[Any, ...]) -> None:
        """Assign the values of a step, one place after the other."""
        for track, entry in zip(tracks, row, strict=True):
            write_entry(self.optimizer.param_groups, track.place, entry)

    def install(self, tracks: tuple[Track, ...], columns: list[list[Any]]) -> None:
        """Assign the first values, and sort the tracks by how further ones are written."""
        row = tuple(column[0] for column in columns)
        if not self._attached:
            for track, entry in zip(tracks, row, strict=True):
                values = entry if isinstance(entry, list) else [entry]
                for value, schedule in zip(values, track.schedules, strict=True):
                    if not isinstance(schedule, Constant):
                        check_start(self.optimizer, track.place.hyperparameter, value)
        self._bind(tracks, columns)
        self.write(tracks, row)

    def _bind(self, tracks: tuple[Track, ...], columns: list[list[Any]]) -> None:
        """Find out how the tracks are written into the groups that there are."""
        groups: list[Group] = self.optimizer.param_groups
        self._groups, self._known = groups, list(groups)
        self._ways = ways_to_write(groups, tracks, columns)
        self._bundle()

    def keep(self, tracks: tuple[Track, ...]) -> Callable[[], object]:
        """Return what puts the present objects back into the groups, tensors filled as they are."""
        keys = {track.place.hyperparameter.key for track in tracks}
        return keep_values(self, keys)

    def places(self, tracks: tuple[Track, ...]) -> dict[Hashable, str]:
        """Return what is written, a hyperparameter of a group, with the name it has in the plan."""
        every = range(len(self.optimizer.param_groups))
        return {
            (track.place.hyperparameter, index): track.name
            for track in tracks
            for index in (every if track.place.groups is None else track.place.groups)
        }

    # The tracks of a plan, and what happens to the groups.

    def tracks_for(self, plan: Plan, initial: dict[str, list[float]] | None) -> tuple[Track, ...]:
        """Return the tracks of a plan; refuse what the optimizer does not have or accept."""
        driven = frozenset(self.plan) if self._attached else frozenset()
        return tracks_of(self.optimizer, plan, initial, self._left_alone, driven)

    @left_as_it_is_inside
    def _take_up(self, groups: list[Group]) -> None:
        """Take up what happened to the parameter groups since the last step."""
        before = len(self._known)
        same: list[int | None] = list(range(before))
        origins = origins_of(groups, self._known)
        if len(groups) == before and origins == [None] * before:
            origins = same  # every one of them is another object
        if origins[:before] != same and are_mentioned_by_index(self.plan):
            raise ValueError(
                "parameter groups were removed or have other places than before, and Groups counts "
                f"them by index (there were {before}, now there are {len(groups)}), so it is no "
                "longer clear which is which: attach again, or give the groups names"
            )
        if origins != same:
            initial = self._initial and initial_values(self.optimizer, self._initial, origins)
            beside = next((i for i, origin in enumerate(origins) if origin is not None), 0)
            left_alone = frozenset(
                index
                for index, origin in enumerate(origins)
                if (
                    not self._joins(index, beside) if origin is None else origin in self._left_alone
                )
            )
            tracks = tracks_of(
                self.optimizer,
                self.plan,
                initial,
                left_alone,
                driven=frozenset(self.plan),
                may_be_gone=True,
            )
            self._tracks = Tracks(tracks, jumps=self.clock != STEPS)
            self._forget_ahead()
            self._initial, self._left_alone = initial, left_alone
            take(self, self.places(tracks))
        self._bind(self._tracks.tracks, self._columns)

    def _joins(self, index: int, beside: int) -> bool:
        """Return whether a group that was added follows the plan; warn if not."""
        groups, relative = self.optimizer.param_groups, self._initial or ()
        reason = reason_to_leave_alone(
            self.optimizer, index, self.plan, beside=groups[beside], relative=relative
        )
        if reason is not None:
            name = groups[index].get("name", index)
            warn(
                f"parameter group {name!r} was added and is left alone: {reason}; attach again to "
                "drive it",
                beyond=("torch",),  # whose hooks call us
            )
        return reason is None

    # State.

    def present_initial(self) -> dict[str, list[float]] | None:
        """Return the initial values in the order that the groups have now."""
        origins = origins_of(self.optimizer.param_groups, self._known)
        kept = [origin for origin in origins if origin is not None]
        if not self._initial or not kept:
            return self._initial
        return {name: [values[origin] for origin in kept] for name, values in self._initial.items()}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], on_mismatch: OnMismatch | None = None
    ) -> None:
        """Continue where a state was saved, in the groups that there are now.

        See :meth:`hypercycle.driving.Cycler.load_state_dict`.
        """
        self._take_up(self.optimizer.param_groups)
        super().load_state_dict(state_dict, on_mismatch)
        self._told_step = int(self.last_epoch)
        self._watch_from_here()

    def after_loading(self) -> None:
        """Assign the values of a step that it was told again; else what was loaded stays."""
        if self.detached:
            return
        if self.last_epoch == self._told_step:
            self._take_up(self.optimizer.param_groups)
            self.write(self._tracks.tracks, self._row(int(self.last_epoch)))
        elif self._watch is not None and has_driven_state(self.optimizer):
            self._watch.begins_late = True

    def __getstate__(self) -> dict[str, Any]:
        state = {k: v for k, v in super().__getstate__().items() if k not in _LEFT_OUT}
        return state | {"optimizer": self.optimizer, "last_epoch": self.last_epoch}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._bind(self._tracks.tracks, self._columns)
        hear_of_loading(self.optimizer, self.after_loading)
