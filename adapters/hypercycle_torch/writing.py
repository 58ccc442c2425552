"""How the values of a step get into the parameter groups, as fast as each kind of value allows.

``benchmarks/torch_step.py`` measures what is here, beside what only assigning ready values costs.
The most common, one or two floats for all groups, is in the cycler's ``step()`` itself; each other
is a function of the groups and of the index in the columns, made once for the groups there are.

What stands in the groups may be another object than the one that was written there last: somebody
has changed ``betas[1]`` of a group, or given it another tensor. So each way that does not look at
what it replaces asks first whether it is the very object that it wrote, and takes the slow way,
:meth:`Hyperparameter.write`, which keeps everything else, wherever it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import is_, itemgetter
from typing import Any

import numpy as np
import torch

from hypercycle.driving.tracks import Track
from hypercycle_torch.compiling import left_as_it_is
from hypercycle_torch.groups import unshare_tensors
from hypercycle_torch.names import Group, Hyperparameter
from hypercycle_torch.tracks import Destination

# Called with the groups and an index in the columns.
Writer = Callable[[list[Group], int], None]
# One column, and the key that it is written to.
Floats = tuple[list[Any], str]
# Two of them, as (column, column, key, key): with many groups, the loop itself is what costs, so
# that two hyperparameters are written in a turn.
Pair = tuple[list[Any], list[Any], str, str]

# A private function of PyTorch; without it tensors are filled one by one.
_copy_each: Any = getattr(torch, "_foreach_copy_", None)
# No group has this tuple.
_NOWHERE = (float("nan"), float("nan"))


@dataclass(frozen=True)
class _Written:
    """A column, and where it is written."""

    column: list[Any]
    destination: Destination
    is_shared: bool

    @property
    def place(self) -> Hyperparameter:
        return self.destination.hyperparameter


def ways_to_write(
    groups: list[Group], tracks: Sequence[Track], columns: Sequence[list[Any]]
) -> tuple[Pair | None, Writer | None]:
    """Return how columns are written into groups: floats for all of them, and what writes the rest.

    The columns are looked into at every step, and may have got other values by then. Tensors that
    groups have in common are parted.
    """
    shared: list[Floats] = []
    own: list[Floats] = []
    tuples: list[_Written] = []
    writers: list[Writer] = []
    for column, track in zip(columns, tracks, strict=True):
        written = _Written(column, track.place, is_shared=track.keys is None)
        place = written.place
        unshare_tensors(groups, place)
        indices = written.destination.groups
        everywhere = bool(groups) and (indices is None or len(indices) == len(groups))
        present = [place.read(group) for group in groups] if everywhere else []
        if everywhere and _copy_each is not None and all(map(_is_plain_tensor, present)):
            writers.append(_fill_together(written, present))
        elif not everywhere or any(isinstance(value, torch.Tensor) for value in present):
            writers.append(_one_by_one([written]))
        elif place.index is None:
            (shared if written.is_shared else own).append((column, place.key))
        else:
            tuples.append(written)
    for together in _by_key(tuples):
        one = together[0]
        two = all(_is_pair(group[one.place.key]) for group in groups)
        if two and all(each.is_shared for each in together):
            writers.append(_shared_tuple(together, shared.pop(0) if shared else None))
        elif two and len(together) == 1 and one.place.index == 0 and own:
            own_tuples = _own_tuples if len(groups) > 1 else _tuple_of_one_group
            writers.append(own_tuples(one, own.pop(0)))
        else:
            writers.append(_one_by_one(together))
    pairs = _in_pairs(shared)
    writers += [_shared_floats(*pair) for pair in pairs[1:]]
    own_floats = _own_floats if len(groups) > 1 else _floats_of_one_group
    writers += [own_floats(*pair) for pair in _in_pairs(own)]
    rest = writers[0] if len(writers) == 1 else _one_after_the_other(writers)
    return pairs[0] if pairs else None, rest if writers else None


def _by_key(tuples: list[_Written]) -> list[list[_Written]]:
    by_key: dict[str, list[_Written]] = {}
    for written in tuples:
        by_key.setdefault(written.place.key, []).append(written)
    return list(by_key.values())


def _one_after_the_other(writers: list[Writer]) -> Writer:
    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        for write_some in writers:
            write_some(groups, index)

    return write


@left_as_it_is
def write_entry(groups: list[Group], destination: Destination, entry: Any) -> None:
    """Write a value, or a list with one for each group, one group after the other."""
    if destination.groups is not None:
        groups = [groups[index] for index in destination.groups]
    values = entry if isinstance(entry, list) else [entry] * len(groups)
    write = destination.hyperparameter.write
    for group, value in zip(groups, values, strict=True):
        write(group, value)


def _one_by_one(several: list[_Written]) -> Writer:
    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        for written in several:
            write_entry(groups, written.destination, written.column[index])

    return write


# Floats.


def _in_pairs(floats: list[Floats]) -> list[Pair]:
    """Return two at a time; the last may be its own pair."""
    firsts = floats[::2]
    seconds = floats[1::2] + firsts[len(floats) // 2 :]
    return [
        (column, other, key, other_key)
        for (column, key), (other, other_key) in zip(firsts, seconds, strict=True)
    ]


def _shared_floats(values: list[Any], others: list[Any], key: str, other_key: str) -> Writer:
    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        value, other = values[index], others[index]
        for group in groups:
            group[key] = value
            group[other_key] = other

    return write


def _own_floats(values: list[Any], others: list[Any], key: str, other_key: str) -> Writer:
    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        # The keyword ``strict`` costs as much as a group, and there is a value for each group.
        for group, value, other in zip(groups, values[index], others[index]):  # noqa: B905
            group[key] = value
            group[other_key] = other

    return write


def _floats_of_one_group(values: list[Any], others: list[Any], key: str, other_key: str) -> Writer:
    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        # Without the loop of _own_floats, a third of a step ("ours, own bounds", one group).
        group = groups[0]
        group[key] = values[index][0]
        group[other_key] = others[index][0]

    return write


# Betas: a step writes a new tuple.


def _is_pair(value: Any) -> bool:
    return type(value) is tuple and [type(member) for member in value] == [float, float]


def _pair_in(group: Group, key: str) -> tuple[float, float]:
    whole = group[key]
    return whole if _is_pair(whole) else _NOWHERE


def _shared_tuple(members: list[_Written], beside: Floats | None) -> Writer:
    """Write one tuple of two floats into all groups that have the tuple of the step before.

    Those have its other member too, whoever changed what in between. ``beside`` is written in the
    same turn ("ours, one schedule" of AdamW: the loop is most of what is left).
    """
    columns = {one.place.index: one.column for one in members}
    first, second = columns.get(0), columns.get(1)
    key = members[0].place.key
    last = _NOWHERE

    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        nonlocal last
        strayed = False
        whole = (
            last[0] if first is None else first[index],
            last[1] if second is None else second[index],
        )
        if beside is None:
            for group in groups:
                if group[key] is last:
                    group[key] = whole
                else:
                    strayed = True
                    _write_members(group, members, index, whole)
        else:
            column, other_key = beside
            value = column[index]
            for group in groups:
                group[other_key] = value
                if group[key] is last:
                    group[key] = whole
                else:
                    strayed = True
                    _write_members(group, members, index, whole)
        last = _pair_in(groups[0], key) if strayed else whole  # most have its other member

    return write


@left_as_it_is
def _write_members(
    group: Group, members: list[_Written], index: int, whole: tuple[float, float]
) -> None:
    """Write into another tuple, which keeps its other member; if that is equal, share the whole."""
    for one in members:
        one.place.write(group, one.column[index])
    if _is_pair(group[members[0].place.key]) and group[members[0].place.key] == whole:
        group[members[0].place.key] = whole


def _own_tuples(first: _Written, beside: Floats) -> Writer:
    """Write a tuple of two floats, the first a group's own, into each that has the one before.

    ``beside`` is written in the same turn ("ours, own bounds" of AdamW).
    """
    firsts, key = first.column, first.place.key
    values, other_key = beside
    last: list[tuple[float, float]] = []
    seconds: list[float] = []

    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        nonlocal last, seconds
        if not last:
            last = [_pair_in(group, key) for group in groups]
            seconds = [second for _, second in last]
        wholes, strayed = list(zip(firsts[index], seconds)), False  # noqa: B905  (see _own_floats)
        for group, value, whole, before in zip(groups, values[index], wholes, last):  # noqa: B905
            group[other_key] = value
            if group[key] is before:
                group[key] = whole
            else:
                first.place.write(group, whole[0])
                strayed = True
        last = [] if strayed else wholes  # none: taken from the groups again

    return write


def _tuple_of_one_group(first: _Written, beside: Floats) -> Writer:
    """Do what ``_own_tuples`` does without its loop, half of a step ("ours, own bounds")."""
    firsts, key = first.column, first.place.key
    values, other_key = beside
    last, second = _NOWHERE, 0.0

    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        nonlocal last, second
        group = groups[0]
        group[other_key] = values[index][0]
        if group[key] is last:
            group[key] = last = (firsts[index][0], second)
        else:
            first.place.write(group, firsts[index][0])
            last = _pair_in(group, key)
            second = last[1]

    return write


# Tensors are filled in place: compiled and captured steps hold on to them.


def _is_plain_tensor(value: Any) -> bool:
    """Return whether ``_foreach_copy_`` does to a tensor what filling it does."""
    return (
        type(value) is torch.Tensor
        and value.device.type == "cpu"
        and value.ndim == 0
        and not value.requires_grad
    )


def _fill_together(written: _Written, tensors: list[torch.Tensor]) -> Writer:
    """Fill a tensor in each group by one call: the call is most of what filling one costs.

    The values are in an array of ours, and each tensor rounds its own as ``fill_`` does. Tensors
    are never written through arrays of theirs: their storage moves when other processes share it,
    and autograd would not hear of it ("SGD whose learning rates are tensors").
    """
    column, place, is_shared = written.column, written.place, written.is_shared
    whole_in, index_in = itemgetter(place.key), place.index
    values = np.empty(1 if is_shared else len(tensors))
    sources = list(torch.from_numpy(values).unbind())
    if is_shared:
        sources *= len(tensors)

    @left_as_it_is
    def present_in(groups: list[Group]) -> Iterator[torch.Tensor]:
        present = map(whole_in, groups)
        return present if index_in is None else map(itemgetter(index_in), present)

    @left_as_it_is
    def write(groups: list[Group], index: int) -> None:
        nonlocal tensors
        if not all(map(is_, present_in(groups), tensors)):
            present = list(present_in(groups))
            if not all(map(_is_plain_tensor, present)):
                write_entry(groups, written.destination, column[index])
                return
            tensors = present
        if is_shared:
            values[0] = column[index]
        else:
            values[:] = column[index]
        try:
            _copy_each(tensors, sources)
        except RuntimeError:  # one needs gradients by now
            write_entry(groups, written.destination, column[index])

    return write
