"""Making an optimizer that follows a plan of one that does not."""

from __future__ import annotations

import functools
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import keras

from hypercycle.driving.attaching import merge
from hypercycle.driving.clocks import in_updates, on_its_clock
from hypercycle.driving.options import check_not_all_zero, names_in
from hypercycle.driving.warning import warn
from hypercycle.numbers.checks import whole_number
from hypercycle.numbers.lengths import STEPS, Length, Units
from hypercycle.plans.plan import Plan
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.product import Product
from hypercycle_keras import names as hyperparameters
from hypercycle_keras.checking import attributes_of, check_step, check_values
from hypercycle_keras.groups import map_schedules
from hypercycle_keras.names import LEARNING_RATE
from hypercycle_keras.optimizer import CONFIG, Cycled, CycledLossScale, follow, updates_of

if TYPE_CHECKING:
    from hypercycle.driving.options import PlanLike, Relative


def cycled(
    optimizer: keras.optimizers.Optimizer,
    plan: PlanLike | None = None,
    /,
    *,
    start_step: int | None = None,
    relative: Relative = False,
    replace: bool = False,
    steps_per_epoch: int | None = None,
    total_steps: Length | None = None,
    tokens_per_step: int | None = None,
    samples_per_step: int | None = None,
    seconds_per_step: float | None = None,
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
        Names and their schedules, as in :func:`hypercycle.attach`.
    start_step
        The plan's step of the next update: 0 if not given, or where what is replaced stands. Give
        it where only weights were loaded; a loaded optimizer state brings its own count of updates.
    relative
        The schedules multiply the optimizer's own values; or the names of those that do.
    replace
        Take the place of a ``LearningRateSchedule``, or of the plan that the optimizer follows, and
        go on from the step where that stands.
    steps_per_epoch, total_steps
        Optimizer updates per epoch and in the whole run, for lengths such as ``"4ep"``, ``"30%"``.
        The values of the whole run are checked, and it is how long a table is where the backend
        cannot trace a schedule.
    tokens_per_step, samples_per_step, seconds_per_step
        How much there is in an update, for lengths such as ``"2Btok"``, ``"10Msamples"``, ``"3h"``:
        what a batch holds, where all hold as much.

    Raises
    ------
    TypeError
        If this is not an optimizer of Keras 3, or a hyperparameter is not a number.
    ValueError
        If a name is unknown, a value is outside what the optimizer accepts, a length needs an
        argument that is not given, the learning rate follows a schedule already, or values cannot
        differ between variables as ``Groups`` wants.
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
    if start_step is not None:
        start_step = whole_number(start_step, "start_step")
        check_step(start_step, "start_step")
    per_step = tokens_per_step, samples_per_step, seconds_per_step
    units = Units(steps_per_epoch, total_steps, *per_step)
    whole, units = on_its_clock(merge(plan, schedules, "cycled"), units)
    if units.clock != STEPS:
        raise ValueError(in_updates(units.clock))
    steps = units.total
    wrapped = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    inner: Any = optimizer.inner_optimizer if wrapped else optimizer
    _check_target(inner, replace=replace)
    attributes = attributes_of(inner, whole)
    multiplied = names_in(whole, relative)
    config = _config_of(inner)
    if start_step is None:
        start_step = _present_step(inner, config)
    if LEARNING_RATE in attributes.values() and not isinstance(config[LEARNING_RATE], float):
        of_rate = any(attributes[name] == LEARNING_RATE for name in multiplied)
        _check_replacement(inner, whole, relative=of_rate, replace=replace)
        config[LEARNING_RATE] = 0.0
    whole = _multiply(inner, whole, attributes, multiplied)
    check_values(inner, whole, attributes, config)
    result = _without_state(inner, config)
    follow(result, whole, start_step - updates_of(inner), steps)
    if start_step and not inner.built:
        vars(result)["_start_step_given"] = start_step
    vars(result)["_following"].on_host.check(start_step, steps)
    if inner.built:
        _copy_state(inner, result)
        warn(
            f"this {type(inner).__name__} has been in use: its state was copied, and a model "
            "goes on with the old one until model.compile(optimizer=…) is called with the result, "
            "which traces the training step anew"
        )
    return _wrap(optimizer, result) if wrapped else result


def cycled_afresh(optimizer: Any, plan: Plan) -> Any:
    """Return an optimizer like this one, as new, that follows a plan from its first step.

    Its slots and its count of updates are new; a ``LossScaleOptimizer`` keeps its scale. What the
    plan does not name keeps its value and follows no other plan; a ``LearningRateSchedule`` begins
    anew.

    Raises
    ------
    TypeError, ValueError
        As from :func:`cycled`.
    """
    wrapped = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    inner = optimizer.inner_optimizer if wrapped else optimizer
    _check_target(inner, replace=True)
    attributes, config = attributes_of(inner, plan), _config_of(inner)
    if LEARNING_RATE in attributes.values():
        config[LEARNING_RATE] = 0.0
    check_values(inner, plan, attributes, config)
    result = _without_state(inner, config)
    follow(result, plan, 0, None)
    vars(result)["_following"].on_host.check(0, None)
    if inner.built:
        with _strategy_of(inner):
            result.build(inner._trainable_variables)  # noqa: SLF001
    return _wrap(optimizer, result) if wrapped else result


@functools.cache
def cycled_class(optimizer_class: type) -> Any:
    """Return the subclass of an optimizer class that can follow a plan, registered for loading.

    ``load_model`` finds those of Keras's own classes once ``hypercycle_keras`` is imported; for an
    optimizer class of one's own, call this before loading.

    >>> cycled_class(keras.optimizers.SGD).__name__
    'CycledSGD'
    """
    if issubclass(optimizer_class, (Cycled, CycledLossScale)):
        return optimizer_class
    # With the PyTorch backend, making an SGD makes another class, which is the faster one.
    made = type(optimizer_class.__new__(optimizer_class))
    name = f"Cycled{optimizer_class.__name__}"
    doc = f"{optimizer_class.__name__} whose hyperparameters follow a plan."
    members: dict[str, Any] = {"__module__": __name__, "__doc__": doc}
    added = CycledLossScale if issubclass(made, keras.optimizers.LossScaleOptimizer) else Cycled
    if added is Cycled and keras.backend.backend() == "torch":
        import torch

        # Values change at every step, and torch.compile would compile the update for each of them.
        members["apply"] = torch.compiler.disable(Cycled.apply)  # type: ignore[no-untyped-call]
    made_class = type(name, (added, made), members)
    # Keras's error names the package where nobody has imported it yet.
    return keras.saving.register_keras_serializable("hypercycle_keras", name)(made_class)


# Attaching.


def _wrap(outer: Any, inner: Any) -> Any:
    """Return a LossScaleOptimizer like this one around another optimizer."""
    config = outer.get_config()
    del config["inner_optimizer"]
    kind: Any = type(outer)
    result = cycled_class(kind)(inner, **config)
    if outer.built:
        result.build(outer._trainable_variables)  # noqa: SLF001
        for new, old in zip(result._variables, outer._variables, strict=True):  # noqa: SLF001
            new.assign(keras.ops.copy(old.value))
    return result


def _without_state(optimizer: Any, config: dict[str, Any]) -> Any:
    with _strategy_of(optimizer):
        kind: Any = type(optimizer)
        result = cycled_class(kind).from_config(config)
    _check_complete(optimizer, result)
    _copy_exclusions(optimizer, result)
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


def _present_step(optimizer: Any, config: dict[str, Any]) -> int:
    """Return the step where the plan or the learning rate's schedule stands; 0 without either."""
    if getattr(optimizer, "plan", None) is not None:
        return int(optimizer.plan_step)
    return 0 if isinstance(config[LEARNING_RATE], float) else updates_of(optimizer)


def _check_replacement(optimizer: Any, plan: Plan, *, relative: bool, replace: bool) -> None:
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
    config.pop(CONFIG, None)
    rate = optimizer._learning_rate  # noqa: SLF001  (the property calls a schedule)
    if not hyperparameters.is_variable(rate):
        config[LEARNING_RATE] = rate
    return config


def _multiply(
    optimizer: Any, plan: Plan, attributes: dict[str, str], names: Collection[str]
) -> Plan:
    """Return the plan in which the schedules of these names multiply the optimizer's own values."""
    schedules: dict[str, Any] = dict(plan)
    for name in names:
        schedule = plan[name]
        value = hyperparameters.read(optimizer, attributes[name])
        if value is None:
            raise TypeError(
                f"relative=True multiplies values, but {name} of {type(optimizer).__name__} is None"
            )
        check_not_all_zero(name, [value])
        schedules[name] = map_schedules(schedule, functools.partial(Product, Constant(value)))
    return Plan(**schedules)


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
    "LossScaleOptimizer",
    "Muon",
    "Nadam",
    "RMSprop",
    "SGD",
    "ScheduleFreeAdamW",
):
    if hasattr(keras.optimizers, _name):  # some came with later versions
        cycled_class(getattr(keras.optimizers, _name))
