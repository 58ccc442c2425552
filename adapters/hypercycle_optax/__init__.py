"""hypercycle for JAX: Optax transformations whose hyperparameters follow a plan.

A pluggy plugin like anybody's. It imports jax and optax only when a factory of Optax's is there to
be driven, that is, when the user has.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hypercycle import hookimpl

if TYPE_CHECKING:
    from hypercycle.driving.options import Options
    from hypercycle.plans.plan import Plan
    from hypercycle_optax.range_test_runner import range_test
    from hypercycle_optax.transformation import (
        CycledState,
        CycledTransformation,
        at_step,
        cycled,
        plan_step,
        values,
    )

__all__ = [
    "CycledState",
    "CycledTransformation",
    "at_step",
    "cycled",
    "plan_step",
    "range_test",
    "values",
]


@hookimpl
def hypercycle_attach(target: Any, plan: Plan, options: Options) -> Any:
    """Drive Optax's factories, such as ``optax.adamw``, and ``functools.partial`` of them."""
    if "optax" not in sys.modules:
        return None
    from hypercycle_optax.attaching import attach_factory

    return attach_factory(target, plan, options)


def __getattr__(name: str) -> Any:
    if name == "range_test":
        from hypercycle_optax.range_test_runner import range_test

        return range_test
    if name in __all__:
        from hypercycle_optax import transformation

        return getattr(transformation, name)
    raise AttributeError(f"module 'hypercycle_optax' has no attribute {name!r}")
