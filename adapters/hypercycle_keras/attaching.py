"""What :func:`hypercycle.attach` makes of the objects of Keras users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from hypercycle.plans.plan import Plan
from hypercycle_keras.cycled import cycled

if TYPE_CHECKING:
    from hypercycle.driving.options import Options


def attach_optimizer(target: Any, plan: Plan, options: Options) -> Any:
    """Return the optimizer that follows the plan; None if ``target`` has nothing to do with Keras.

    Raises
    ------
    TypeError
        If the target is a model or a layer, or comes from Keras 2.
    ValueError
        If an option has no meaning in a program that is compiled.
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
    _check_options(options)
    return cycled(
        target,
        plan,
        start_step=options.start_step,
        relative=options.relative,
        total_steps=options.total_steps,
    )


def _check_options(options: Options) -> None:
    """Refuse what belongs to loops in Python."""
    if options.on_event is not None or options.events_of is not None:
        raise ValueError(
            "on_event cannot be called from inside a compiled step: give "
            "hypercycle_keras.CycleHistory(on_event=…) to model.fit(callbacks=…)"
        )
    if options.on_mismatch != "error":
        raise ValueError(
            "on_mismatch is for cyclers that save a description of their plan beside their step: "
            "a Keras optimizer's plan is in the config, and its variables hold only the "
            f"iterations, got on_mismatch={options.on_mismatch!r}"
        )
