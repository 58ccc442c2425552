"""What :func:`hypercycle.attach` makes of the objects of PyTorch users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypercycle.driving.clocks import in_updates
from hypercycle.numbers.lengths import STEPS
from hypercycle.plans.plan import Plan
from hypercycle_torch.counting import CountingOptimizerCycler
from hypercycle_torch.cycler import OptimizerCycler
from hypercycle_torch.follower import OptimizerFollower
from hypercycle_torch.live_groups import with_live_groups
from hypercycle_torch.wrappers import innermost, is_optimizer, reports_steps

if TYPE_CHECKING:
    from hypercycle.driving.options import Options

_HONOURED = {
    "start_step", "relative", "advance", "on_mismatch", "on_event", "events_of", "marks", "at_end",
    "clock",
}  # fmt: skip
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
        If a wrapper that does not report its steps is given with ``advance="optimizer"``, or one
        that shows copies of its groups.
    """
    if not is_optimizer(target):
        return None
    target = with_live_groups(target)
    honoured = _HONOURED if reports_steps(innermost(target)) else _WRAPPER_HONOURS
    options.refuse_others(honoured, f"a {type(target).__name__}", _INSTEAD)
    if options.advance == "optimizer":
        if options.clock != STEPS:
            raise ValueError(
                f"advance='optimizer' does not fit this plan: {in_updates(options.clock)}; or "
                f"leave it out and call step({options.clock}=…) after each update"
            )
        return OptimizerFollower(target, plan, options)
    kind = OptimizerCycler if options.clock == STEPS else CountingOptimizerCycler
    return kind(target, plan, options)
