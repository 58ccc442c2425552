"""The tracks of a plan on a PyTorch optimizer: what is written where."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from hypercycle.driving.names import given_twice, is_a_mixture, needs_whole_numbers
from hypercycle.driving.tracks import Track
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.mixture import Mixture
from hypercycle.schedules.schedule import Record
from hypercycle_torch.groups import check_alike, labels_of, schedules_by_index, values_in
from hypercycle_torch.names import Group, Hyperparameter, counts, find, refusal


@dataclass(frozen=True)
class Destination:
    """Where a track is written: to a hyperparameter of all groups, or of these."""

    hyperparameter: Hyperparameter
    groups: tuple[int, ...] | None = None


def tracks_of(
    optimizer: Any,
    plan: Plan,
    initial: dict[str, list[float]] | None = None,
    left_alone: Collection[int] = (),
    driven: Collection[str] = (),
    *,
    may_be_gone: bool = False,
) -> tuple[Track, ...]:
    """Return the tracks of a plan, one for each name, whose places are destinations.

    Parameters
    ----------
    optimizer, plan
        What is driven, and what it follows.
    initial
        For each name the values of all groups that a relative plan multiplies.
    left_alone, may_be_gone
        As in :func:`hypercycle_torch.groups.schedules_by_index`.
    driven
        Names that are driven already, whose present values say nothing about the user's intent.

    Raises
    ------
    TypeError, ValueError
        If the optimizer does not have a hyperparameter, or does not accept a value that its
        schedule is known to reach, or one schedule would flatten groups whose values differ.
    """
    names: dict[Hyperparameter, str] = {}
    tracks = []
    for name, schedule in plan.items():
        kind = type(optimizer).__name__
        if isinstance(schedule, Mixture):
            raise is_a_mixture(name, kind)
        hyperparameter = find(optimizer, name)
        if hyperparameter in names:
            raise given_twice(names[hyperparameter], name, kind, hyperparameter)
        names[hyperparameter] = name
        by_index = schedules_by_index(
            optimizer.param_groups, name, schedule, left_alone, may_be_gone=may_be_gone
        )
        own = None if initial is None else initial.get(name)
        may_flatten = own is not None or name in driven
        track = _track(
            optimizer,
            name,
            hyperparameter,
            schedule,
            by_index,
            initial=own,
            may_flatten=may_flatten,
        )
        _check_whole(optimizer, track)
        _check_reached(optimizer, track)
        tracks.append(track)
    return tuple(tracks)


def _track(
    optimizer: Any,
    name: str,
    hyperparameter: Hyperparameter,
    schedule: Record | Groups,
    by_index: dict[int, Record],
    *,
    initial: list[float] | None,
    may_flatten: bool,
) -> Track:
    groups: list[Group] = optimizer.param_groups
    if initial is not None and len(initial) != len(groups):
        raise ValueError(
            f"the saved initial values of {name} are of {len(initial)} parameter groups, but the "
            f"optimizer has {len(groups)}: add or remove groups before loading"
        )
    indices = tuple(by_index)
    called = labels_of(groups)
    labels = tuple(called[index] for index in indices)
    present = values_in(optimizer, hyperparameter, indices)  # which refuses what is not a number
    place = Destination(hyperparameter, None if len(indices) == len(groups) else indices)
    factors = None if initial is None else tuple(initial[index] for index in indices)
    own_kind: type = type(optimizer)
    whole = counts(own_kind, hyperparameter.key)
    if isinstance(schedule, Groups) or len(set(factors or ())) > 1:
        schedules = tuple(by_index.values())
        return Track(name, schedules, labels, factors, hyperparameter.interval, place, whole)
    if not may_flatten:
        check_alike(name, labels, present)
    factors = factors and factors[:1]
    return Track(name, (schedule,), None, factors, hyperparameter.interval, place, whole)


def _check_whole(optimizer: Any, track: Track) -> None:
    if track.whole and not track.gives_whole_numbers():
        place = track.place
        group = optimizer.param_groups[place.groups[0] if place.groups else 0]
        present = place.hyperparameter.read(group)
        others = [one for one in track.schedules if not one.whole]
        schedule = others[0] if others else track.schedules[0]
        kind = type(optimizer).__name__
        raise needs_whole_numbers(place.hyperparameter, kind, present, schedule)


def _check_reached(optimizer: Any, track: Track) -> None:
    """Refuse bounds that the optimizer does not accept, however late they are reached."""
    kind = type(optimizer).__name__
    hyperparameter = track.place.hyperparameter
    track.check_reached(f"{track.name} ({hyperparameter} of {kind})")
    reached = {bound for bounds in track.reached() for bound in bounds}
    for value in sorted({min(reached), max(reached)} if reached else ()):
        reason = refusal(optimizer, hyperparameter, value)
        if reason is not None:
            raise ValueError(f"{kind} does not accept {track.name}={value!r}: {reason}")
