"""hypercycle for PyTorch: what :func:`hypercycle.attach` gives for an optimizer.

A pluggy plugin like anybody's. It imports torch only when an optimizer is there to be driven, that
is, when the user has.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from hypercycle import hookimpl

if TYPE_CHECKING:
    from hypercycle.driving.options import Options
    from hypercycle.plans.plan import Plan
    from hypercycle_torch.curvature import Sharpness, sharpness
    from hypercycle_torch.cycler import OptimizerCycler
    from hypercycle_torch.follower import OptimizerFollower
    from hypercycle_torch.noise_scale import NoiseScale, gradient_noise_scale
    from hypercycle_torch.preparing import prepare_for_compile
    from hypercycle_torch.range_test_runner import range_test

__all__ = [
    "NoiseScale",
    "OptimizerCycler",
    "OptimizerFollower",
    "Sharpness",
    "gradient_noise_scale",
    "prepare_for_compile",
    "range_test",
    "sharpness",
]

_MODULES = {
    "NoiseScale": "noise_scale",
    "OptimizerCycler": "cycler",
    "OptimizerFollower": "follower",
    "Sharpness": "curvature",
    "gradient_noise_scale": "noise_scale",
    "prepare_for_compile": "preparing",
    "range_test": "range_test_runner",
    "sharpness": "curvature",
}


@hookimpl
def hypercycle_attach(target: Any, plan: Plan, options: Options) -> OptimizerCycler | None:
    """Drive PyTorch optimizers, and wrappers of them that have ``param_groups``."""
    if "torch" not in sys.modules:
        return None
    from hypercycle_torch.attaching import attach_optimizer

    return attach_optimizer(target, plan, options)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'hypercycle_torch' has no attribute {name!r}")
    return getattr(importlib.import_module(f"hypercycle_torch.{_MODULES[name]}"), name)
