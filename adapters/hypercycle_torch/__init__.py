"""hypercycle for PyTorch: what :func:`hypercycle.attach` gives for an optimizer.

A pluggy plugin like anybody's. It imports torch only when an optimizer is there to be driven, that
is, when the user has.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hypercycle import hookimpl

if TYPE_CHECKING:
    from hypercycle.driving.options import Options
    from hypercycle.plans.plan import Plan
    from hypercycle_torch.cycler import OptimizerCycler, OptimizerFollower
    from hypercycle_torch.range_test_runner import range_test

__all__ = ["OptimizerCycler", "OptimizerFollower", "range_test"]


@hookimpl
def hypercycle_attach(target: Any, plan: Plan, options: Options) -> OptimizerCycler | None:
    """Drive PyTorch optimizers, and wrappers of them that have ``param_groups``."""
    if "torch" not in sys.modules:
        return None
    from hypercycle_torch.cycler import OptimizerCycler, OptimizerFollower, is_optimizer

    if not is_optimizer(target):
        return None
    kind = OptimizerFollower if options.advance == "optimizer" else OptimizerCycler
    return kind(target, plan, options)


def __getattr__(name: str) -> Any:
    if name == "range_test":
        from hypercycle_torch.range_test_runner import range_test

        return range_test
    if name in __all__:
        from hypercycle_torch import cycler

        return getattr(cycler, name)
    raise AttributeError(f"module 'hypercycle_torch' has no attribute {name!r}")
