"""Optax transformations whose hyperparameters are computed from one count."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from hypercycle.numbers.checks import is_traced, whole_number
from hypercycle.plans.plan import Plan
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import (
    Record,
)
from hypercycle_optax import names as arguments
from hypercycle_optax.names import Argument
from hypercycle_optax.tracing import check_traceable

LARGEST_STEP = 2**31 - 1
"""The largest step that a count in int32 holds: it stays there."""

Factory = Callable[..., optax.GradientTransformation]


class CycledState(NamedTuple):
    """The state of a transformation of :func:`cycled`; the same whatever is cycled.

    Attributes
    ----------
    count
        Updates made, an int32 scalar; None where the step always comes from outside.
    inner_state
        The state of the factory's transformation.
    """

    count: Any
    inner_state: Any


def cycled(
    factory: Factory,
    plan: Plan | Mapping[str, Any],
    /,
    *,
    start_step: int = 0,
    steps_per_epoch: int | None = None,
    total_steps: int | None = None,
    param_labels: Any = None,
    external_step: bool = False,
    **fixed: Any,
) -> optax.GradientTransformationExtraArgs:
    """Return ``factory(**hyperparameters)`` with hyperparameters that follow ``plan``.

    In every update the hyperparameters are computed from one int32 count (in float64, rounded once
    to JAX's default float dtype) and the factory's transformation is made anew with them, inside
    the compiled program. The state is that count beside the transformation's own state.

    Parameters
    ----------
    factory
        A function that makes a transformation from its hyperparameters: ``optax.adamw``, or one of
        your own around ``optax.chain``. Arguments that are compared or branched on in Python cannot
        follow a schedule; they are told of when the update is traced.
    plan
        Names to schedules. Names are the neutral ones (``lr``, ``momentum``, ``beta1``, ``beta2``,
        ``weight_decay``, ``eps``) or the factory's own. A number stays a Python number, as if it
        were given as ``fixed``.
    start_step
        Continue at this step: the number of updates already made.
    steps_per_epoch, total_steps
        Optimizer updates per epoch and in the whole run, for lengths such as ``"4ep"``, ``"30%"``.
    param_labels
        For a plan with :class:`~hypercycle.Groups`: the labels of the parameters, a tree or a
        function, as in :func:`optax.partition`. All labels share the one count.
    external_step
        Keep no count at all: every update must be given ``step=``.
    **fixed
        The factory's other arguments, handed on as they are.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        ``update(updates, state, params, *, step=None, **extra_args)``. A ``step`` given is used in
        place of the count (which then goes on from there); everything else goes to the factory's
        transformation.

    Raises
    ------
    TypeError
        If the factory is none, or cannot take a traced value for a hyperparameter in the plan.
    ValueError
        If a name is unknown, given twice or read only at init; a value is outside of what Optax
        means; a cycle is longer than the count can go; or Groups and labels do not fit.

    Notes
    -----
    The count stays at 2³¹ − 1, as Optax's own do. Updates and states keep the dtypes that they have
    with Python floats as hyperparameters, also where parameters are of lower precision.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from hypercycle import Cycle
    >>> sgd = cycled(optax.sgd, {"lr": Cycle(0.25, 0.75, step_size_up=2)})
    >>> state = sgd.init(jnp.zeros(1))
    >>> for _ in range(4):
    ...     updates, state = sgd.update(jnp.ones(1), state)
    ...     print(int(state.count), float(updates[0]))
    1 -0.25
    2 -0.5
    3 -0.75
    4 -0.5
    """
    start = whole_number(start_step, "start_step")
    if start > LARGEST_STEP:
        raise ValueError(f"start_step must be at most 2**31 - 1, got {start_step=}")
    resolved = _as_plan(plan).resolve(steps_per_epoch=steps_per_epoch, total_steps=total_steps)
    program = _program(factory, resolved, param_labels, fixed, fits=not external_step)
    start_values = [one.schedule(start) for one in program.driven]
    made = program.make(start_values)
    placeholders = [v if isinstance(v, float) else 0.5 for v in start_values]
    check_traceable(lambda values: program.make(values) and (), program.names, placeholders)
    del made
    checked = False

    def init(params: Any) -> CycledState:
        count = None if external_step else jnp.asarray(start, dtype=jnp.int32)
        return CycledState(count, _strong(program.make(start_values).init(params)))

    def update(
        updates: Any, state: CycledState, params: Any = None, *, step: Any = None, **extra_args: Any
    ) -> tuple[Any, CycledState]:
        nonlocal checked
        if step is not None:
            extra_args["step"] = step
        now = _step(step, state)

        def inner_update(values: Sequence[Any]) -> Any:
            inner = optax.with_extra_args_support(program.make(values))
            return inner.update(updates, state.inner_state, params, **extra_args)

        if not checked and jax.tree.leaves(updates):
            used = check_traceable(inner_update, program.names, placeholders)
            _check_used(program, used)
            checked = True
        result = inner_update([_value(one, now) for one in program.driven])
        if _has_low_precision((updates, state.inner_state, params)):
            wanted = jax.eval_shape(lambda: inner_update(placeholders))
            result = jax.tree.map(_as_dtype_of, result, wanted)
        new_updates, inner_state = _strong(result)
        count = None if external_step else optax.safe_increment(now.astype(jnp.int32))
        return new_updates, CycledState(count, inner_state)

    return optax.GradientTransformationExtraArgs(init, update)


def at_step(state: Any, step: Any) -> Any:
    """Return an optimizer state that continues at ``step``, wherever it holds our count.

    For a run that continues from weights alone: the schedules go on at ``step``, while everything
    else in the state (moments, Optax's own counts) stays as it is.

    Parameters
    ----------
    state
        The state of a transformation of :func:`cycled`, or one that contains such states.
    step
        The number of updates already made.

    Raises
    ------
    ValueError
        If no count is in it, or the step is negative or above 2³¹ − 1.

    Examples
    --------
    >>> from hypercycle import Cycle
    >>> sgd = cycled(optax.sgd, {"lr": Cycle(0.25, 0.75, step_size_up=2)})
    >>> int(at_step(sgd.init(jnp.zeros(1)), 100).count)
    100
    """
    if not isinstance(step, jax.Array):
        step = whole_number(step, "step")
        if step > LARGEST_STEP:
            raise ValueError(f"step must be at most 2**31 - 1, got {step=}")
    found = False

    def moved(node: Any) -> Any:
        nonlocal found
        if not isinstance(node, CycledState):
            return node
        count = jax.tree.map(lambda leaf: jnp.full_like(leaf, step), node.count)
        found = found or node.count is not None
        inner = jax.tree.map(moved, node.inner_state, is_leaf=_is_cycled_state)
        return CycledState(count, inner)

    result = jax.tree.map(moved, state, is_leaf=_is_cycled_state)
    if not found:
        raise ValueError(
            "there is no count of hypercycle in this state, got a "
            f"{type(state).__name__}: give the state that init or update of a cycled "
            "transformation returned (with external_step=True there is none)"
        )
    return result


def _is_cycled_state(node: Any) -> bool:
    return isinstance(node, CycledState)


@dataclass(frozen=True)
class _Driven:
    """One argument, for one label, that follows a schedule."""

    name: str
    label: Hashable
    argument: Argument
    schedule: Record


@dataclass(frozen=True)
class _Program:
    """How the transformation is made from the values of a step."""

    factory: Factory
    fixed: dict[Hashable, dict[str, Any]]  # by label; one label None without groups
    driven: tuple[_Driven, ...]
    param_labels: Any

    @property
    def names(self) -> list[str]:
        return [
            one.name if one.label is None else f"{one.name} of label {one.label!r}"
            for one in self.driven
        ]

    def make(self, values: Sequence[Any]) -> optax.GradientTransformation:
        """Return the factory's transformation with these values of what is driven."""
        parameters = arguments.parameters_of(self.factory)
        made = {}
        for label, fixed in self.fixed.items():
            own = {
                one.argument: value
                for one, value in zip(self.driven, values, strict=True)
                if one.label == label
            }
            made[label] = self.factory(**arguments.with_values(parameters, fixed, own))
            if not isinstance(made[label], optax.GradientTransformation):
                raise TypeError(
                    f"{arguments.name_of(self.factory)} makes a {type(made[label]).__name__}, "
                    "not an optax.GradientTransformation"
                )
        if self.param_labels is None:
            return made[None]
        return optax.partition(made, self.param_labels)


def _as_plan(plan: Any) -> Plan:
    if isinstance(plan, Plan):
        return plan
    if not isinstance(plan, Mapping):
        raise TypeError(
            "plan must be a Plan or a mapping of names to schedules, such as "
            f"{{'lr': Cycle(…)}}, got {plan!r}"
        )
    return Plan(**plan)


def _program(
    factory: Factory, plan: Plan, param_labels: Any, fixed: dict[str, Any], *, fits: bool
) -> _Program:
    labels = _labels(plan, param_labels)
    kind = arguments.name_of(factory)
    parameters = arguments.parameters_of(factory)
    owners: dict[Argument, str] = {}
    fixed_of: dict[Hashable, dict[str, Any]] = {label: dict(fixed) for label in labels}
    driven = []
    for name, value in plan.items():
        by_label = value if isinstance(value, Groups) else dict.fromkeys(labels, value)
        cycles = any(_constant(one) is None for one in by_label.values() if one is not None)
        argument = arguments.find(factory, name, cycles=cycles)
        if argument in owners:
            raise ValueError(
                f"{owners[argument]!r} and {name!r} are the same hyperparameter of {kind}, "
                f"{argument}: give one of them"
            )
        owners[argument] = name
        if argument.name in fixed:
            raise ValueError(f"{argument} of {kind} is given twice: in the plan and as fixed")
        for label, schedule in by_label.items():
            if schedule is None:
                continue
            _check_values(name, argument, schedule)
            constant = _constant(schedule)
            if constant is None:
                if fits:
                    _check_length(name, schedule)
                driven.append(_Driven(name, label, argument, schedule))
            else:
                as_default = arguments.like_default(parameters, argument, constant)
                fixed_of[label] = arguments.with_values(
                    parameters, fixed_of[label], {argument: as_default}
                )
    return _Program(factory, fixed_of, tuple(driven), param_labels)


def _labels(plan: Plan, param_labels: Any) -> tuple[Hashable, ...]:
    """Return the labels of all groups, or None alone; refuse groups that name different ones."""
    groups = {name: value for name, value in plan.items() if isinstance(value, Groups)}
    if not groups:
        if param_labels is not None:
            raise ValueError(
                "param_labels are for plans with Groups, and this plan has none: use "
                "optax.partition around cycled transformations, or Groups in the plan"
            )
        return (None,)
    if param_labels is None:
        raise ValueError(
            f"{', '.join(groups)}: Groups need the labels of the parameters: "
            "hypercycle_optax.cycled(factory, plan, param_labels=…), a tree of labels or a "
            "function that makes it, as in optax.partition"
        )
    labels = tuple(dict.fromkeys(label for value in groups.values() for label in value))
    for name, value in groups.items():
        missing = [label for label in labels if label not in value]
        if missing:
            raise ValueError(
                f"{name}: Groups says nothing about label {', '.join(map(repr, missing))}: give it "
                f"a schedule, or None to leave it at the factory's default; the labels are "
                f"{', '.join(map(repr, labels))}"
            )
    return labels


def _constant(schedule: Any) -> float | None:
    """Return the number behind a Constant that is not traced."""
    value = schedule.value if isinstance(schedule, Constant) else None
    return value if isinstance(value, float) else None


def _check_values(name: str, argument: Argument, schedule: Record) -> None:
    if not schedule.precomputable:
        return
    reached = [value for value in schedule.reached() if not is_traced(value)]
    argument.interval.check(np.array(reached), f"{name} ({argument})")


def _check_length(name: str, schedule: Record) -> None:
    """Refuse what ends, or turns, later than the count can tell."""
    for part in schedule.schedules:
        _check_length(name, part)
    steps = schedule.least_count
    if steps > LARGEST_STEP:
        raise ValueError(
            f"{name}: {schedule!r} takes {steps} steps, but the count of a JAX program is an int32 "
            "and stays at 2**31 - 1: choose shorter lengths"
        )


def _check_used(program: _Program, used: Sequence[bool]) -> None:
    """Refuse names that no label's update reads: a schedule would silently do nothing."""
    read = {one.name for one, yes in zip(program.driven, used, strict=True) if yes}
    for one in program.driven:
        if one.name not in read:
            kind = arguments.name_of(program.factory)
            raise ValueError(
                f"the updates of {kind} do not depend on {one.argument} here (it may be read only "
                f"at init, or switched off by another argument), so a schedule for {one.name} "
                f"would do nothing: give it as fixed, {one.argument.name}=…"
            )


def _step(step: Any, state: CycledState) -> jax.Array:
    if step is None:
        if state.count is None:
            raise ValueError(
                "this transformation keeps no count (external_step=True): give every update its "
                "step, update(updates, state, params, step=train_state.step)"
            )
        return jnp.asarray(state.count)
    array = jnp.asarray(step)
    if not jnp.issubdtype(array.dtype, jnp.integer) or array.shape != ():
        raise TypeError(
            "step must be a whole number, the number of updates already made, got "
            f"{array.dtype}{list(array.shape)}"
        )
    return array


def _value(one: _Driven, step: jax.Array) -> Any:
    try:
        value = one.schedule(step)
    except jax.errors.JAXTypeError as error:
        raise TypeError(
            f"the schedule of {one.name}, {one.schedule!r}, cannot be traced: its step is not "
            "known while JAX compiles, so use jnp.where instead of if, and jnp instead of math "
            f"and numpy ({str(error).splitlines()[0]})"
        ) from error
    return jnp.asarray(value, dtype=jnp.result_type(float))


def _has_low_precision(tree: Any) -> bool:
    """Return whether a float of JAX's default dtype would change the dtype of an array here."""
    default = jnp.result_type(float)
    return any(
        jnp.issubdtype(leaf.dtype, jnp.inexact)
        and jnp.promote_types(leaf.dtype, default) != leaf.dtype
        for leaf in jax.tree.leaves(tree)
        if hasattr(leaf, "dtype")
    )


def _as_dtype_of(leaf: Any, wanted: Any) -> Any:
    if not hasattr(leaf, "dtype") or leaf.dtype == wanted.dtype:
        return leaf
    return leaf.astype(wanted.dtype)


def _strong(tree: Any) -> Any:
    """Give weakly typed leaves their dtype for good, so that nothing is compiled a second time."""
    return jax.tree.map(
        lambda leaf: (
            jax.lax.convert_element_type(leaf, leaf.dtype)
            if isinstance(leaf, jax.Array) and getattr(leaf, "weak_type", False)
            else leaf
        ),
        tree,
    )
