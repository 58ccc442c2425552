"""What :func:`hypercycle.attach` makes of the objects of JAX users."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import optax

from hypercycle.plans.plan import Plan
from hypercycle_optax.transformation import cycled

if TYPE_CHECKING:
    from hypercycle.driving.options import Options

_INSTEAD = (
    "pass the factory, as in hc.attach(optax.adamw, lr=…), or "
    "hypercycle_optax.cycled(factory, plan, **fixed) with a function of your own that makes the "
    "transformation from its hyperparameters"
)


def attach_factory(
    target: Any, plan: Plan, options: Options
) -> optax.GradientTransformationExtraArgs | None:
    """Return the transformation; None if ``target`` has nothing to do with Optax.

    Raises
    ------
    TypeError
        If the target is a transformation that is made already, or holds one.
    ValueError
        If an option has no meaning in a program that is traced.
    """
    if isinstance(target, (optax.GradientTransformation, optax.MultiSteps)):
        raise TypeError(
            "the hyperparameters of a transformation that is made already cannot be changed: "
            + _INSTEAD
        )
    if isinstance(getattr(target, "tx", None), optax.GradientTransformation):
        raise TypeError(
            f"the transformation in this {type(target).__name__} is made already: {_INSTEAD}, and "
            "build it around the result"
        )
    function = target
    while isinstance(function, functools.partial):
        function = function.func
    module = getattr(function, "__module__", None) or ""
    if not callable(function) or module.partition(".")[0] != "optax":
        return None
    _check_options(options)
    return cycled(target, plan, start_step=options.start_step)


def _check_options(options: Options) -> None:
    """Refuse what belongs to loops in Python."""
    if options.relative:
        raise ValueError(
            "relative=True multiplies initial values, and a factory of Optax has none yet: write "
            "the values into the schedule, or use hc.Product(base_value, schedule)"
        )
    if options.on_event is not None or options.events_of is not None:
        raise ValueError(
            "on_event cannot be called from inside a compiled program: ask "
            "plan.events(step) in the training loop"
        )
    if options.advance != "step":
        raise ValueError(
            "advance='optimizer' is for optimizers in Python: a transformation counts its own "
            "updates; inside optax.MultiSteps and optax.apply_if_finite it counts those applied"
        )
    if options.on_mismatch != "error":
        raise ValueError(
            "on_mismatch is for cyclers that save a description of their plan: the state of a "
            f"transformation holds only the count, got on_mismatch={options.on_mismatch!r}"
        )
