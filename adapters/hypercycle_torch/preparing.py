"""Hyperparameters as compiled steps take them: tensors, or numbers that are inputs of the graph."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Literal

import torch

from hypercycle.driving.attaching import as_plan
from hypercycle.driving.drivers import driver_of
from hypercycle.driving.options import PlanLike
from hypercycle.plans.plan import Plan
from hypercycle.schedules.constant import Constant
from hypercycle_torch.groups import schedules_by_index
from hypercycle_torch.names import Group, Hyperparameter, as_float, find
from hypercycle_torch.wrappers import innermost, is_optimizer

# Whose steps PyTorch compiles, and benchmarks/torch_compile.py counts the graphs of.
_COMPILED = (
    *("Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD"),
    *("Muon", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"),
)


def prepare_for_compile(optimizer: Any, plan: PlanLike) -> None:
    """Make what a plan drives tensors or numbers, so that a compiled step needs two graphs at most.

    ``torch.compile`` compiles ``optimizer.step`` again for every new value of a number that is a
    constant of the graph; after eight graphs it runs the step uncompiled. A tensor is an input, and
    is filled in place. But a step that asks of a tensor whether it is 0 is not compiled at all. So
    the learning rate, betas and most others become tensors, and momentum of SGD and RMSprop and
    decoupled weight decay (AdamW's) become floats, which PyTorch makes inputs of the second graph.
    That is how PyTorch 2.13 compiles; older versions may take more floats for constants.

    Each group gets tensors of its own, and so does a group that is added later; loading a state
    makes them anew. Values are the plan's, rounded once to float32, or to float64 if a parameter is
    (a relative schedule multiplies what was rounded). Tensors are on the CPU, or where the
    parameters are if the group is ``capturable``. Groups with ``fused=True`` are left as they are:
    their kernel is called, not compiled, and takes any number.

    Parameters
    ----------
    optimizer
        One of ``torch.optim``, or a wrapper of it. Called before :func:`hypercycle.attach`, which
        looks at what is a tensor.
    plan
        As in :func:`hypercycle.attach`. What it names is made so in all groups, and the learning
        rate even if it is not named.

    Raises
    ------
    ValueError
        If each value would be a graph of its own whatever is done, as of weight decay in SGD; if
        the optimizer is not one whose step is known; if a name or group is unknown; or if a cycler
        drives a hyperparameter of the plan already.
    TypeError
        If it is no optimizer.

    Examples
    --------
    >>> import torch
    >>> import hypercycle as hc
    >>> weights = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.AdamW([weights])
    >>> lr = hc.Cycle(0.25, 0.5, step_size_up=4)
    >>> plan = hc.Plan(lr=lr, momentum=lr.opposite(0.75, 0.875), weight_decay=lr.opposite(0, 0.5))
    >>> prepare_for_compile(optimizer, plan)
    >>> cycler = hc.attach(optimizer, plan)
    >>> group = optimizer.param_groups[0]
    >>> group["lr"], group["betas"][0], group["weight_decay"]
    (tensor(0.2500), tensor(0.8750), 0.5)
    """
    if not is_optimizer(optimizer):
        raise TypeError(
            f"prepare_for_compile() takes an optimizer of PyTorch, got {type(optimizer).__name__}"
        )
    inside = innermost(optimizer)
    kind = _known_kind(inside)
    keys = _keys(optimizer, kind, as_plan(plan, "prepare_for_compile"))
    _make(optimizer, kind, keys)
    hooked = optimizer if isinstance(optimizer, torch.optim.Optimizer) else inside
    # A cycler's hooks come after this one, since it is attached later, and find tensors.
    hooked.register_load_state_dict_post_hook(lambda loaded: _make(loaded, kind, keys))


def _known_kind(optimizer: Any) -> str:
    for base in type(optimizer).__mro__:
        if base.__module__.startswith("torch.optim") and base.__name__ in _COMPILED:
            return base.__name__
    raise ValueError(
        f"{type(optimizer).__name__} is not one of the optimizers whose compiled steps are known "
        f"here ({', '.join(_COMPILED)}): leave its step uncompiled, or give it tensors yourself "
        "before attaching, and count the graphs"
    )


def _keys(optimizer: Any, kind: str, plan: Plan) -> list[str]:
    """Return the keys that are to be made what is compiled; refuse what cannot be."""
    groups: list[Group] = optimizer.param_groups
    keys = []
    if kind != "Rprop" and "lr" not in plan:  # Rprop reads it only once
        plan = Plan(**plan, lr=0.0)
    for name, schedule in plan.items():
        place = find(optimizer, name)
        _check_alone(optimizer, place, name)
        for index, one in schedules_by_index(groups, name, schedule).items():
            group = groups[index]
            if group.get("fused"):
                continue
            _check_foreach(kind, group)
            if not isinstance(one, Constant) and _compiled_as(kind, group, place.key) is None:
                raise _refused(kind, place)
        keys.append(place.key)
    return keys


def _check_alone(optimizer: Any, place: Hyperparameter, name: str) -> None:
    indices = range(len(optimizer.param_groups))
    targets = optimizer, innermost(optimizer)
    if any(driver_of(target, (place, index)) for target in targets for index in indices):
        raise ValueError(
            f"{name} is driven by a cycler already, which found out when it was attached what is a "
            "tensor: call prepare_for_compile() before attach(), or detach() first"
        )


def _check_foreach(kind: str, group: Group) -> None:
    if not _steps_over_lists(group):
        return
    if kind not in ("Adam", "AdamW"):
        raise ValueError(
            f"{kind}'s step over lists of tensors (foreach=True, the default on a GPU) has "
            f"constants for hyperparameters: make the optimizer with foreach=False{_or_fused(kind)}"
        )
    if group["foreach"] and not group["capturable"]:
        raise ValueError(
            f"{kind} takes no tensors for hyperparameters with foreach=True unless capturable=True "
            "(on a GPU): leave foreach out, or make the optimizer with fused=True"
        )


def _steps_over_lists(group: Group) -> bool:
    foreach = group.get("foreach", False)
    if foreach is None:
        return not all(parameter.device.type == "cpu" for parameter in group.get("params", ()))
    return bool(foreach)


def _compiled_as(kind: str, group: Group, key: str) -> Literal["tensor", "number"] | None:
    """Return what a hyperparameter has to be for few graphs; None if neither will do.

    A step that asks ``!= 0`` of a tensor is not compiled, and a number that is the ``alpha`` of an
    addition is a constant: what is both is neither. Steps over lists add with ``alpha``.
    """
    if key == "weight_decay" and kind != "Muon":
        decoupled = kind == "AdamW" or group.get("decoupled_weight_decay")
        return "number" if decoupled else None
    if key == "momentum" and kind in ("SGD", "RMSprop"):
        return None if group.get("nesterov") else "number"
    if key == "ns_coefficients" or (key == "eps" and _steps_over_lists(group)):
        return None
    return "tensor"


def _refused(kind: str, place: Hyperparameter) -> ValueError:
    return ValueError(
        f"{place} of {kind} is compiled anew for each value as a number, and as a tensor keeps "
        "PyTorch from compiling the step: leave it out of the plan or constant, leave the step "
        f"uncompiled{_or_fused(kind)}"
    )


def _or_fused(kind: str) -> str:
    has_it = "fused" in inspect.signature(getattr(torch.optim, kind)).parameters
    takes = ", or make the optimizer with fused=True, whose kernel takes any number"
    return takes if has_it else ""


def _make(optimizer: Any, kind: str, keys: list[str]) -> None:
    groups: list[Group] = optimizer.param_groups
    # One for all groups, whose values would seem to differ if they were rounded differently.
    dtypes = [parameter.dtype.to_real() for group in groups for parameter in group["params"]]
    dtype = functools.reduce(torch.promote_types, dtypes, torch.float32)
    # Groups that are added take from the defaults what they do not bring.
    for group in [*groups, getattr(optimizer, "defaults", {})]:
        for key in keys:
            if key in group and not group.get("fused"):
                as_tensor = _compiled_as(kind, group, key) == "tensor"
                made = functools.partial(_tensor, group, dtype) if as_tensor else as_float
                value = group[key]
                several = isinstance(value, tuple | list)
                group[key] = type(value)(map(made, value)) if several else made(value)


def _tensor(group: Group, dtype: torch.dtype, value: Any) -> torch.Tensor:
    """Return a tensor of its own, on its device if it was one already."""
    if isinstance(value, torch.Tensor):
        return value.detach().to(dtype, copy=True)
    parameters = group.get("params")
    device = parameters[0].device if parameters and group.get("capturable") else "cpu"
    return torch.tensor(value, dtype=dtype, device=device)
