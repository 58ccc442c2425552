"""Optax transformations whose hyperparameters are computed from one count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from hypercycle.driving.attaching import as_plan
from hypercycle.driving.clocks import in_updates, on_its_clock
from hypercycle.driving.options import PlanLike
from hypercycle.numbers.checks import is_traced, whole_number
from hypercycle.numbers.lengths import STEPS, Length, Units
from hypercycle.plans.plan import Plan
from hypercycle_optax.dtypes import as_dtype_of, has_low_precision, strong
from hypercycle_optax.program import LARGEST_STEP, Factory, program_of
from hypercycle_optax.tracing import check_traceable


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


class CycledTransformation(optax.GradientTransformationExtraArgs):  # type: ignore[misc]  # untyped
    """A transformation of :func:`cycled`: a pair of ``init`` and ``update``, and the plan."""

    @property
    def plan(self) -> Plan:
        """The schedules, lengths in steps."""
        # Kept at the function: jax.tree.map, _replace and equinox.filter_jit make this pair anew
        # from its functions alone.
        plan: Plan = self.update.plan
        return plan


def cycled(
    factory: Factory,
    plan: PlanLike,
    /,
    *,
    start_step: int = 0,
    steps_per_epoch: int | None = None,
    total_steps: Length | None = None,
    tokens_per_step: int | None = None,
    samples_per_step: int | None = None,
    seconds_per_step: float | None = None,
    param_labels: Any = None,
    external_step: bool = False,
    **fixed: Any,
) -> CycledTransformation:
    """Return ``factory(**hyperparameters)`` with hyperparameters that follow ``plan``.

    In every update the hyperparameters are computed from one int32 count (in float64, rounded once
    to JAX's default float dtype) and the factory's transformation is made anew with them, inside
    the compiled program. The state is that count beside the transformation's own state.

    Parameters
    ----------
    factory
        A function that makes a transformation from its hyperparameters: ``optax.adamw``, or one of
        your own around ``optax.chain``. Arguments that are compared or branched on in Python cannot
        follow a schedule; they are refused, at the latest when the update is traced.
    plan
        Names to schedules, as in :func:`hypercycle.attach`. Names are the neutral ones (``lr``,
        ``momentum``, ``beta1``, ``beta2``, ``weight_decay``, ``eps``) or the factory's own. A
        number stays a Python number, as if it were given as ``fixed``.
    start_step
        Continue at this step: the number of updates already made.
    steps_per_epoch, total_steps
        Optimizer updates per epoch and in the whole run, for lengths such as ``"4ep"``, ``"30%"``.
    tokens_per_step, samples_per_step, seconds_per_step
        How much there is in an update, for lengths such as ``"2Btok"``, ``"10Msamples"``, ``"3h"``.
    param_labels
        For a plan with :class:`~hypercycle.Groups`: the labels of the parameters, a tree or a
        function, as in :func:`optax.partition`. All labels share the one count.
    external_step
        Keep no count at all: every update must be given ``step=``. Of a plan whose lengths are all
        in tokens it is the number of tokens so far; so with samples, and microseconds.
    **fixed
        The factory's other arguments, handed on as they are.

    Returns
    -------
    CycledTransformation
        An ``optax.GradientTransformationExtraArgs`` with ``.plan``:
        ``update(updates, state, params, *, step=None, **extra_args)``. A ``step`` given is used in
        place of the count (which then goes on from there); everything else goes to the factory's
        transformation.

    Raises
    ------
    TypeError
        If the factory is not one, or a hyperparameter in the plan is not a number or must be a
        Python number.
    ValueError
        If a name is unknown, given twice or read only at init; a value is outside of what Optax
        accepts; a cycle is longer than the count can go; or Groups and labels do not fit.

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
    per_step = tokens_per_step, samples_per_step, seconds_per_step
    units = Units(steps_per_epoch, total_steps, *per_step)
    resolved = _resolved(as_plan(plan, "cycled"), units, external_step=external_step)
    program = program_of(factory, resolved, param_labels, fixed, counted=not external_step)
    driven_names = [str(one) for one in program.driven]
    start_values = [one.schedule(start) for one in program.driven]
    made = program.make(start_values)
    placeholders = [v if isinstance(v, float) else 0.5 for v in start_values]
    check_traceable(lambda values: program.make(values) and (), driven_names, placeholders)
    del made
    checked = False

    def init(params: Any) -> CycledState:
        count = None if external_step else jnp.asarray(start, dtype=jnp.int32)
        return CycledState(count, strong(program.make(start_values).init(params)))

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
            used = check_traceable(inner_update, driven_names, placeholders)
            program.check_used(used)
            checked = True
        values = [one.value(now) for one in program.driven]
        result = inner_update(_unless_wrapped(values, step))
        if has_low_precision((updates, state.inner_state, params)):
            wanted = jax.eval_shape(lambda: inner_update(placeholders))
            result = jax.tree.map(as_dtype_of, result, wanted)
        new_updates, inner_state = strong(result)
        if step is not None:
            now = jnp.minimum(now, LARGEST_STEP)  # the count stays there
        count = None if external_step else optax.safe_increment(now.astype(jnp.int32))
        return new_updates, CycledState(count, inner_state)

    update.plan = resolved  # type: ignore[attr-defined]
    return CycledTransformation(init, update)


def _resolved(plan: Plan, units: Units, *, external_step: bool) -> Plan:
    resolved, units = on_its_clock(plan, units)
    if not external_step and units.clock != STEPS:
        raise ValueError(
            f"{in_updates(units.clock)}; or say external_step=True, and give every update "
            f"step=…, the {units.clock} so far"
        )
    return resolved


def plan_step(state: Any) -> Any:
    """Return the step that an optimizer state is at: the number of updates made.

    Parameters
    ----------
    state
        The state of a transformation of :func:`cycled`, or one that contains such a state: that
        of ``optax.chain``, of ``optax.MultiSteps``, a whole training state. It may be traced.

    Returns
    -------
    jax.Array
        The count as it is in the state, an int32 scalar; the first one where there are several.

    Raises
    ------
    ValueError
        If no count is in it.
    TypeError
        If the count is not a whole number.

    Examples
    --------
    >>> from hypercycle import Cycle
    >>> sgd = cycled(optax.sgd, {"lr": Cycle(0.25, 0.75, step_size_up=2)}, start_step=3)
    >>> int(plan_step(sgd.init(jnp.zeros(1))))
    3
    """
    count = next(_counts(state), None)
    if count is None:
        raise _has_no_count(state)
    _check_whole(count, "the count in the state")
    return count


def values(transformation: optax.GradientTransformation, state: Any) -> dict[str, Any]:
    """Return the values that the next update uses, by name; a dict by label where labels differ.

    They are ``transformation.plan(plan_step(state))``, computed on the host where the state is not
    traced.

    Parameters
    ----------
    transformation
        What :func:`cycled` or ``hypercycle.attach`` returned.
    state
        Its state, or one that contains it, as in :func:`plan_step`.

    Returns
    -------
    dict
        ``{name: value}``: floats, before they are rounded to the dtype of the program; or JAX's
        arrays where the state is traced.

    Raises
    ------
    TypeError
        If the transformation is not one of :func:`cycled`, but one that Optax made around it, or
        the count is not a whole number.
    ValueError
        If no count is in the state.

    Examples
    --------
    >>> from hypercycle import Cycle
    >>> sgd = cycled(optax.sgd, {"lr": Cycle(0.25, 0.75, step_size_up=2), "momentum": 0.9})
    >>> clipped = optax.chain(optax.clip(1.0), sgd)
    >>> state = clipped.init(jnp.zeros(1))
    >>> _, state = clipped.update(jnp.ones(1), state)
    >>> values(sgd, state)
    {'lr': 0.5, 'momentum': 0.9}
    """
    if not isinstance(transformation, CycledTransformation):
        raise TypeError(
            "values() takes the transformation that attach() or cycled() returned, not one made "
            f"around it, got {transformation!r:.80}"
        )
    step = plan_step(state)
    if not is_traced(step):
        step = np.asarray(step)
        step = int(step) if step.shape == () else step
    return transformation.plan(step)


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
    TypeError
        If the step or the count is not a whole number.

    Examples
    --------
    >>> from hypercycle import Cycle
    >>> sgd = cycled(optax.sgd, {"lr": Cycle(0.25, 0.75, step_size_up=2)})
    >>> int(at_step(sgd.init(jnp.zeros(1)), 100).count)
    100
    """
    if is_traced(step):
        _check_whole(step, "step")
    else:
        for one in np.asarray(step).ravel().tolist() if isinstance(step, jax.Array) else [step]:
            if whole_number(one, "step") > LARGEST_STEP:
                raise ValueError(f"step must be at most 2**31 - 1, got step={one}")
    plan_step(state)  # refuses a state without a count

    def moved(node: Any) -> Any:
        if not isinstance(node, CycledState):
            return node
        count = jax.tree.map(lambda leaf: jnp.full_like(leaf, step), node.count)
        inner = jax.tree.map(moved, node.inner_state, is_leaf=_is_cycled_state)
        return CycledState(count, inner)

    return jax.tree.map(moved, state, is_leaf=_is_cycled_state)


def _counts(state: Any) -> Iterator[Any]:
    """Yield the counts in a state, outer ones first."""
    for node in jax.tree.leaves(state, is_leaf=_is_cycled_state):
        if _is_cycled_state(node):
            yield from jax.tree.leaves(node.count)
            yield from _counts(node.inner_state)


def _is_cycled_state(node: Any) -> bool:
    return isinstance(node, CycledState)


def _has_no_count(state: Any) -> ValueError:
    return ValueError(
        f"there is no count of hypercycle in this state, got a {type(state).__name__}: give the "
        "state that init or update of a cycled transformation returned (with external_step=True "
        "there is none)"
    )


def _step(step: Any, state: CycledState) -> jax.Array:
    if step is None:
        if state.count is None:
            raise ValueError(
                "this transformation keeps no count (external_step=True): give every update its "
                "step, update(updates, state, params, step=train_state.step)"
            )
        _check_whole(state.count, "the count in the state")
        return jnp.asarray(state.count)
    _check_whole(step, "step")
    if jnp.shape(step) != ():
        raise _is_not_whole(step, "step")
    if isinstance(step, (int, np.integer, np.ndarray)):
        number, largest = whole_number(int(step), "step"), np.iinfo(jnp.result_type(step)).max
        if number > largest:  # JAX would wrap it
            raise ValueError(
                f"step must be at most {largest} where JAX has no 64 bits, got step={number}: "
                "jax.config.update('jax_enable_x64', True), give a jnp.uint32, or count thousands"
            )
    return jnp.asarray(step)


def _unless_wrapped(values: list[Any], step: Any) -> list[Any]:
    """Return values, or none (NaN) where a step from outside has become negative.

    JAX wraps NumPy's int64 on the way into a program: better no value than a wrong one.
    """
    if not isinstance(step, jax.Array) or not jnp.issubdtype(step.dtype, jnp.signedinteger):
        return values
    return [jnp.where(step < 0, jnp.nan, value) for value in values]


def _check_whole(number: Any, name: str) -> None:
    if isinstance(number, str) or not jnp.issubdtype(jnp.result_type(number), jnp.integer):
        raise _is_not_whole(number, name)


def _is_not_whole(number: Any, name: str) -> TypeError:
    text = isinstance(number, str)
    kind = repr(number) if text else f"{jnp.result_type(number)}{list(jnp.shape(number))}"
    return TypeError(
        f"{name} must be a whole number, the number of updates already made, got {kind}"
    )
