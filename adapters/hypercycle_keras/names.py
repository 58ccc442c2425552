"""Which attribute of a Keras optimizer a name in a plan stands for, and what it accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from hypercycle.driving.interval import ACCEPTED, UNLIMITED, Interval
from hypercycle.driving.names import (
    ambiguous_momentum,
    averages_gradients,
    is_a_count,
    is_a_switch,
    is_not_a_number,
    is_number,
    is_unknown,
)
from hypercycle_keras.in_step import value_of_variable

LEARNING_RATE = "learning_rate"
# Optimizers make room for momentum, and apply it, only if it is not zero.
MOMENTUM = "momentum"

_NEUTRAL = {
    "lr": (LEARNING_RATE,),
    "beta1": ("beta_1", "adam_beta_1"),
    "beta2": ("beta_2", "adam_beta_2"),
    "eps": ("epsilon",),
}
_NEUTRAL_NAMES = {own: name for name, owns in _NEUTRAL.items() for own in owns}

_CLIPS = {"clipnorm", "clipvalue", "global_clipnorm"}
# None stands for "not used", and a value may come at any time.
_MAY_BE_NONE = {"weight_decay", "adam_weight_decay", *_CLIPS}
_COUNTS = {
    "ema_overwrite_frequency",
    "gradient_accumulation_steps",
    "ns_steps",
    "warmup_steps",
}
_READ_AT_BUILD = {"initial_accumulator_value"}

# What an optimizer divides by: in a step with 0, weights whose gradient is 0 would become NaN.
_DIVISORS = {
    ("Adafactor", "clip_threshold"),
    ("Ftrl", LEARNING_RATE),
    ("ScheduleFreeAdamW", "beta_1"),
}

_ACCEPTED = ACCEPTED | {
    "rho": ACCEPTED["momentum"],
    "ema_momentum": ACCEPTED["momentum"],
    "adam_weight_decay": ACCEPTED["weight_decay"],
    # Keras takes 0 for "do not clip".
    **dict.fromkeys(_CLIPS, Interval(least=0.0, least_included=False)),
}


def interval_of(optimizer: keras.optimizers.Optimizer, attribute: str) -> Interval:
    """Return what an optimizer accepts."""
    interval = _ACCEPTED.get(_NEUTRAL_NAMES.get(attribute, attribute), UNLIMITED)
    if _divides_by(optimizer, attribute):
        return replace(interval, least=0.0, least_included=False)
    return interval


def description_of(optimizer: keras.optimizers.Optimizer, attribute: str) -> str:
    """Return what to call a hyperparameter in messages about its values."""
    reason = ", which divides by it" if _divides_by(optimizer, attribute) else ""
    return f"{attribute} of {kind_of(optimizer)}{reason}"


def kind_of(optimizer: keras.optimizers.Optimizer) -> str:
    """Return what to call an optimizer in messages: the class that the user chose."""
    return type(optimizer).__name__.removeprefix("Cycled")


def find(optimizer: keras.optimizers.Optimizer, name: str) -> str:
    """Return the attribute that a neutral or an own name stands for.

    Raises
    ------
    ValueError
        If the name is unknown (all names are listed), or is not what ``momentum`` means here, or
        the compiled step does not read the value.
    TypeError
        If it is a switch, a count, or not a number.
    """
    kind = kind_of(optimizer)
    attribute = _find(optimizer, name)
    value = read(optimizer, attribute)
    if isinstance(value, bool):
        raise is_a_switch(attribute, kind, value)
    if attribute in _COUNTS:
        raise is_a_count(attribute, kind)
    if attribute in _READ_AT_BUILD:
        raise ValueError(
            f"{kind} reads {attribute} only once, when it is built, so a schedule for it would do "
            f"nothing; what it reads at every step: {', '.join(names_of(optimizer))}"
        )
    if attribute == "loss_scale_factor":
        raise ValueError(
            "loss_scale_factor is read outside of the optimizer's step, where the loss is scaled: "
            "it cannot follow a schedule; keras.optimizers.LossScaleOptimizer adapts it"
        )
    if attribute == "ema_momentum" and not optimizer.use_ema:
        raise ValueError(
            f"{kind} reads ema_momentum only with use_ema=True, so a schedule for it would do "
            "nothing"
        )
    may_be_none = value is None and attribute in _MAY_BE_NONE
    if attribute != LEARNING_RATE and not is_number(value) and not may_be_none:
        raise is_not_a_number(attribute, kind, value)
    return attribute


def _find(optimizer: keras.optimizers.Optimizer, name: str) -> str:
    kind = kind_of(optimizer)
    known = _attributes(optimizer)
    for attribute in (name, *_NEUTRAL.get(name, ())):
        if attribute in known:
            return attribute
    if name == MOMENTUM and "beta_1" in known:
        if averages_gradients(_keras_class(optimizer).__name__):
            return "beta_1"
        raise ambiguous_momentum(kind)
    raise is_unknown(kind, name, names_of(optimizer), also=known)


def names_of(optimizer: keras.optimizers.Optimizer) -> list[str]:
    """Return the names of all hyperparameters that can follow a schedule, neutral where there are.

    What is None and could be a number is among them.
    """
    skipped = {*_COUNTS, *_READ_AT_BUILD, "loss_scale_factor"}
    if not optimizer.use_ema:
        skipped.add("ema_momentum")
    return [
        _NEUTRAL_NAMES.get(attribute, attribute)
        for attribute in _attributes(optimizer)
        if attribute not in skipped
        and (attribute in {LEARNING_RATE, *_MAY_BE_NONE} or is_number(read(optimizer, attribute)))
    ]


def read(optimizer: keras.optimizers.Optimizer, attribute: str) -> Any:
    """Return the value that the optimizer was made with."""
    if attribute != LEARNING_RATE:
        return optimizer.__dict__[attribute]
    rate = optimizer._learning_rate  # noqa: SLF001  (the property calls a schedule)
    return value_of_variable(rate) if is_variable(rate) else rate


def is_variable(rate: Any) -> bool:
    """Return whether a learning rate is a number that can be assigned, not a schedule."""
    return hasattr(rate, "assign")  # in old versions, keras.Variable is not a base of variables


def _attributes(optimizer: keras.optimizers.Optimizer) -> list[str]:
    """Return the attributes that the optimizer's constructor takes."""
    own = vars(optimizer)
    config = optimizer.get_config()
    return [name for name in config if name == LEARNING_RATE or (name in own and name != "name")]


def _keras_class(optimizer: keras.optimizers.Optimizer) -> type:
    """Return the class, or the base, that is Keras's own."""
    return next(base for base in type(optimizer).__mro__ if base.__module__.startswith("keras."))


def _divides_by(optimizer: keras.optimizers.Optimizer, attribute: str) -> bool:
    return (_keras_class(optimizer).__name__, attribute) in _DIVISORS
