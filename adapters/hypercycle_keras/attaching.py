"""What :func:`hypercycle.attach` makes of the objects of Keras users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from hypercycle.plans.plan import Plan
from hypercycle_keras.cycled import cycled

if TYPE_CHECKING:
    from hypercycle.driving.options import Options

_HONOURED = {"start_step", "relative"}
_CALLBACK = (
    "a compiled step cannot call a function; give hypercycle_keras.CycleHistory({}) to "
    "model.fit(callbacks=…)"
)
_INSTEAD = {
    "advance": "it counts its own updates, and has no step() to call",
    "on_mismatch": (
        "its plan is saved in its config, and its variables hold only the iterations, so that "
        "there is nothing to compare"
    ),
    "at_end": "its values are computed inside the compiled step: put what comes after the schedule "
    "behind it, as in Chain(schedule, …), or go on with cycled(optimizer, plan, replace=True)",
    "on_event": _CALLBACK.format("on_event=…"),
    "events_of": _CALLBACK.format("on_event=…, events_of=…"),
    "marks": _CALLBACK.format("on_event=…, marks=…"),
}


def attach_optimizer(target: Any, plan: Plan, options: Options) -> Any:
    """Return the optimizer that follows the plan; None if ``target`` has nothing to do with Keras.

    Raises
    ------
    TypeError
        If the target is a model or a layer, or comes from Keras 2.
    ValueError
        If an option is not one that a compiled step can honour.
    """
    if any(base.__module__.partition(".")[0] == "tf_keras" for base in type(target).__mro__):
        raise TypeError(
            f"this {type(target).__name__} is of Keras 2 (tf_keras), whose optimizers keep their "
            "hyperparameters in another way: hypercycle drives Keras 3. Unset "
            "TF_USE_LEGACY_KERAS, or make the optimizer with keras.optimizers"
        )
    if isinstance(target, keras.Model):
        raise TypeError(
            "pass the optimizer, not the model: model.compile(optimizer=hc.attach(optimizer, …))"
        )
    if isinstance(target, keras.Layer):
        raise TypeError(
            f"what is assigned to a {type(target).__name__} is frozen into the compiled step, so "
            "a schedule would silently do nothing: compute the value inside the step, in a layer "
            "of your own that calls the schedule with its own count of batches (docs/keras.md)"
        )
    if not isinstance(target, keras.optimizers.Optimizer):
        return None
    options.refuse_others(_HONOURED, "a Keras optimizer", _INSTEAD)
    return cycled(
        target,
        plan,
        start_step=options.start_step,
        relative=options.relative,
        total_steps=options.total_steps,
    )
