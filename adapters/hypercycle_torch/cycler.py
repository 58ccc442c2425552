"""The cycler of a PyTorch optimizer."""

from __future__ import annotations

import itertools
import warnings
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.optim.lr_scheduler import LRScheduler

from hypercycle.driving.cycler import Cycler
from hypercycle.driving.tracks import Track, Tracks
from hypercycle.numbers.checks import whole_number
from hypercycle.plans.plan import Plan
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record
from hypercycle_torch import names as hyperparameters
from hypercycle_torch.names import Group, Hyperparameter

if TYPE_CHECKING:
    from hypercycle.driving.options import Options


def is_optimizer(target: Any) -> bool:
    """Return whether this is an optimizer, or a wrapper that shows one's ``param_groups``."""
    if isinstance(target, torch.optim.Optimizer):
        return True
    groups = None if isinstance(target, type) else getattr(target, "param_groups", None)
    return isinstance(groups, list) and bool(groups) and all(isinstance(g, dict) for g in groups)


@dataclass(frozen=True)
class _Place:
    """Where a track is written: a hyperparameter of all groups, or of these."""

    hyperparameter: Hyperparameter
    groups: tuple[int, ...] | None = None


class OptimizerCycler(Cycler, LRScheduler):
    """Drives any hyperparameters of a PyTorch optimizer; what ``hc.attach(optimizer, …)`` returns.

    An ``LRScheduler``: call ``step()`` after each ``optimizer.step()``, and hand it on to whatever
    takes a scheduler. It adds no keys to ``param_groups``, assigns Python floats, fills tensors in
    place, and reads ``param_groups`` anew at every step.

    Parameter groups that are added later follow a schedule that all groups share, if they come
    with the optimizer's default value; a group that brings its own value, or that ``Groups`` does
    not name, is left alone with a warning (with ``relative=True`` its own value is multiplied).
    Removed groups are no longer driven.

    Attributes
    ----------
    base_lrs
        The groups' learning rates before they were driven.
    """

    optimizer: Any
    _step_count = 1  # trainers count this up where they leave out a step

    def __init__(self, optimizer: Any, plan: Plan, options: Options) -> None:
        # LRScheduler.__init__ is not called: it adds keys to the groups and wraps optimizer.step.
        if not optimizer.param_groups:
            raise ValueError("the optimizer has no parameter groups")
        self.optimizer = optimizer
        self._left_alone: frozenset[int] = frozenset()
        self._group_count = len(optimizer.param_groups)
        self._attached = False
        initial = None
        if options.relative:
            initial = {name: self._present_values(optimizer, name) for name in plan}
        self.base_lrs = [_lr_of(group) for group in optimizer.param_groups]
        self.begin(plan, options, initial)
        self._attached = True

    # The LRScheduler's interface.

    def step(self, epoch: int | None = None) -> None:
        """Move on by one update and put the values of the new step in force.

        ``epoch``, which PyTorch has deprecated, moves to that step instead.
        """
        # What runs every step stands in one piece: a call more is a tenth of its cost.
        step = self.last_epoch + 1 if epoch is None else whole_number(epoch, "epoch")
        groups = self.optimizer.param_groups
        if groups is not self._groups or len(groups) != self._group_count:
            self._follow(groups)
        index = step - self._first_step
        if not 0 <= index < self._rows_ahead:
            index = self._look_ahead(step)
        # Two hyperparameters a turn: with many groups, the loop itself is what costs.
        for values, others, key, other_key in self._shared:
            value, other = values[index], others[index]
            for group in groups:
                group[key] = value
                group[other_key] = other
        for values, others, key, other_key in self._grouped:
            for group, value, other in zip(groups, values[index], others[index], strict=True):
                group[key] = value
                group[other_key] = other
        if self._slower:
            self._write_slower(index)
        self.last_epoch = step
        if self._watched:
            self._tell(step)

    def get_last_lr(self) -> list[float]:  # type: ignore[override]
        """Return the learning rate of each parameter group, as it is now."""
        return [_lr_of(group) for group in self.optimizer.param_groups]

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """Return the learning rate of each parameter group, as it is now."""
        return self.get_last_lr()

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
            self._write_place(track.place, entry)

    def _write_slower(self, index: int) -> None:
        """Write what is no float of its own in every group: members of tuples, tensors."""
        for values, key, member in self._members:
            value = values[index]
            for group in self._groups:
                members = list(group[key])
                members[member] = value
                group[key] = tuple(members)
        for entries, place in self._others:
            self._write_place(place, entries[index])

    def _write_place(self, place: _Place, entry: Any) -> None:
        groups = self.optimizer.param_groups
        driven = groups if place.groups is None else [groups[index] for index in place.groups]
        values = entry if isinstance(entry, list) else itertools.repeat(entry, len(driven))
        write = place.hyperparameter.write
        for group, value in zip(driven, values, strict=True):
            write(group, value)

    def install(self, tracks: tuple[Track, ...], columns: list[list[Any]]) -> None:
        """Assign the first values, and sort the tracks by how further ones are written."""
        row = tuple(column[0] for column in columns)
        if not self._attached:
            for track, entry in zip(tracks, row, strict=True):
                values = entry if isinstance(entry, list) else [entry]
                for value, schedule in zip(values, track.schedules, strict=True):
                    if not isinstance(schedule, Constant):
                        hyperparameters.check_start(
                            self.optimizer, track.place.hyperparameter, value
                        )
        self._bind(tracks, columns)
        self.write(tracks, row)

    def _bind(self, tracks: tuple[Track, ...], columns: list[list[Any]]) -> None:
        """Sort the tracks by how they are written: floats in all groups are the fast way."""
        groups: list[Group] = self.optimizer.param_groups
        shared: list[tuple[list[Any], str]] = []
        grouped: list[tuple[list[Any], str]] = []
        self._groups = groups
        self._members: list[tuple[list[float], str, int]] = []
        self._others: list[tuple[list[Any], _Place]] = []
        for column, track in zip(columns, tracks, strict=True):
            place: _Place = track.place
            _unshare(groups, place.hyperparameter)
            key, member = place.hyperparameter.key, place.hyperparameter.index
            indices = range(len(groups)) if place.groups is None else place.groups
            present = [place.hyperparameter.read(groups[index]) for index in indices]
            tensors = any(isinstance(value, torch.Tensor) for value in present)
            if tensors or len(present) != len(groups):
                self._others.append((column, place))
            elif member is None:
                (shared if track.keys is None else grouped).append((column, key))
            elif track.keys is None and all(type(group[key]) is tuple for group in groups):
                self._members.append((column, key, member))
            else:
                self._others.append((column, place))
        self._shared, self._grouped = _pairs(shared), _pairs(grouped)
        self._slower = bool(self._members or self._others)

    def _places(self) -> dict[tuple[Hyperparameter, int], str]:
        """Return the name of the track that writes a hyperparameter of a group."""
        places = {}
        for track in self._tracks.tracks:
            indices = track.place.groups
            for index in range(self._group_count) if indices is None else indices:
                places[track.place.hyperparameter, index] = track.name
        return places

    # Names, groups and their checks.

    def _present_values(self, optimizer: Any, name: str) -> list[float]:
        hyperparameter = hyperparameters.find(optimizer, name)
        groups: list[Group] = optimizer.param_groups
        return [
            hyperparameters.number(optimizer, hyperparameter, group, _label(groups, index))
            for index, group in enumerate(groups)
        ]

    def tracks_for(
        self, plan: Plan, initial: dict[str, list[float]] | None, *, following: bool = False
    ) -> tuple[Track, ...]:
        """Return the tracks of a plan; refuse what the optimizer does not have or accept."""
        owners: dict[Hyperparameter, str] = {}
        tracks = []
        for name, schedule in plan.items():
            hyperparameter = hyperparameters.find(self.optimizer, name)
            if hyperparameter in owners:
                raise ValueError(
                    f"{owners[hyperparameter]!r} and {name!r} are the same hyperparameter of "
                    f"{type(self.optimizer).__name__}, {hyperparameter}: give one of them"
                )
            owners[hyperparameter] = name
            factors = None if initial is None else initial[name]
            by_index = self._by_index(name, schedule, following=following)
            tracks.append(self._track(name, hyperparameter, schedule, by_index, factors))
        return tuple(tracks)

    def _track(
        self,
        name: str,
        hyperparameter: Hyperparameter,
        schedule: Any,
        by_index: dict[int, Record],
        initial: list[float] | None,
    ) -> Track:
        groups: list[Group] = self.optimizer.param_groups
        if initial is not None and len(initial) != len(groups):
            raise ValueError(
                f"the saved initial values of {name} are of {len(initial)} parameter groups, but "
                f"the optimizer has {len(groups)}: add or remove groups before loading"
            )
        indices = tuple(by_index)
        labels = tuple(_label(groups, index) for index in indices)
        present = [
            hyperparameters.number(self.optimizer, hyperparameter, groups[index], label)
            for index, label in zip(indices, labels, strict=True)
        ]
        factors = None if initial is None else tuple(initial[index] for index in indices)
        one_for_all = not isinstance(schedule, Groups) and len(set(factors or ())) <= 1
        is_driven = self._attached and name in self.plan
        if one_for_all and factors is None and not is_driven and len(set(present)) > 1:
            raise ValueError(_would_flatten(name, labels, present))
        track = Track(
            name,
            (schedule,) if one_for_all else tuple(by_index.values()),
            keys=None if one_for_all else labels,
            factors=factors[:1] if one_for_all and factors else factors,
            interval=hyperparameter.interval,
            place=_Place(hyperparameter, None if len(indices) == len(groups) else indices),
        )
        self._check_reached(track, hyperparameter)
        return track

    def _check_reached(self, track: Track, hyperparameter: Hyperparameter) -> None:
        """Refuse bounds that the optimizer does not accept, however late they are reached."""
        kind = type(self.optimizer).__name__
        reached: set[float] = set()
        for index, schedule in enumerate(track.schedules):
            factor = 1.0 if track.factors is None else track.factors[index]
            values = [factor * v for v in schedule.reached()]
            track.interval.check(np.array(values), f"{track.name} ({hyperparameter} of {kind})")
            reached.update(values)
        for value in sorted({min(reached), max(reached)} if reached else ()):
            reason = hyperparameters.refused(self.optimizer, hyperparameter, value)
            if reason is not None:
                raise ValueError(f"{kind} does not accept {track.name}={value!r}: {reason}")

    def _by_index(self, name: str, schedules: Any, *, following: bool) -> dict[int, Record]:
        """Return the schedule of each driven group; refuse groups that are not there or missing."""
        groups: list[Group] = self.optimizer.param_groups
        if not isinstance(schedules, Groups):
            return {i: schedules for i in range(len(groups)) if i not in self._left_alone}
        named: dict[int, Record | None] = {}
        for key, schedule in schedules.items():
            matching = _indices(groups, key)
            if not matching and not following:
                raise ValueError(f"{name}: there is no parameter group {key!r}; {_listed(groups)}")
            for index in matching:
                if index in named:
                    raise ValueError(f"{name}: group {index} is given twice, by index and by name")
                named[index] = schedule
        missing = [i for i in range(len(groups)) if i not in named and i not in self._left_alone]
        if missing:
            labels = ", ".join(repr(_label(groups, index)) for index in missing)
            raise ValueError(
                f"{name}: Groups says nothing about group {labels}: give it a schedule, or None to "
                f"leave it alone; {_listed(groups)}"
            )
        return {i: schedule for i, schedule in sorted(named.items()) if schedule is not None}

    def _follow(self, groups: list[Group]) -> None:
        """Take up what happened to the parameter groups since the last step."""
        before = self._group_count
        if len(groups) < before and (
            self._initial is not None
            or self._left_alone
            or any(
                str(key).isdecimal()
                for schedule in self.plan.values()
                if isinstance(schedule, Groups)
                for key in schedule
            )
        ):
            raise ValueError(
                f"there were {before} parameter groups and are {len(groups)} now, so it is no "
                "longer clear which is which: attach again, or give the groups names"
            )
        if len(groups) != before:
            initial = self._initial and {
                name: values + self._present_values(self.optimizer, name)[before:]
                for name, values in self._initial.items()
            }
            added = range(before, len(groups))
            self._left_alone |= {index for index in added if not self._joins(groups[index], index)}
            self._tracks = Tracks(self.tracks_for(self.plan, initial, following=True))
            self._forget_ahead()
            self._initial, self._group_count = initial, len(groups)
        self._bind(self._tracks.tracks, self._columns)

    def _joins(self, group: Group, index: int) -> bool:
        """Return whether a group that was added follows the plan; warn if not."""
        groups: list[Group] = self.optimizer.param_groups
        defaults = getattr(self.optimizer, "defaults", {})  # wrappers may have none
        for name, schedule in self.plan.items():
            if isinstance(schedule, Groups):
                if not any(index in _indices(groups, key) for key in schedule):
                    _warn_left_alone(index, group, f"Groups of {name} does not name it")
                    return False
            elif self._initial is None:
                hyperparameter = hyperparameters.find(self.optimizer, name)
                own = hyperparameters.number(
                    self.optimizer, hyperparameter, group, _label(groups, index)
                )
                usual = [
                    hyperparameter.read(known)
                    for known in (defaults, groups[0])
                    if hyperparameter.key in known
                ]
                if all(value is None or own != hyperparameters.as_float(value) for value in usual):
                    _warn_left_alone(index, group, f"it brings its own {name}={own!r}")
                    return False
        return True

    def __getstate__(self) -> dict[str, Any]:
        left_out = ("_groups", "_shared", "_grouped", "_members", "_others", "_slower")
        return {k: v for k, v in super().__getstate__().items() if k not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._bind(self._tracks.tracks, self._columns)


class OptimizerFollower(OptimizerCycler):
    """The cycler of ``advance="optimizer"``: each real step of the optimizer moves it on.

    Steps that a gradient scaler skips do not count, nor do the backward passes that gradient
    accumulation adds up. The optimizer keeps the cycler alive, not the other way round. A copy of
    the optimizer alone is not followed, since PyTorch's copies lose their hooks; copying or
    pickling the cycler copies both and follows the copy.
    """

    def __init__(self, optimizer: Any, plan: Plan, options: Options) -> None:
        if not hasattr(optimizer, "register_step_post_hook"):
            raise TypeError(
                f"advance='optimizer' needs a torch.optim.Optimizer, got a "
                f"{type(optimizer).__name__}: call step() after each update, or attach to the "
                "optimizer inside"
            )
        super().__init__(optimizer, plan, options)
        self._hook: Any = None
        self._follow_steps()

    @property
    def optimizer(self) -> Any:
        """The optimizer that is followed."""
        optimizer = self._optimizer()
        if optimizer is None:
            raise ReferenceError("the optimizer that this cycler followed no longer exists")
        return optimizer

    @optimizer.setter
    def optimizer(self, optimizer: Any) -> None:
        # Weak, so that optimizer -> hook -> cycler is no circle.
        self._optimizer = weakref.ref(optimizer)

    def step(self, epoch: int | None = None) -> None:
        """Do nothing: the optimizer's own steps count. Trainers may call it as usual."""

    def detach(self) -> None:
        """Stop following the optimizer; its values stay as they are."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _follow_steps(self) -> None:
        for hook in list(self.optimizer._optimizer_step_post_hooks.values()):  # noqa: SLF001
            earlier = getattr(hook, "__self__", None)
            if isinstance(earlier, OptimizerFollower) and (shared := self._shared_with(earlier)):
                warnings.warn(
                    f"an earlier attach(advance='optimizer') drove {', '.join(shared)} too; it is "
                    "detached",
                    stacklevel=2,
                )
                earlier.detach()
        self._hook = self.optimizer.register_step_post_hook(self._after_optimizer_step)

    def _shared_with(self, other: OptimizerCycler) -> list[str]:
        """Return the names of what another one writes too."""
        theirs = other._places()  # noqa: SLF001
        return sorted({name for place, name in self._places().items() if place in theirs})

    # A compiled optimizer.step would compile this too, anew for every step.
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _after_optimizer_step(self, optimizer: Any, _arguments: Any, _keywords: Any) -> None:
        # A fused optimizer under GradScaler skips inside its kernel, and says so here.
        found_inf = getattr(optimizer, "found_inf", None)
        if found_inf is None or float(found_inf) == 0.0:
            super().step()

    def __getstate__(self) -> dict[str, Any]:
        state = {
            k: v for k, v in super().__getstate__().items() if k not in ("_hook", "_optimizer")
        }
        return state | {"_kept": self.optimizer, "_follows": self._hook is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        follows = state.pop("_follows")
        # A copy has nobody else yet who keeps its optimizer.
        self.optimizer = state["_kept"]
        super().__setstate__(state)
        self._hook = None
        if follows:
            self._follow_steps()


def _pairs(written: list[tuple[list[Any], str]]) -> list[tuple[list[Any], list[Any], str, str]]:
    """Return (column, column, key, key) of two at a time; the last may be its own pair."""
    firsts = written[::2]
    seconds = written[1::2] + firsts[len(written) // 2 :]
    return [
        (column, other, key, other_key)
        for (column, key), (other, other_key) in zip(firsts, seconds, strict=True)
    ]


def _label(groups: list[Group], index: int) -> Hashable:
    """Return what a group is called in values and errors: its name if no other has it."""
    name: Hashable = groups[index].get("name")
    unique = name is not None and [group.get("name") for group in groups].count(name) == 1
    return name if unique else index


def _indices(groups: list[Group], key: int | str) -> list[int]:
    """Return which groups a key means: those of that name, or the one at that index.

    Keys of JSON and TOML are strings, so "0" is an index where no group is called so.
    """
    named = [index for index, group in enumerate(groups) if group.get("name") == key]
    if isinstance(key, str) and (named or not key.isdecimal()):
        return named
    return [int(key)] if 0 <= int(key) < len(groups) else []


def _listed(groups: list[Group]) -> str:
    labels = ", ".join(repr(_label(groups, index)) for index in range(len(groups)))
    return f"the optimizer's groups: {labels}"


def _lr_of(group: Group) -> float:
    return hyperparameters.as_float(group.get("lr", float("nan")))


def _unshare(groups: list[Group], hyperparameter: Hyperparameter) -> None:
    """Give every group a tensor of its own: PyTorch lets groups share the one it was given."""
    seen: set[int] = set()
    for group in groups:
        if hyperparameter.key not in group:
            continue
        value = hyperparameter.read(group)
        if not isinstance(value, torch.Tensor):
            continue
        if id(value) in seen:
            hyperparameter.replace(group, value.detach().clone())
        seen.add(id(value))


def _would_flatten(name: str, labels: tuple[Hashable, ...], present: list[float]) -> str:
    listed = ", ".join(
        f"{label!r}: {value!r}" for label, value in zip(labels, present, strict=True)
    )
    return (
        f"the parameter groups have different values of {name} ({listed}), which one schedule "
        f"would make the same. Give one schedule per group, {name}=Groups({{{labels[0]!r}: …, …}}) "
        "with None for a group to leave alone, or pass relative=True to multiply each group's own "
        "value"
    )


def _warn_left_alone(index: int, group: Group, reason: str) -> None:
    warnings.warn(
        f"parameter group {group.get('name', index)!r} was added and is left alone: {reason}; "
        "attach again to drive it",
        stacklevel=2,
    )
