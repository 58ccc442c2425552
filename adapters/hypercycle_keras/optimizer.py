"""Optimizers whose hyperparameters follow a plan: what happens inside the step, and saving."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import keras

from hypercycle.driving.warning import warn
from hypercycle.numbers.checks import LARGEST_LENGTH, whole_number
from hypercycle.plans.descriptions import describe_plan
from hypercycle.plans.plan import Plan, plan_from
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record
from hypercycle_keras import names as hyperparameters
from hypercycle_keras.checking import attributes_of, check_step, check_values, track_of
from hypercycle_keras.counting import Count
from hypercycle_keras.groups import check_patterns, map_schedules
from hypercycle_keras.in_step import (
    Number,
    ValuesOnHost,
    assign,
    dtype_of,
    traceable_form,
    traced_number,
    traced_tensor,
    value_of_variable,
)
from hypercycle_keras.names import LEARNING_RATE, MOMENTUM
from hypercycle_keras.update import Update, update_with

if TYPE_CHECKING:
    from keras.optimizers import Optimizer as _Optimizer
else:  # an optimizer's class comes after Cycled in the classes that cycled_class makes
    _Optimizer = object

CONFIG = "hypercycle"
"""Where the plan is in an optimizer's config."""

_SAVED = {"plan", "offset", "total_steps"}
_ROUNDED = 1e-6  # the rate is a float32
_PLAIN_IN_JAX = {"l1_regularization_strength"}  # an argument of jnp.clip, which takes arrays


@dataclass(frozen=True)
class Following:
    """What an optimizer follows.

    Attributes
    ----------
    offset
        What is added to the updates that the optimizer has made.
    schedules
        Those of the attributes, in the form that the backend can trace.
    on_host
        Computes values as floats.
    count
        Knows the updates made, with PyTorch.
    """

    plan: Plan
    offset: int
    total_steps: int | None
    schedules: dict[str, Record | Groups]
    on_host: ValuesOnHost
    count: Count = field(default_factory=Count)


class Cycled(_Optimizer):
    """What :func:`cycled` adds to the class of an optimizer: hyperparameters that follow a plan.

    The values are computed inside the step, from the optimizer's ``iterations``, so that they are
    right in compiled functions, with several steps per execution, in custom loops and after
    loading. The optimizer's attributes keep the values that it was made with; no variable is
    added, so that checkpoints of plain and cycled optimizers are interchangeable.
    ``learning_rate`` is the value of the last update.
    """

    _following: Following | None = None
    _update: Update | None = None  # while it makes one
    _start_step_given: int = 0

    # What users see.

    @property
    def plan(self) -> Plan | None:
        """The plan; None if it follows none."""
        return None if self._following is None else self._following.plan

    @property
    def plan_step(self) -> int:
        """The plan's step of the next update, which is how many it has counted."""
        return self._step_after(updates_of(self))

    @property
    def values(self) -> dict[str, Any]:
        """The values of the next update by name; a dict by pattern where variables differ."""
        return {} if self.plan is None else self.plan(self.plan_step)

    # The optimizer's step.

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Apply gradients with the values of the present step."""
        if self._following is None:
            super().apply(grads, trainable_variables)
            return
        values = self._values_in_step(
            self._following,
            self._trainable_variables if trainable_variables is None else trainable_variables,
        )
        grouped = {name: values.pop(name) for name in [*values] if isinstance(values[name], dict)}
        rate = values.pop(LEARNING_RATE, None)
        on_torch = keras.backend.backend() == "torch"
        if rate is not None:  # callbacks and logs read the variable
            assign(self._learning_rate, rate)
            # Read back, it costs more; a float of PyTorch's it has to round.
            rate = None if on_torch else rate
        with update_with(self, values, grouped, rate):
            super().apply(grads, trainable_variables)
        if on_torch:
            self._following.count.increase(self._iterations)

    def _values_in_step(self, following: Following, variables: Sequence[Any]) -> dict[str, Any]:
        """Return the values of the present step by attribute, as the optimizer's step takes them.

        Floats with PyTorch, whose steps are Python, else tensors; a dict by pattern for Groups.
        """
        values: dict[str, Any] = {}
        if keras.backend.backend() == "torch":
            batches = following.count.read(self._iterations)
            updates = batches // (self.gradient_accumulation_steps or 1)
            values = following.on_host.at(self._step_after(updates))
            for attribute, schedule in following.schedules.items():
                if isinstance(schedule, Groups):  # with None where it leaves variables alone
                    values[attribute] = {key: values[attribute].get(key) for key in schedule}
            if MOMENTUM in values:
                values[MOMENTUM] = _without_zero(values[MOMENTUM])
            return values
        step, dtype = self._traced_step(), dtype_of(variables)
        for attribute, schedule in following.schedules.items():
            value = functools.partial(_traced_value, attribute=attribute, step=step, dtype=dtype)
            if isinstance(schedule, Groups):
                values[attribute] = {
                    key: None if part is None else value(part) for key, part in schedule.items()
                }
            else:
                values[attribute] = value(schedule)
        return values

    def build(self, variables: Sequence[Any]) -> None:
        """Make the optimizer's variables, those of momentum too where it is 0 now but not always.

        Raises
        ------
        ValueError
            If the patterns of ``Groups`` leave a variable out, or one of them matches none.
        """
        if self.built:
            return
        schedules = {} if self._following is None else self._following.schedules
        for attribute, schedule in schedules.items():
            if isinstance(schedule, Groups):
                check_patterns(attribute, tuple(map(str, schedule)), variables)
        own = self.__dict__
        momentum = own.get(MOMENTUM)
        if MOMENTUM in schedules:
            own[MOMENTUM] = 1.0
        try:
            with _outside_of_graph(self):
                super().build(variables)
        finally:
            if MOMENTUM in schedules:
                own[MOMENTUM] = momentum

    # One update for each group of variables whose values are the same.

    def _backend_update_step(
        self, grads: Any, trainable_variables: Any, learning_rate: Any
    ) -> None:
        make_update = super()._backend_update_step
        for indices in self._each_group(trainable_variables):
            rate = None if self._update is None else self._update.rate
            make_update(
                [grads[index] for index in indices],
                [trainable_variables[index] for index in indices],
                learning_rate if rate is None else rate,
            )

    def _apply_weight_decay(self, variables: Any) -> None:
        for indices in self._each_group(variables):
            super()._apply_weight_decay([variables[index] for index in indices])

    def _clip_gradients(self, grads: Any) -> Any:
        most = self.__dict__.get("clipvalue")
        if isinstance(most, Number):  # jnp.clip takes nothing but arrays
            return [g if g is None else keras.ops.clip(g, -most, most.tensor) for g in grads]
        return super()._clip_gradients(grads)

    def _get_current_learning_rate(self) -> Any:
        rate = None if self._update is None else self._update.rate
        return super()._get_current_learning_rate() if rate is None else rate

    def _each_group(self, variables: Any) -> Iterable[Sequence[int]]:
        """Yield the indices of variables with the same values, while these take effect."""
        if self._update is None:
            return [range(len(variables))]
        return self._update.each_group(variables)

    # The clock.

    def _traced_step(self) -> Any:
        step = keras.ops.convert_to_tensor(self._iterations)
        if self.gradient_accumulation_steps:
            step = step // self.gradient_accumulation_steps
        offset = 0 if self._following is None else self._following.offset
        return keras.ops.maximum(step + offset, 0) if offset else step

    def _step_after(self, updates: int) -> int:
        return updates if self._following is None else max(updates + self._following.offset, 0)

    # Saving.

    def load_own_variables(self, store: Any) -> None:
        """Take saved variables over, the count of updates among them, which never counts twice."""
        following, given = self._following, self._start_step_given
        has_trained = bool(given) and updates_of(self) > 0
        super().load_own_variables(store)
        updates = updates_of(self) if given else 0
        if following is None or has_trained or not updates:
            return
        begun_at = _begun_at(self, following, given, updates)
        if begun_at == given:
            return
        added = begun_at is None and updates < given
        if not added:
            self.__dict__["_following"] = replace(following, offset=following.offset - given)
        warn(
            f"the loaded state has made {updates} updates, and start_step={given} is "
            f"{'' if added else 'not '}added to them: the plan goes on at step {self.plan_step}. "
            "Attach without start_step where a state is loaded that counts them all",
            beyond=("keras",),
        )

    def get_config(self) -> dict[str, Any]:
        """Return the optimizer's config, and its plan as plain data."""
        config: dict[str, Any] = super().get_config()
        if self._following is not None:
            config[CONFIG] = {
                "plan": describe_plan(self._following.plan),
                "offset": self._following.offset,
                "total_steps": self._following.total_steps,
            }
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Return the optimizer that :meth:`get_config` describes. Runs no code of the config's.

        Raises
        ------
        TypeError, ValueError
            If :func:`hypercycle.attach` would refuse the plan, if it holds a user's own function,
            which no config can bring back, or the name of a waveform or scale policy that is not
            registered here.
        """
        own = dict(config)
        saved = own.pop(CONFIG, None)
        optimizer = super().from_config(dict(own), custom_objects)
        if saved is not None:
            _follow_saved(optimizer, saved, own)
        return optimizer


class CycledLossScale(_Optimizer):
    """What :func:`cycled` adds to a ``LossScaleOptimizer``: the answers of the optimizer inside."""

    @property
    def plan(self) -> Plan | None:
        """The plan of the optimizer inside."""
        return self.inner_optimizer.plan  # type: ignore[no-any-return]

    @property
    def plan_step(self) -> int:
        """The plan's step of the next update, which is how many it has counted."""
        return self.inner_optimizer.plan_step  # type: ignore[no-any-return]

    @property
    def values(self) -> dict[str, Any]:
        """The values of the next update by name; a dict by pattern where variables differ."""
        return self.inner_optimizer.values  # type: ignore[no-any-return]


def optimizers_with_plans(optimizer: Any) -> list[Any]:
    """Return the optimizers in this one, itself included, that follow a plan."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizers_with_plans(optimizer.inner_optimizer)
    inner = getattr(optimizer, "optimizers", ())  # of a MultiOptimizer
    if inner:
        return [one for part in inner for one in optimizers_with_plans(part)]
    return [optimizer] if getattr(optimizer, "plan", None) is not None else []


def follow(optimizer: Any, plan: Plan, offset: int, total_steps: int | None) -> None:
    """Let the optimizer follow a plan, and show the learning rate that comes first."""
    check_step(offset, "the plan's step minus the updates made")
    schedules: dict[str, Any] = {}
    for name, schedule in plan.items():
        attribute = hyperparameters.find(optimizer, name)
        schedules[attribute] = map_schedules(
            schedule, functools.partial(traceable_form, name=name, total_steps=total_steps)
        )
    on_host = ValuesOnHost([track_of(optimizer, *item) for item in plan.items()])
    # Not by setattr, which Keras and TensorFlow watch.
    vars(optimizer)["_following"] = Following(plan, offset, total_steps, schedules, on_host)
    rate = schedules.get(LEARNING_RATE)
    if rate is not None and not isinstance(rate, Groups):
        optimizer._learning_rate.assign(rate(optimizer.plan_step))  # noqa: SLF001


def _follow_saved(optimizer: Any, saved: Any, config: dict[str, Any]) -> None:
    """Let an optimizer follow the plan in its config, as attach would."""
    if not isinstance(saved, Mapping) or set(saved) != _SAVED:
        got = sorted(map(str, saved)) if isinstance(saved, Mapping) else repr(saved)
        raise ValueError(
            f"{CONFIG!r} in the config of {type(optimizer).__name__} must have the keys "
            f"{sorted(_SAVED)}, got {got!s:.80}"
        )
    try:
        plan = plan_from(saved["plan"])
    except ValueError as error:
        raise ValueError(
            f"the plan that was saved with this {type(optimizer).__name__} cannot be rebuilt: "
            f"{error}. Register what is missing first, or load the model with compile=False and "
            "compile it with a new optimizer"
        ) from error
    offset = whole_number(saved["offset"], "offset", minimum=-LARGEST_LENGTH)
    total_steps = saved["total_steps"]
    if total_steps is not None:
        total_steps = whole_number(total_steps, "total_steps", minimum=1)
    attributes = attributes_of(optimizer, plan)
    rate = optimizer._learning_rate  # noqa: SLF001  (the property calls a schedule)
    if LEARNING_RATE in attributes.values() and not hyperparameters.is_variable(rate):
        raise ValueError(
            f"the config of {type(optimizer).__name__} has two schedules of the learning rate, "
            f"{rate!r:.80} and that of the plan"
        )
    check_values(optimizer, plan, attributes, config)
    follow(optimizer, plan, offset, total_steps)
    vars(optimizer)["_following"].on_host.check(optimizer.plan_step, total_steps)


def updates_of(optimizer: Any) -> int:
    """Return how many updates an optimizer has made."""
    batches = int(value_of_variable(optimizer._iterations))  # noqa: SLF001
    return batches // (optimizer.gradient_accumulation_steps or 1)


def _begun_at(optimizer: Any, following: Following, given: int, updates: int) -> int | None:
    """Return at which step, 0 or ``given``, a loaded state began to count, if its rate tells."""
    schedule = following.schedules.get(LEARNING_RATE)
    if schedule is None or isinstance(schedule, Groups):
        return None
    last, rate = updates - 1, value_of_variable(optimizer._learning_rate)  # noqa: SLF001
    starts = (0, given)
    fits = [one for one in starts if math.isclose(rate, schedule(last + one), rel_tol=_ROUNDED)]
    return fits[0] if len(fits) == 1 else None


def _without_zero(momentum: Any) -> Any:
    """Return momentum that the optimizers do not leave out: its buffer would go stale."""
    if isinstance(momentum, dict):
        return {pattern: _without_zero(value) for pattern, value in momentum.items()}
    return sys.float_info.min if momentum == 0.0 else momentum


def _traced_value(schedule: Record, attribute: str, step: Any, dtype: str) -> Any:
    """Return a hyperparameter's value in the form that the optimizer's compiled step takes."""
    plain = keras.backend.backend() == "jax" and attribute in _PLAIN_IN_JAX
    if attribute == LEARNING_RATE or plain:
        return traced_tensor(schedule, step, dtype)
    return traced_number(schedule, step, dtype)


def _outside_of_graph(optimizer: Any) -> AbstractContextManager[Any]:
    """Return the context in which an optimizer is built."""
    starts_from_weights = any(
        one.__name__ == "ScheduleFreeAdamW" for one in type(optimizer).__mro__
    )
    if keras.backend.backend() == "tensorflow" and starts_from_weights:
        import tensorflow as tf

        # It copies the weights when it is built; inside a graph that would happen at every step.
        return tf.init_scope()  # type: ignore[no-any-return]
    return nullcontext()
