"""What :func:`hypercycle.attach` makes of the objects of JAX users."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import optax

from hypercycle.plans.plan import Plan
from hypercycle_optax.transformation import CycledTransformation, cycled

if TYPE_CHECKING:
    from hypercycle.driving.options import Options

_HONOURED = {"start_step"}
_EVENTS = "a compiled program cannot call back: ask plan.events(step) in the training loop"
_INSTEAD = {
    "relative": "it has no initial values yet that could be multiplied: write the values into the "
    "schedule, or use hc.Product(base_value, schedule)",
    "on_event": _EVENTS,
    "events_of": _EVENTS,
    "marks": _EVENTS,
    "advance": "a transformation counts its own updates; inside optax.MultiSteps and "
    "optax.apply_if_finite it counts those applied",
    "at_end": "its values are computed inside the step: put what comes after the schedule behind "
    "it, as in Chain(schedule, …), or optax.contrib.reduce_on_plateau behind the transformation",
    "clock": "it counts its updates: give tokens_per_step=… (or samples_per_step, "
    "seconds_per_step), or use hypercycle_optax.cycled(factory, plan, external_step=True) and give "
    "every update step=…, what there was so far",
    "on_mismatch": "the state of a transformation holds the count alone, no description of the "
    "plan that could differ",
}
_GIVE_THE_FACTORY = (
    "pass the factory, as in hc.attach(optax.adamw, lr=…), or "
    "hypercycle_optax.cycled(factory, plan, **fixed) with a function of your own that makes the "
    "transformation from its hyperparameters"
)


def attach_factory(target: Any, plan: Plan, options: Options) -> CycledTransformation | None:
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
            + _GIVE_THE_FACTORY
        )
    if isinstance(getattr(target, "tx", None), optax.GradientTransformation):
        raise TypeError(
            f"the transformation in this {type(target).__name__} is made already: "
            f"{_GIVE_THE_FACTORY}, and build it around the result"
        )
    function = target
    while isinstance(function, functools.partial):
        function = function.func
    module = getattr(function, "__module__", None) or ""
    if not callable(function) or module.partition(".")[0] != "optax":
        return None
    options.refuse_others(_HONOURED, "a factory of Optax", _INSTEAD)
    return cycled(target, plan, start_step=options.start_step)
