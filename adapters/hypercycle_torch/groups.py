"""Parameter groups: what they are called, and which schedule each of them follows."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

import torch

from hypercycle.driving.drivers import driver_of
from hypercycle.driving.names import leaves_out
from hypercycle.schedules.groups import GroupKey, Groups
from hypercycle.schedules.schedule import Record
from hypercycle_torch.names import Group, Hyperparameter, as_float, find, number


def labels_of(groups: Sequence[Group]) -> list[Hashable]:
    """Return what groups are called in values and errors: by their name if no other has it.

    >>> labels_of([{"name": "body"}, {"name": "body"}, {"name": "head"}, {}])
    [0, 1, 'head', 3]
    """
    names: list[Hashable] = [group.get("name") for group in groups]
    counts = Counter(names)
    unique = [name is not None and counts[name] == 1 for name in names]
    return [name if unique[index] else index for index, name in enumerate(names)]


def indices_of(groups: Sequence[Group], keys: Iterable[GroupKey]) -> dict[GroupKey, list[int]]:
    """Return which groups each key means: those of that name, or the one at that index.

    Keys of JSON and TOML are strings, so "0" is an index where no group is called so.

    >>> groups = [{"name": "body"}, {"name": "body"}, {"name": "head"}, {}]
    >>> indices_of(groups, ["body", 3, "1"])
    {'body': [0, 1], 3: [3], '1': [1]}
    """
    named: dict[Any, list[int]] = {}
    for index, group in enumerate(groups):
        named.setdefault(group.get("name"), []).append(index)
    found: dict[GroupKey, list[int]] = {}
    for key in keys:
        if isinstance(key, str) and (key in named or not key.isdecimal()):
            found[key] = named.get(key, [])
        else:
            found[key] = [int(key)] if 0 <= int(key) < len(groups) else []
    return found


def lr_of(group: Group) -> float:
    """Return a group's learning rate as a float; NaN if it has none."""
    return as_float(group.get("lr", float("nan")))


def values_in(
    optimizer: Any, hyperparameter: Hyperparameter, indices: Iterable[int] | None = None
) -> list[float]:
    """Return the present value in each of these groups, or in all; refuse what is not a number."""
    groups: list[Group] = optimizer.param_groups
    chosen = range(len(groups)) if indices is None else indices
    labels = labels_of(groups)
    return [number(optimizer, hyperparameter, groups[i], labels[i]) for i in chosen]


def schedules_by_index(
    groups: Sequence[Group],
    name: str,
    schedule: Record | Groups,
    left_alone: Collection[int] = (),
    *,
    may_be_gone: bool = False,
) -> dict[int, Record]:
    """Return the schedule of each group that is driven, by its index.

    Parameters
    ----------
    groups, name, schedule
        The optimizer's groups, a name in the plan and what it stands for there.
    left_alone
        Groups that follow nothing unless ``Groups`` mentions them.
    may_be_gone
        Whether ``Groups`` may mention groups that do not exist, because some were removed.

    Raises
    ------
    ValueError
        If ``Groups`` mentions a group that does not exist or the same one twice, or leaves one out.
    """
    if not isinstance(schedule, Groups):
        return {index: schedule for index in range(len(groups)) if index not in left_alone}
    mentioned: dict[int, Record | None] = {}
    found = indices_of(groups, schedule)
    for key, own in schedule.items():
        indices = found[key]
        if not indices and not may_be_gone:
            raise ValueError(f"{name}: there is no parameter group {key!r}; {_listed(groups)}")
        for index in indices:
            if index in mentioned:
                raise ValueError(f"{name}: group {index} is given twice, by index and by name")
            mentioned[index] = own
    missing = [i for i in range(len(groups)) if i not in mentioned and i not in left_alone]
    if missing:
        called = labels_of(groups)
        labels = ", ".join(repr(called[index]) for index in missing)
        remedy = f"give it a schedule, or None to leave it alone; {_listed(groups)}"
        raise leaves_out(name, f"group {labels}", remedy)
    return {index: own for index, own in sorted(mentioned.items()) if own is not None}


def _listed(groups: Sequence[Group]) -> str:
    labels = ", ".join(map(repr, labels_of(groups)))
    return f"the optimizer's groups: {labels}"


def check_alike(name: str, labels: Sequence[Hashable], present: Sequence[float]) -> None:
    """Raise ValueError if one schedule for all would flatten groups whose values differ."""
    if len(set(present)) <= 1:
        return
    listed = ", ".join(
        f"{label!r}: {value!r}" for label, value in zip(labels, present, strict=True)
    )
    raise ValueError(
        f"the parameter groups have different values of {name} ({listed}), which one schedule "
        f"would make the same. Give one schedule per group, {name}=Groups({{{labels[0]!r}: …, …}}) "
        "with None for a group to leave alone, or pass relative=True to multiply each group's own "
        "value"
    )


# Groups that come and go.


def reason_to_leave_alone(
    optimizer: Any,
    index: int,
    plan: Mapping[str, Record | Groups],
    *,
    beside: Group,
    relative: Collection[str],
) -> str | None:
    """Return why a group that was added does not follow the plan; None if it does.

    ``beside`` is a group that follows it: one with its value joins, or with any value of a name in
    ``relative``.
    """
    groups: list[Group] = optimizer.param_groups
    defaults: Group = getattr(optimizer, "defaults", {})  # wrappers may have none
    for name, schedule in plan.items():
        if isinstance(schedule, Groups):
            if not any(index in found for found in indices_of(groups, schedule).values()):
                return f"Groups of {name} does not mention it"
        elif name not in relative:
            hyperparameter = find(optimizer, name)
            (own,) = values_in(optimizer, hyperparameter, [index])
            usual = [
                hyperparameter.read(known)
                for known in (defaults, beside)
                if hyperparameter.key in known
            ]
            if all(value is None or own != as_float(value) for value in usual):
                return f"it has its own {name}={own!r}"
    return None


def are_mentioned_by_index(plan: Mapping[str, Record | Groups]) -> bool:
    """Return whether the plan counts the groups, so that it matters if one before is removed."""
    return any(
        str(key).isdecimal()
        for schedule in plan.values()
        if isinstance(schedule, Groups)
        for key in schedule
    )


def origins_of(groups: Sequence[Group], known: Sequence[Group]) -> list[int | None]:
    """Return at which index of ``known`` each group was, None for one that is new.

    A group is the same if its dict is, or its list of parameters: loading a state makes new dicts.

    >>> body, head, new = ({"params": [object()]} for _ in range(3))
    >>> origins_of([head, dict(body), new], [body, head])
    [1, 0, None]
    """
    indices = {id(part): i for i, group in enumerate(known) for part in (group, group["params"])}
    return [indices.get(id(group), indices.get(id(group["params"]))) for group in groups]


def first_values(optimizer: Any, name: str) -> list[float]:
    """Return what a relative schedule multiplies: each group's value before any cycler drove it.

    An earlier cycler knows it, as far as it was relative too; of learning rates, ``initial_lr``
    does. Else it is the present value.
    """
    hyperparameter = find(optimizer, name)
    values = values_in(optimizer, hyperparameter)
    for index, group in enumerate(optimizer.param_groups):
        earlier = driver_of(optimizer, (hyperparameter, index))
        if earlier is None:
            continue
        initial = earlier.present_initial() or {}
        if name in initial:
            values[index] = initial[name][index]
        elif hyperparameter.key == "lr" and "initial_lr" in group:
            values[index] = as_float(group["initial_lr"])
    return values


def initial_values(
    optimizer: Any, before: Mapping[str, Sequence[float]], origins: Sequence[int | None]
) -> dict[str, list[float]]:
    """Return the initial values by name in a new order of groups; a new one brings its own."""
    return {
        name: [
            values_in(optimizer, find(optimizer, name), [index])[0]
            if origin is None
            else values[origin]
            for index, origin in enumerate(origins)
        ]
        for name, values in before.items()
    }


def keep_values(cycler: Any, keys: Collection[str]) -> Callable[[], None]:
    """Return what puts back the present values of these keys: the same objects, as they are now.

    It goes by the groups that the cycler's optimizer has by then: loading a state makes new ones.
    """
    reference = weakref.ref(cycler)  # who keeps what is returned here
    known = list(cycler.optimizer.param_groups)
    kept = [{key: group[key] for key in keys if key in group} for group in known]
    tensors = [
        (value, value.detach().clone())
        for values in kept
        for whole in values.values()
        for value in (whole if isinstance(whole, tuple | list) else (whole,))
        if isinstance(value, torch.Tensor)
    ]

    def put_back() -> None:
        alive = reference()
        groups = [] if alive is None else alive.optimizer.param_groups
        for group, origin in zip(groups, origins_of(groups, known), strict=True):
            if origin is not None:
                group.update(kept[origin])
        for tensor, before in tensors:
            tensor.detach().copy_(before)

    return put_back


def unshare_tensors(groups: Sequence[Group], hyperparameter: Hyperparameter) -> None:
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
