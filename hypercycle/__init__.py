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

from hypercycle.numbers.clock import Event, Location
from hypercycle.numbers.spelling import suggestion
from hypercycle.plans.plan import Plan
from hypercycle.plans.policies import (
    exp_range,
    one_cycle,
    sgdr,
    triangular,
    triangular2,
    warmup,
    warmup_stable_decay,
)
from hypercycle.plugins.hookspecs import hookimpl
from hypercycle.plugins.host import register_plugin, unregister_plugin
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.product import Product
from hypercycle.schedules.ramp import Ramp
from hypercycle.shapes.parametrised import Hold, Kaiser, Polynomial, Rex, Tukey
from hypercycle.shapes.registry import register_scale, register_waveform, scales, waveforms
from hypercycle.shapes.scales import Exponential, Halving

if TYPE_CHECKING:
    from hypercycle.drawing.schedules import plot
    from hypercycle.driving.attaching import attach
    from hypercycle.driving.warning import MisuseWarning
    from hypercycle.plans.decays import inverse_sqrt, polynomial
    from hypercycle.plans.findings import Finding
    from hypercycle.range_test.bounds import Bounds, NoBounds
    from hypercycle.range_test.recorded import RangeTest
    from hypercycle.schedules.extremes import Maximum, Minimum
    from hypercycle.schedules.held import Held
    from hypercycle.schedules.mixture import Mixture
    from hypercycle.schedules.points import Points
    from hypercycle.schedules.power_law import PowerLaw
    from hypercycle.schedules.quotient import Quotient
    from hypercycle.schedules.reference import Reference
    from hypercycle.schedules.repeat import Repeat
    from hypercycle.schedules.rounded import Rounded
    from hypercycle.schedules.sum import Sum

    __version__: str

__all__ = [
    "Bounds",
    "Chain",
    "Constant",
    "Cycle",
    "Event",
    "Exponential",
    "Finding",
    "Groups",
    "Halving",
    "Held",
    "Hold",
    "Kaiser",
    "Location",
    "Maximum",
    "Minimum",
    "MisuseWarning",
    "Mixture",
    "NoBounds",
    "Plan",
    "Points",
    "Polynomial",
    "PowerLaw",
    "Product",
    "Quotient",
    "Ramp",
    "RangeTest",
    "Reference",
    "Repeat",
    "Rex",
    "Rounded",
    "Sum",
    "Tukey",
    "attach",
    "exp_range",
    "hookimpl",
    "inverse_sqrt",
    "one_cycle",
    "plot",
    "polynomial",
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
    "Bounds": "hypercycle.range_test.bounds",
    "Finding": "hypercycle.plans.findings",
    "Held": "hypercycle.schedules.held",
    "Maximum": "hypercycle.schedules.extremes",
    "Minimum": "hypercycle.schedules.extremes",
    "MisuseWarning": "hypercycle.driving.warning",
    "Mixture": "hypercycle.schedules.mixture",
    "NoBounds": "hypercycle.range_test.bounds",
    "Points": "hypercycle.schedules.points",
    "PowerLaw": "hypercycle.schedules.power_law",
    "Quotient": "hypercycle.schedules.quotient",
    "RangeTest": "hypercycle.range_test",
    "Reference": "hypercycle.schedules.reference",
    "Repeat": "hypercycle.schedules.repeat",
    "Rounded": "hypercycle.schedules.rounded",
    "Sum": "hypercycle.schedules.sum",
    "attach": "hypercycle.driving.attaching",
    "inverse_sqrt": "hypercycle.plans.decays",
    "plot": "hypercycle.drawing.schedules",
    "polynomial": "hypercycle.plans.decays",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("hypercycle")
    hint = "" if name.startswith("_") else suggestion(name, __all__)
    message = f"module 'hypercycle' has no attribute {name!r}; {hint}"
    raise AttributeError(message.rstrip("; "))


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
