"""What :func:`hypercycle.attach` makes of the objects of PyTorch users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from hypercycle.plans.plan import Plan
from hypercycle_torch.cycler import OptimizerCycler
from hypercycle_torch.follower import OptimizerFollower

if TYPE_CHECKING:
    from hypercycle.driving.options import Options

_HONOURED = {"start_step", "relative", "advance", "on_mismatch", "on_event", "events_of"}
# Of a wrapper that shows an optimizer's groups, but has no hooks.
_WRAPPER_HONOURS = _HONOURED - {"advance"}
_INSTEAD = {
    "advance": "it does not report its steps; call step() after each update, or attach to the "
    "optimizer inside"
}


def attach_optimizer(target: Any, plan: Plan, options: Options) -> OptimizerCycler | None:
    """Return the cycler of an optimizer; None if ``target`` is not one.

    Raises
    ------
    ValueError
        If a wrapper that does not report its steps is given with ``advance="optimizer"``.
    """
    if not is_optimizer(target):
        return None
    honoured = _HONOURED if hasattr(target, "register_step_post_hook") else _WRAPPER_HONOURS
    options.refuse_others(honoured, f"a {type(target).__name__}", _INSTEAD)
    kind = OptimizerFollower if options.advance == "optimizer" else OptimizerCycler
    return kind(target, plan, options)


def is_optimizer(target: Any) -> bool:
    """Return whether this is an optimizer, or a wrapper that shows one's ``param_groups``."""
    if isinstance(target, torch.optim.Optimizer):
        return True
    groups = None if isinstance(target, type) else getattr(target, "param_groups", None)
    return isinstance(groups, list) and bool(groups) and all(isinstance(g, dict) for g in groups)
