"""Where a PyTorch optimizer keeps a hyperparameter, and which values it accepts."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from hypercycle.driving.interval import ACCEPTED, UNLIMITED, Interval
from hypercycle.driving.names import (
    Place,
    ambiguous_momentum,
    averages_gradients,
    beta_index,
    is_a_switch,
    is_a_tuple,
    is_not_a_number,
    is_number,
    is_unknown,
    member_of,
)
from hypercycle_torch.compiling import left_as_it_is
from hypercycle_torch.wrappers import innermost

Group = dict[str, Any]

# Keys of a group that are not hyperparameters.
_OTHER_KEYS = {"params", "param_names", "name", "initial_lr"}
# fastai's names; it keeps no tuples.
_FASTAI = {"momentum": "mom", "weight_decay": "wd", "beta1": "mom", "beta2": "sqr_mom"}
_NEUTRAL = {"betas": "beta1", "mom": "momentum", "sqr_mom": "beta2", "wd": "weight_decay"}
# Read once, when the optimizer makes its state: a schedule would silently do nothing.
_READ_ONCE = {
    ("Adagrad", "initial_accumulator_value"): "lr, lr_decay, weight_decay and eps",
    ("Rprop", "lr"): "etas[0], etas[1], step_sizes[0] and step_sizes[1]",
}


class Hyperparameter(Place):
    """A place in a parameter group: a key, or a member of the tuple there."""

    @property
    def interval(self) -> Interval:
        """What optimizers accept for it."""
        return ACCEPTED.get(_NEUTRAL.get(self.key, self.key), UNLIMITED)

    @left_as_it_is
    def read(self, group: Group) -> Any:
        """Return the value as it is: a number, a tensor, None or whatever else."""
        value = group[self.key]
        return value if self.index is None else value[self.index]

    @left_as_it_is
    def write(self, group: Group, value: float) -> None:
        """Assign a float; fill a tensor in place, which compiled and captured steps need."""
        current = self.read(group)
        if type(current) is not float and isinstance(current, torch.Tensor):
            # A tensor that needs gradients is a leaf, which cannot be filled otherwise.
            (current.detach() if current.requires_grad else current).fill_(value)
        else:
            self.replace(group, value)

    @left_as_it_is
    def replace(self, group: Group, value: Any) -> None:
        """Put another object there; a tuple keeps its type and its other members."""
        if self.index is None:
            group[self.key] = value
        else:
            whole = group[self.key]
            members = list(whole)
            members[self.index] = value
            group[self.key] = type(whole)(members)


def find(optimizer: Any, name: str) -> Hyperparameter:
    """Return where the optimizer keeps the hyperparameter with a neutral or an own name.

    Raises
    ------
    ValueError
        If the name is unknown (all names are listed), or is not what ``momentum`` means here, or
        the optimizer reads the value only once.
    """
    found = _find(optimizer, name)
    for base in type(optimizer).__mro__:
        instead = _READ_ONCE.get((base.__name__, str(found)))
        if instead is not None and base.__module__.startswith("torch.optim"):
            raise ValueError(
                f"{base.__name__} reads {found} only once, so a schedule for it would do nothing; "
                f"what it reads at every step: {instead}"
            )
    return found


def _find(optimizer: Any, name: str) -> Hyperparameter:
    groups: Sequence[Group] = optimizer.param_groups
    kind = type(optimizer).__name__
    keys = {key for group in groups for key in group} - _OTHER_KEYS
    if name in keys:
        members = max((_count_members(group.get(name)) for group in groups), default=0)
        if members:
            raise is_a_tuple(name, kind, members)
        return Hyperparameter(name)
    member = member_of(name)
    if member is not None and member.key in keys and _has_member(groups, member):
        return Hyperparameter(member.key, member.index)
    beta = Hyperparameter("betas", beta_index(name))
    if beta.index is not None and _has_member(groups, beta):
        inside = type(innermost(optimizer)).__name__
        if name == "momentum" and not averages_gradients(inside):
            raise ambiguous_momentum(kind)
        return beta
    otherwise = _FASTAI.get(name)
    if otherwise in keys and (name != "beta1" or "sqr_mom" in keys):
        return Hyperparameter(otherwise)
    raise is_unknown(kind, name, names_of(groups))


def _has_member(groups: Iterable[Group], place: Place) -> bool:
    index = place.index
    return index is not None and any(index < _count_members(g.get(place.key)) for g in groups)


def names_of(groups: Iterable[Group]) -> list[str]:
    """Return the names of all hyperparameters that are numbers; betas by their neutral names."""
    names: dict[str, None] = {}
    for group in groups:
        for key, value in group.items():
            if key in _OTHER_KEYS:
                continue
            if _is_number(value):
                names[key] = None
            for index in range(_count_members(value)):
                if _is_number(value[index]):
                    beta = f"beta{index + 1}" if key == "betas" else f"{key}[{index}]"
                    names[beta] = None
    return list(names)


def number(optimizer: Any, hyperparameter: Hyperparameter, group: Group, label: Any) -> float:
    """Return the value in a group as a float.

    Raises
    ------
    ValueError
        If the group does not have the hyperparameter.
    TypeError
        If it is a switch, None or anything else than a number, or a tensor that the
        optimizer does not expect to change.
    """
    kind = type(optimizer).__name__
    try:
        value = hyperparameter.read(group)
    except (KeyError, IndexError):
        raise ValueError(
            f"parameter group {label!r} has no {hyperparameter}: leave the group alone with "
            "Groups({…: None})"
        ) from None
    if isinstance(value, bool):
        raise is_a_switch(hyperparameter, kind, value)
    if not _is_number(value):
        raise is_not_a_number(hyperparameter, kind, value)
    if isinstance(optimizer, torch.optim.LBFGS) and isinstance(value, torch.Tensor):
        raise TypeError(
            "LBFGS keeps a tensor lr as the length of its last step, so that filling it would "
            "spoil the next one: give lr as a float"
        )
    return as_float(value)


def as_float(value: Any) -> float:
    """Return a number, or what is in a tensor (one that needs gradients too), as a float."""
    return float(value.item() if isinstance(value, torch.Tensor) else value)


def is_far(value: Any) -> bool:
    """Return whether this is a tensor on a device: to read it would be to wait for that."""
    return isinstance(value, torch.Tensor) and value.device.type != "cpu"


def _is_number(value: Any) -> bool:
    """Return whether a schedule can drive this: a real number, or a float tensor with one."""
    if isinstance(value, torch.Tensor):
        return value.numel() == 1 and value.is_floating_point()
    return is_number(value)


def refusal(optimizer: Any, hyperparameter: Hyperparameter, value: float) -> str | None:
    """Return why PyTorch's own constructor would not take a value; None if it would.

    Only the classes of ``torch.optim`` are asked, by making one for a parameter of no account.
    """
    kind = type(optimizer)
    accepted = inspect.signature(kind).parameters
    if not kind.__module__.startswith("torch.optim") or hyperparameter.key not in accepted:
        return None
    device = {"fused", "foreach", "capturable", "differentiable"}
    group = {
        key: _plain(value)
        for key, value in optimizer.param_groups[0].items()
        if key in accepted and key not in _OTHER_KEYS | device
    }
    try:
        kind([torch.zeros(1, 1, requires_grad=True)], **group)
    except (TypeError, ValueError, RuntimeError):
        return None  # whatever it does not like is there already
    hyperparameter.replace(group, value)
    try:
        kind([torch.zeros(1, 1, requires_grad=True)], **group)
    except ValueError as error:
        return str(error)
    return None


def check_start(optimizer: Any, hyperparameter: Hyperparameter, first: float) -> None:
    """Raise ValueError if a schedule that starts at this value would fail when it leaves it.

    RMSprop makes the momentum buffer of a parameter in the parameter's first step, and only if the
    momentum is above 0 there; later it takes the buffer for granted.
    """
    if not isinstance(optimizer, torch.optim.RMSprop) or hyperparameter.key != "momentum":
        return
    states = [optimizer.state.get(p) for group in optimizer.param_groups for p in group["params"]]
    if any(state and "momentum_buffer" not in state for state in states):
        raise ValueError(
            "RMSprop has made steps with momentum 0, after which it cannot take up momentum: start "
            "with a momentum above 0, or make a new optimizer"
        )
    if first == 0.0 and not all(states):
        raise ValueError(
            "RMSprop that starts at momentum 0 cannot take up momentum later, because it makes its "
            "buffers in the first step: start above 0, 1e-8 is enough"
        )


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return as_float(value)
    return type(value)(map(_plain, value)) if isinstance(value, (tuple, list)) else value


def _count_members(value: Any) -> int:
    return len(value) if isinstance(value, (tuple, list)) else 0


@functools.lru_cache(maxsize=128)  # asked for each group
def counts(kind: type, key: str) -> bool:
    """Return whether an optimizer's constructor takes a whole number under this key."""
    parameter = inspect.signature(kind).parameters.get(key)
    annotation = "" if parameter is None else parameter.annotation
    text = str(annotation).replace("builtins.", "").replace("typing.", "")
    return annotation is int or text in ("int", "int | None", "Optional[int]")
