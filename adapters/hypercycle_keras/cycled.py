"""Keras optimizers whose hyperparameters follow a plan."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from hypercycle.driving.tracks import Track
from hypercycle.driving.warning import warn
from hypercycle.numbers.checks import whole_number
from hypercycle.plans.plan import Plan, describe_plan, plan_from
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.product import Product
from hypercycle.schedules.schedule import Record
from hypercycle_keras import names as hyperparameters
from hypercycle_keras.in_step import (
    Number,
    ValuesOnHost,
    traceable,
    traced_number,
    traced_tensor,
    value_of_variable,
)
from hypercycle_keras.names import LEARNING_RATE, MOMENTUM

if TYPE_CHECKING:
    from keras.optimizers import Optimizer as _Optimizer

    from hypercycle.driving.options import PlanLike
else:  # an optimizer's class comes after Cycled in the classes that cycled_class makes
    _Optimizer = object

_CONFIG = "hypercycle"
# What optimizers read once for all variables.
_FOR_ALL = {"clipnorm", "clipvalue", "global_clipnorm", "ema_momentum"}
# An argument of jnp.clip, which takes nothing but arrays.
_PLAIN_IN_JAX = {"l1_regularization_strength"}


@dataclass(frozen=True)
class _Following:
    """What an optimizer follows.

    ``offset`` is added to the updates that the optimizer has made; ``schedules`` are those of the
    attributes, in the form that the backend can trace; ``on_host`` computes values as floats.
    """

    plan: Plan
    offset: int
    total_steps: int | None
    schedules: dict[str, Record | Groups]
    on_host: ValuesOnHost


class Cycled(_Optimizer):
    """What :func:`cycled` adds to the class of an optimizer: hyperparameters that follow a plan.

    The values are computed inside the step, from the optimizer's ``iterations``, so that they are
    right in compiled functions, with several steps per execution, in custom loops and after
    loading. The optimizer's attributes keep the values that it was made with; no variable is
    added, so that checkpoints of plain and cycled optimizers are interchangeable.
    ``learning_rate`` is the value of the last update.
    """

    _following: _Following | None = None

    # What users see.

    @property
    def plan(self) -> Plan | None:
        """The plan; None if it follows none."""
        return None if self._following is None else self._following.plan

    @property
    def plan_step(self) -> int:
        """The plan's step of the next update, which is how many it has counted."""
        return self._step_after(_updates(self))

    @property
    def values(self) -> dict[str, Any]:
        """The values of the next update by name; a dict by pattern where variables differ."""
        return {} if self.plan is None else self.plan(self.plan_step)

    # The optimizer's step.

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Apply gradients with the values of the present step in force."""
        if self._following is None:
            super().apply(grads, trainable_variables)
            return
        values = self._values_in_step(
            self._following,
            self._trainable_variables if trainable_variables is None else trainable_variables,
        )
        grouped = {name: values.pop(name) for name in [*values] if isinstance(values[name], dict)}
        rate = values.pop(LEARNING_RATE, None)
        if rate is not None:
            self._learning_rate.assign(rate)  # which callbacks and logs read
            # Read back, the variable costs more; a float of PyTorch's it has to round.
            if keras.backend.backend() != "torch":
                values["_rate"] = rate
        with self._in_force(values, grouped):
            super().apply(grads, trainable_variables)

    def _values_in_step(self, following: _Following, variables: Sequence[Any]) -> dict[str, Any]:
        """Return the values of the present step by attribute, as the optimizer's step takes them.

        Floats with PyTorch, whose steps are Python, else tensors; a dict by pattern for Groups.
        """
        values: dict[str, Any] = {}
        if keras.backend.backend() == "torch":
            values = following.on_host.at(self.plan_step)
            for attribute, schedule in following.schedules.items():
                if isinstance(schedule, Groups):  # with None where it leaves variables alone
                    values[attribute] = {key: values[attribute].get(key) for key in schedule}
            if MOMENTUM in values:
                values[MOMENTUM] = _never_zero(values[MOMENTUM])
            return values
        step, dtype = self._traced_step(), _dtype_of(variables)
        for attribute, schedule in following.schedules.items():
            value = functools.partial(_traced, attribute=attribute, step=step, dtype=dtype)
            if isinstance(schedule, Groups):
                values[attribute] = {
                    key: None if part is None else value(part) for key, part in schedule.items()
                }
            else:
                values[attribute] = value(schedule)
        return values

    @contextmanager
    def _in_force(
        self, shared: dict[str, Any], grouped: dict[str, dict[str, Any]]
    ) -> Iterator[None]:
        """Put values in the place of the optimizer's own for the time of an update.

        The replicas of a tf.distribute strategy are threads that overlap here: the last one puts
        the optimizer's own values back.
        """
        own = self.__dict__
        if "_under_way" not in own:
            own["_static"] = {name: own[name] for name in [*shared, *grouped] if name in own}
            own["_under_way"] = 0
        own["_under_way"] += 1
        own["_grouped"] = grouped
        own.update(shared)
        try:
            yield
        finally:
            own["_under_way"] -= 1
            if own["_under_way"] == 0:
                own.update(own["_static"])
                for name in ("_under_way", "_static", "_grouped", "_rate"):
                    own.pop(name, None)

    def build(self, variables: Sequence[Any]) -> None:
        """Make the optimizer's variables, those of momentum too where it is 0 now but not always.

        Raises
        ------
        ValueError
            If the patterns of ``Groups`` leave a variable out, or match none.
        """
        if self.built:
            return
        schedules = {} if self._following is None else self._following.schedules
        for attribute, schedule in schedules.items():
            if isinstance(schedule, Groups):
                _check_patterns(attribute, tuple(map(str, schedule)), variables)
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
        update = super()._backend_update_step
        for indices in self._each_group(trainable_variables):
            update(
                [grads[index] for index in indices],
                [trainable_variables[index] for index in indices],
                self.__dict__.get("_rate", learning_rate),
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
        own = self.__dict__
        if "_rate" in own:
            return own["_rate"]
        return super()._get_current_learning_rate()

    def _each_group(self, variables: Any) -> Iterator[Sequence[int]]:
        """Yield the indices of variables with the same values, while these are in force."""
        own = self.__dict__
        grouped: dict[str, dict[str, Any]] = own.get("_grouped", {})
        if not grouped:
            yield range(len(variables))
            return
        alike: dict[tuple[str, ...], list[int]] = {}
        for index, variable in enumerate(variables):
            patterns = tuple(_matching(tuple(values), variable) for values in grouped.values())
            alike.setdefault(patterns, []).append(index)
        static = own["_static"]
        for patterns, indices in alike.items():
            for (attribute, values), pattern in zip(grouped.items(), patterns, strict=True):
                value = values[pattern]
                if attribute != LEARNING_RATE:
                    own[attribute] = static[attribute] if value is None else value
                elif value is not None:
                    own["_rate"] = value
            try:
                yield indices
            finally:
                if LEARNING_RATE in grouped:
                    own.pop("_rate", None)
                own.update({name: static[name] for name in grouped if name in static})

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

    def get_config(self) -> dict[str, Any]:
        """Return the optimizer's config, and its plan as plain data."""
        config: dict[str, Any] = super().get_config()
        if self._following is not None:
            config[_CONFIG] = {
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
        ValueError
            If the plan holds a user's own function, which no config can bring back, or the name
            of a waveform or scale policy that is not registered here.
        """
        own = dict(config)
        saved = own.pop(_CONFIG, None)
        optimizer = super().from_config(own, custom_objects)
        if saved is not None:
            try:
                plan = plan_from(saved["plan"])
            except ValueError as error:
                raise ValueError(
                    f"the plan that was saved with this {cls.__name__} cannot be rebuilt: {error}. "
                    "Register what is missing first, or load the model with compile=False and "
                    "compile it with a new optimizer"
                ) from error
            _follow(optimizer, plan, saved["offset"], saved["total_steps"])
        return optimizer


def cycled(
    optimizer: keras.optimizers.Optimizer,
    plan: PlanLike | None = None,
    /,
    *,
    start_step: int = 0,
    relative: bool = False,
    replace: bool = False,
    total_steps: int | None = None,
    **schedules: Any,
) -> keras.optimizers.Optimizer:
    """Return an optimizer like this one whose hyperparameters follow a plan.

    What :func:`hypercycle.attach` does with a Keras optimizer. The optimizer passed in is left as
    it is; the state of one that has been used is copied.

    Parameters
    ----------
    optimizer
        An optimizer of Keras 3, or a subclass's whose ``get_config`` is complete. Of a
        ``LossScaleOptimizer``, the inner optimizer is driven.
    plan, **schedules
        Names and their schedules, all lengths in steps (optimizer updates).
    start_step
        The plan's step of the next update. Give it where only weights were loaded; a loaded
        optimizer state brings its own count of updates.
    relative
        The schedules multiply the optimizer's own values.
    replace
        Take the place of a ``LearningRateSchedule``, or of the plan that the optimizer follows.
    total_steps
        Optimizer updates of the whole run: their values are checked, and it is how long a table is
        where the backend cannot trace a schedule.

    Raises
    ------
    TypeError
        If this is no optimizer of Keras 3, or a hyperparameter is no number.
    ValueError
        If a name is unknown, a value is outside what the optimizer accepts, the learning rate
        follows a schedule already, or values cannot differ between variables as ``Groups`` wants.
    OverflowError
        If a scale policy grows until a value of the run is not finite.

    Examples
    --------
    >>> import hypercycle as hc
    >>> sgd = keras.optimizers.SGD(0.1, momentum=0.9)
    >>> lr = hc.Cycle(0.1, 0.5, step_size_up=4)
    >>> optimizer = cycled(sgd, lr=lr, momentum=lr.opposite(0.85, 0.95))
    >>> optimizer.values
    {'lr': 0.1, 'momentum': 0.95}
    """
    start_step = whole_number(start_step, "start_step")
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return _around(
            optimizer,
            cycled(
                optimizer.inner_optimizer,
                plan,
                start_step=start_step,
                relative=relative,
                replace=replace,
                total_steps=total_steps,
                **schedules,
            ),
        )
    whole = Plan(**{**(plan or {}), **schedules}).resolve()
    if total_steps is not None:
        total_steps = whole_number(total_steps, "total_steps", minimum=1)
    _check_target(optimizer, replace=replace)
    attributes = _attributes(optimizer, whole)
    config = _config_of(optimizer)
    if LEARNING_RATE in attributes.values() and not isinstance(config[LEARNING_RATE], float):
        _check_replaced(optimizer, whole, relative=relative, replace=replace)
        config[LEARNING_RATE] = 0.0
    if relative:
        whole = _multiplied(optimizer, whole, attributes)
    _check_values(optimizer, whole, attributes, config)
    with _strategy_of(optimizer):
        kind: Any = type(optimizer)
        result = cycled_class(kind).from_config(config)
    _check_complete(optimizer, result)
    _copy_exclusions(optimizer, result)
    _follow(result, whole, start_step - _updates(optimizer), total_steps)
    vars(result)["_following"].on_host.check(start_step, total_steps)
    if optimizer.built:
        _copy_state(optimizer, result)
        warn(
            f"this {type(optimizer).__name__} has been in use: its state was copied, and a model "
            "goes on with the old one until model.compile(optimizer=…) is called with the result, "
            "which traces the training step anew"
        )
    return result


@functools.cache
def cycled_class(optimizer_class: type) -> Any:
    """Return the subclass of an optimizer class that can follow a plan, registered for loading.

    ``load_model`` finds those of Keras's own classes once ``hypercycle_keras`` is imported; for an
    optimizer class of one's own, call this before loading.

    >>> cycled_class(keras.optimizers.SGD).__name__
    'CycledSGD'
    """
    if issubclass(optimizer_class, Cycled):
        return optimizer_class
    # With the PyTorch backend, making an SGD makes another class, which is the faster one.
    made = type(optimizer_class.__new__(optimizer_class))
    name = f"Cycled{optimizer_class.__name__}"
    doc = f"{optimizer_class.__name__} whose hyperparameters follow a plan."
    members: dict[str, Any] = {"__module__": __name__, "__doc__": doc}
    if keras.backend.backend() == "torch":
        import torch

        # Values change at every step, and torch.compile would compile the update for each of them.
        members["apply"] = torch.compiler.disable(Cycled.apply)  # type: ignore[no-untyped-call]
    made_class = type(name, (Cycled, made), members)
    return keras.saving.register_keras_serializable("hypercycle", name)(made_class)


def driven(optimizer: Any) -> list[Any]:
    """Return the optimizers in this one, itself included, that follow a plan."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return driven(optimizer.inner_optimizer)
    inner = getattr(optimizer, "optimizers", ())  # of a MultiOptimizer
    if inner:
        return [one for part in inner for one in driven(part)]
    return [optimizer] if getattr(optimizer, "plan", None) is not None else []


def _never_zero(momentum: Any) -> Any:
    """Return momentum that the optimizers do not leave out: its buffer would go stale."""
    if isinstance(momentum, dict):
        return {pattern: _never_zero(value) for pattern, value in momentum.items()}
    return sys.float_info.min if momentum == 0.0 else momentum


def _traced(schedule: Record, attribute: str, step: Any, dtype: str) -> Any:
    """Return a hyperparameter's value in the form that the optimizer's compiled step takes."""
    plain = keras.backend.backend() == "jax" and attribute in _PLAIN_IN_JAX
    if attribute == LEARNING_RATE or plain:
        return traced_tensor(schedule, step, dtype)
    return traced_number(schedule, step, dtype)


def _updates(optimizer: Any) -> int:
    """Return how many updates an optimizer has made."""
    batches = int(value_of_variable(optimizer._iterations))  # noqa: SLF001
    return batches // (optimizer.gradient_accumulation_steps or 1)


def _dtype_of(variables: Sequence[Any]) -> str:
    """Return the dtype in which the step computes with a Python float, at least float32."""
    dtypes = {keras.backend.standardize_dtype(variable.dtype) for variable in variables}
    return "float64" if "float64" in dtypes else "float32"


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


# Groups.


def _path(variable: Any) -> str:
    return str(getattr(variable, "path", variable.name))


def _matching(patterns: tuple[str, ...], variable: Any) -> str:
    return _first_match(patterns, _path(variable)) or ""


@functools.lru_cache(maxsize=10_000)
def _first_match(patterns: tuple[str, ...], path: str) -> str | None:
    return next((one for one in patterns if path == one or re.fullmatch(one, path)), None)


def _check_patterns(attribute: str, patterns: tuple[str, ...], variables: Sequence[Any]) -> None:
    paths = [_path(variable) for variable in variables]
    matches = {path: _first_match(patterns, path) for path in paths}
    left_out = [path for path, match in matches.items() if match is None]
    if left_out:
        raise ValueError(
            f"{attribute}: Groups says nothing about {', '.join(left_out)}: add a pattern (the "
            "first that matches the whole path counts), or '.*': None to leave the rest alone"
        )
    idle = [pattern for pattern in patterns if pattern not in matches.values()]
    if idle:
        raise ValueError(
            f"{attribute}: {', '.join(map(repr, idle))} matches no variable that an earlier "
            f"pattern does not; patterns match whole paths, which are {', '.join(paths)}"
        )


# Attaching.


def _around(outer: Any, inner: Any) -> Any:
    """Return a LossScaleOptimizer like this one around another optimizer."""
    config = outer.get_config()
    del config["inner_optimizer"]
    result = type(outer)(inner, **config)
    if outer.built:
        result.build(outer._trainable_variables)  # noqa: SLF001
        for new, old in zip(result._variables, outer._variables, strict=True):  # noqa: SLF001
            new.assign(keras.ops.copy(old.value))
    return result


def _check_target(optimizer: Any, *, replace: bool) -> None:
    if keras.backend.backend() not in ("tensorflow", "jax", "torch"):
        raise ValueError(
            "hypercycle drives Keras on TensorFlow, JAX and PyTorch, the backend is "
            f"{keras.backend.backend()}: set KERAS_BACKEND before importing keras"
        )
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise TypeError(f"expected an optimizer of Keras 3, got {optimizer!r}")
    if type(optimizer).__name__ == "MultiOptimizer":
        raise TypeError(
            "a MultiOptimizer has an optimizer for each group of variables: attach to each of "
            "them, and make the MultiOptimizer of the results"
        )
    if getattr(optimizer, "plan", None) is not None and not replace:
        raise ValueError(
            f"this {type(optimizer).__name__} follows a plan already, for "
            f"{', '.join(optimizer.plan)}: put everything into one plan, or call "
            "hypercycle_keras.cycled(…, replace=True) to follow another one"
        )


def _attributes(optimizer: Any, plan: Plan) -> dict[str, str]:
    """Return the attributes that the plan's names stand for."""
    owners: dict[str, str] = {}
    for name, schedule in plan.items():
        attribute = hyperparameters.find(optimizer, name)
        if attribute in owners:
            raise ValueError(
                f"{owners[attribute]!r} and {name!r} are the same hyperparameter of "
                f"{type(optimizer).__name__}, {attribute}: give one of them"
            )
        owners[attribute] = name
        if isinstance(schedule, Groups):
            _check_groups(optimizer, name, attribute, schedule)
    return {name: attribute for attribute, name in owners.items()}


def _check_groups(optimizer: Any, name: str, attribute: str, groups: Groups) -> None:
    if attribute in _FOR_ALL:
        raise ValueError(
            f"{name}: {attribute} is one value for all variables in Keras, so Groups cannot vary "
            "it: use keras.optimizers.MultiOptimizer with one optimizer for each group"
        )
    if isinstance(optimizer, keras.optimizers.Nadam):
        raise ValueError(
            f"{name}: Nadam updates all variables together, so Groups cannot vary its values: use "
            "keras.optimizers.MultiOptimizer with one Nadam for each group"
        )
    for pattern in groups:
        if not isinstance(pattern, str):
            raise TypeError(
                f"{name}: in Keras, groups are regular expressions for the paths of variables, "
                f"such as 'dense/.*', got {pattern!r}"
            )
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{name}: {pattern!r} is no regular expression: {error}") from error


def _check_replaced(optimizer: Any, plan: Plan, *, relative: bool, replace: bool) -> None:
    """Refuse to drop a learning rate that is a schedule or a function unless told to."""
    if not replace:
        raise ValueError(
            f"the learning rate of this {type(optimizer).__name__} follows "
            f"{optimizer._learning_rate!r} already: make the optimizer with a number, or call "  # noqa: SLF001
            "hypercycle_keras.cycled(…, replace=True)"
        )
    parts = [part for one in plan.values() if isinstance(one, Groups) for part in one.values()]
    if relative or None in parts:
        raise ValueError(
            f"the learning rate of this {type(optimizer).__name__} is a schedule, which has no "
            "one value to multiply or to keep: make the optimizer with a number"
        )


def _config_of(optimizer: Any) -> dict[str, Any]:
    config = dict(optimizer.get_config())
    config.pop(_CONFIG, None)
    rate = optimizer._learning_rate  # noqa: SLF001  (the property calls a schedule)
    if not hyperparameters.is_variable(rate):
        config[LEARNING_RATE] = rate
    return config


def _multiplied(optimizer: Any, plan: Plan, attributes: dict[str, str]) -> Plan:
    """Return the plan whose schedules multiply the optimizer's own values."""
    schedules: dict[str, Any] = {}
    for name, schedule in plan.items():
        value = hyperparameters.read(optimizer, attributes[name])
        if value is None:
            raise TypeError(
                f"relative=True multiplies values, but {name} of {type(optimizer).__name__} is None"
            )
        schedules[name] = _mapped(schedule, functools.partial(Product, Constant(value)))
    return Plan(**schedules)


def _check_values(
    optimizer: Any, plan: Plan, attributes: dict[str, str], config: dict[str, Any]
) -> None:
    """Refuse bounds that the optimizer does not accept, however late they are reached."""
    kind = type(optimizer).__name__
    keras_own = type(optimizer).__module__.startswith("keras.")
    together = dict(config)  # what excludes each other, such as two ways of clipping
    for name, schedule in plan.items():
        attribute = attributes[name]
        parts = schedule.values() if isinstance(schedule, Groups) else [schedule]
        reached = [value for part in parts if part is not None for value in part.reached()]
        track = _track(optimizer, name, schedule)
        track.interval.check(np.array(reached), track.name)
        for value in sorted({min(reached), max(reached)} if reached and keras_own else ()):
            together[attribute] = value
            try:
                type(optimizer).from_config(dict(together))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{kind} does not accept {name}={value!r}: {error}") from error


def _strategy_of(optimizer: Any) -> AbstractContextManager[Any]:
    strategy = getattr(optimizer, "_distribution_strategy", None)  # of TensorFlow
    return nullcontext() if strategy is None else strategy.scope()


def _check_complete(optimizer: Any, result: Any) -> None:
    """Refuse an optimizer whose config does not say everything: its copy would be another one."""
    own, copied = vars(optimizer), vars(result)
    lost = [
        name
        for name, value in own.items()
        if not name.startswith("_")
        and name != "built"
        and (value is None or isinstance(value, (bool, int, float, str)))
        and copied.get(name) != value
    ]
    if lost:
        raise ValueError(
            f"{type(optimizer).__name__}.get_config() leaves out {', '.join(lost)}, so that no "
            "copy of it can be made: complete its get_config()"
        )


def _copy_exclusions(optimizer: Any, result: Any) -> None:
    """Copy what exclude_from_weight_decay has set, which is not in the config."""
    for name in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"):
        if name in vars(optimizer):
            vars(result)[name] = vars(optimizer)[name]


def _copy_state(optimizer: Any, result: Any) -> None:
    with _strategy_of(optimizer):
        result.build(optimizer._trainable_variables)  # noqa: SLF001
    pairs: Any = zip(result.variables, optimizer.variables, strict=False)
    if len(result.variables) != len(optimizer.variables):  # room for momentum, say
        saved = {variable.path: variable for variable in optimizer.variables}
        pairs = [(new, saved[new.path]) for new in result.variables if new.path in saved]
    for new, old in pairs:
        if new is not result._learning_rate:  # noqa: SLF001  (of the plan)
            new.assign(keras.ops.copy(old.value))  # JAX gives buffers away to its next step


def _follow(optimizer: Any, plan: Plan, offset: int, total_steps: int | None) -> None:
    """Let the optimizer follow a plan, and show the learning rate that comes first."""
    schedules: dict[str, Any] = {}
    for name, schedule in plan.items():
        attribute = hyperparameters.find(optimizer, name)
        schedules[attribute] = _mapped(
            schedule, functools.partial(traceable, name=name, total_steps=total_steps)
        )
    on_host = ValuesOnHost([_track(optimizer, *item) for item in plan.items()])
    # Not by setattr, which Keras and TensorFlow watch.
    vars(optimizer)["_following"] = _Following(plan, offset, total_steps, schedules, on_host)
    rate = schedules.get(LEARNING_RATE)
    if rate is not None and not isinstance(rate, Groups):
        optimizer._learning_rate.assign(rate(optimizer.plan_step))  # noqa: SLF001


def _track(optimizer: Any, name: str, schedule: Record | Groups) -> Track:
    """Return what follows a name in the plan, with what the optimizer accepts for it."""
    attribute = hyperparameters.find(optimizer, name)
    groups = schedule if isinstance(schedule, Groups) else {None: schedule}
    driven = {key: part for key, part in groups.items() if part is not None}
    return Track(
        f"{name} ({hyperparameters.described(optimizer, attribute)})",
        tuple(driven.values()),
        tuple(driven) if isinstance(schedule, Groups) else None,
        interval=hyperparameters.interval_of(optimizer, attribute),
        place=attribute,
    )


def _mapped(schedule: Any, function: Callable[[Record], Record]) -> Any:
    """Return what a function makes of a schedule, or of each one of Groups."""
    if not isinstance(schedule, Groups):
        return function(schedule)
    return Groups(
        {pattern: None if part is None else function(part) for pattern, part in schedule.items()}
    )


# So that load_model finds them.
for _name in (
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "RMSprop",
    "SGD",
    "ScheduleFreeAdamW",
):
    if hasattr(keras.optimizers, _name):  # some came with later versions
        cycled_class(getattr(keras.optimizers, _name))
