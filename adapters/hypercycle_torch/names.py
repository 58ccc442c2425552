"""Where a PyTorch optimizer keeps a hyperparameter, and which values it accepts."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch

from hypercycle.driving.interval import Interval
from hypercycle.numbers.spelling import suggestion

Group = dict[str, Any]

_MEMBER = re.compile(r"(?P<key>\w+)\[(?P<index>\d+)\]")
_BETAS = {"beta1": 0, "beta2": 1, "beta3": 2}
# Optimizers whose first beta averages gradients, as momentum does.
_ADAM_LIKE = ("adam", "lamb", "adabelief")
# Keys of a group that are no hyperparameters.
_NO_HYPERPARAMETERS = {"params", "param_names", "name"}
_INTERVALS = {
    "lr": Interval(least=0.0),
    "momentum": Interval(least=0.0, most=1.0),
    "betas": Interval(least=0.0, most=1.0, most_included=False),
    "weight_decay": Interval(least=0.0),
    "eps": Interval(least=0.0),
}
# Read once, when the optimizer makes its state: a schedule would silently do nothing.
_READ_ONCE = {
    ("Adagrad", "initial_accumulator_value"): "lr, lr_decay, weight_decay and eps",
    ("Rprop", "lr"): "etas[0], etas[1], step_sizes[0] and step_sizes[1]",
}


@dataclass(frozen=True)
class Hyperparameter:
    """A place in a parameter group: a key, or a member of the tuple behind it."""

    key: str
    index: int | None = None

    def __str__(self) -> str:
        return self.key if self.index is None else f"{self.key}[{self.index}]"

    @property
    def interval(self) -> Interval:
        """What optimizers accept for it."""
        return _INTERVALS.get(self.key, Interval())

    def read(self, group: Group) -> Any:
        """Return the value as it is: a number, a tensor, None or whatever else."""
        value = group[self.key]
        return value if self.index is None else value[self.index]

    def write(self, group: Group, value: float) -> None:
        """Assign a float; fill a tensor in place, which compiled and captured steps need."""
        current = self.read(group)
        if type(current) is not float and isinstance(current, torch.Tensor):
            # A tensor that needs gradients is a leaf, which cannot be filled otherwise.
            (current.detach() if current.requires_grad else current).fill_(value)
        else:
            self.replace(group, value)

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
    keys = {key for group in groups for key in group} - _NO_HYPERPARAMETERS
    if name in keys:
        members = max((_members(group.get(name)) for group in groups), default=0)
        if members:
            names = ", ".join(f"{name}[{i}]" for i in range(members))
            raise ValueError(f"{name} of {kind} has {members} members: name one, {names}")
        return Hyperparameter(name)
    member = _MEMBER.fullmatch(name)
    if member is not None and member["key"] in keys:
        index = int(member["index"])
        if any(index < _members(group.get(member["key"])) for group in groups):
            return Hyperparameter(member["key"], index)
    index = 0 if name == "momentum" else _BETAS.get(name, -1)
    if any(0 <= index < _members(group.get("betas")) for group in groups):
        inside = type(getattr(optimizer, "optimizer", optimizer)).__name__  # of a wrapper
        adam_like = any(word in inside.lower() for word in _ADAM_LIKE)
        if name != "momentum" or adam_like:
            return Hyperparameter("betas", index)
        raise ValueError(
            f"{kind} has no momentum of its own, and its betas may mean something else than "
            "Adam's: say 'beta1' or 'beta2'"
        )
    known = names_of(groups)
    hint = suggestion(name, known)
    raise ValueError(f"{kind} has no hyperparameter {name!r}; {hint}it has {', '.join(known)}")


def names_of(groups: Iterable[Group]) -> list[str]:
    """Return the names of all hyperparameters that are numbers; betas by their neutral names."""
    names: dict[str, None] = {}
    for group in groups:
        for key, value in group.items():
            if key in _NO_HYPERPARAMETERS:
                continue
            if is_number(value):
                names[key] = None
            for index in range(_members(value)):
                if is_number(value[index]):
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
        If it is a switch, a whole number by meaning, None or no number at all, or a tensor that
        the optimizer does not expect to change.
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
        raise TypeError(f"{hyperparameter} of {kind} is a switch ({value}): it cannot cycle")
    if not is_number(value):
        raise TypeError(f"{hyperparameter} of {kind} is {value!r}, not a number: it cannot cycle")
    if _counts(type(optimizer), hyperparameter.key):
        raise TypeError(f"{hyperparameter} of {kind} is a whole number by meaning: it cannot cycle")
    if isinstance(optimizer, torch.optim.LBFGS) and isinstance(value, torch.Tensor):
        raise TypeError(
            "LBFGS keeps a tensor lr as the length of its last step, so that filling it would "
            "spoil the next one: give lr as a float"
        )
    return as_float(value)


def as_float(value: Any) -> float:
    """Return a number, or what is in a tensor (one that needs gradients too), as a float."""
    return float(value.item() if isinstance(value, torch.Tensor) else value)


def is_number(value: Any) -> bool:
    """Return whether a schedule can drive this: a real number, or a float tensor with one."""
    if isinstance(value, torch.Tensor):
        return value.numel() == 1 and value.is_floating_point()
    return isinstance(value, Real) and not isinstance(value, bool)


def refused(optimizer: Any, hyperparameter: Hyperparameter, value: float) -> str | None:
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
        if key in accepted and key not in _NO_HYPERPARAMETERS | device
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


def _members(value: Any) -> int:
    return len(value) if isinstance(value, (tuple, list)) else 0


def _counts(kind: type, key: str) -> bool:
    parameter = inspect.signature(kind).parameters.get(key)
    annotation = "" if parameter is None else parameter.annotation
    text = str(annotation).replace("builtins.", "").replace("typing.", "")
    return annotation is int or text in ("int", "int | None", "Optional[int]")
