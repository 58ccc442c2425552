"""hypercycle: any hyperparameter follows a waveform, in any framework, from one description.

>>> import hypercycle as hc
>>> lr = hc.Cycle(low=1e-4, high=1e-2, step_size_up=2000)
>>> momentum = lr.opposite(low=0.85, high=0.95)
>>> plan = hc.Plan(lr=lr, momentum=momentum)
>>> plan(2000)
{'lr': 0.01, 'momentum': 0.85}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypercycle.attaching import attach
from hypercycle.clock import Event, Location
from hypercycle.composition import Chain, Constant, Product, Ramp
from hypercycle.cycle import Cycle
from hypercycle.hookspecs import hookimpl
from hypercycle.plan import Groups, Plan
from hypercycle.plugins import register_plugin, unregister_plugin
from hypercycle.policies import (
    exp_range,
    one_cycle,
    sgdr,
    triangular,
    triangular2,
    warmup,
    warmup_stable_decay,
)
from hypercycle.registry import register_scale, register_waveform, scales, waveforms
from hypercycle.scale_policies import Exponential, Halving

if TYPE_CHECKING:
    from hypercycle.bounds import Bounds, NoBounds
    from hypercycle.plotting import plot
    from hypercycle.range_test import RangeTest

    __version__: str

__all__ = [
    "Bounds",
    "Chain",
    "Constant",
    "Cycle",
    "Event",
    "Exponential",
    "Groups",
    "Halving",
    "Location",
    "NoBounds",
    "Plan",
    "Product",
    "Ramp",
    "RangeTest",
    "attach",
    "exp_range",
    "hookimpl",
    "one_cycle",
    "plot",
    "register_plugin",
    "register_scale",
    "register_waveform",
    "scales",
    "sgdr",
    "triangular",
    "triangular2",
    "unregister_plugin",
    "warmup",
    "warmup_stable_decay",
    "waveforms",
]

# Loaded when asked for, so that importing hypercycle costs little more than NumPy.
_LAZY = {
    "Bounds": "hypercycle.bounds",
    "NoBounds": "hypercycle.bounds",
    "RangeTest": "hypercycle.range_test",
    "plot": "hypercycle.plotting",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("hypercycle")
    raise AttributeError(f"module 'hypercycle' has no attribute {name!r}")
