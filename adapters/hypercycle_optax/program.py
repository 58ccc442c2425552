"""How a factory's transformation is made from the values of a step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from hypercycle.driving.names import Place, given_twice
from hypercycle.numbers.checks import is_traced
from hypercycle.plans.plan import Plan
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.schedule import Record
from hypercycle_optax import names
from hypercycle_optax.groups import by_label, labels_of

LARGEST_STEP = 2**31 - 1
"""The largest step that a count in int32 holds: it stays there."""

Factory = Callable[..., optax.GradientTransformation]


@dataclass(frozen=True)
class Driven:
    """One argument, for one label, that follows a schedule."""

    name: str
    label: Hashable
    place: Place
    schedule: Record

    def __str__(self) -> str:
        return self.name if self.label is None else f"{self.name} of label {self.label!r}"

    def value(self, step: jax.Array) -> jax.Array:
        """Return the value at a step of the compiled program, in JAX's default float dtype.

        Raises
        ------
        TypeError
            If the schedule cannot be traced.
        """
        try:
            value = self.schedule(step)
        except jax.errors.JAXTypeError as error:
            raise TypeError(
                f"the schedule of {self.name}, {self.schedule!r}, cannot be traced: its step is "
                "not known while JAX compiles, so use jnp.where instead of if, and jnp instead of "
                f"math and numpy ({str(error).splitlines()[0]})"
            ) from error
        return jnp.asarray(value, dtype=jnp.result_type(float))


@dataclass(frozen=True)
class Program:
    """A factory, what it is given throughout, and what follows schedules.

    Attributes
    ----------
    factory
        What makes the transformation.
    fixed
        The arguments that stay, by label; one label None where the plan has no groups.
    driven
        The arguments that follow schedules.
    param_labels
        The labels of the parameters; None where the plan has no groups.
    """

    factory: Factory
    fixed: dict[Hashable, dict[str, Any]]
    driven: tuple[Driven, ...]
    param_labels: Any

    def make(self, values: Sequence[Any]) -> optax.GradientTransformation:
        """Return the factory's transformation with these values of what is driven."""
        parameters = names.parameters_of(self.factory)
        made = {}
        for label, fixed in self.fixed.items():
            own = {
                one.place: value
                for one, value in zip(self.driven, values, strict=True)
                if one.label == label
            }
            made[label] = self.factory(**names.with_values(parameters, fixed, own))
            if not isinstance(made[label], optax.GradientTransformation):
                raise TypeError(
                    f"{names.name_of(self.factory)} makes a {type(made[label]).__name__}, "
                    "not an optax.GradientTransformation"
                )
        if self.param_labels is None:
            return made[None]
        return optax.partition(made, self.checked_labels)

    def checked_labels(self, params: Any) -> Any:
        """Return the label of each parameter; refuse those that are not in the plan.

        Raises
        ------
        ValueError
            With the labels that there are, and those that the plan has.
        """
        labels = self.param_labels(params) if callable(self.param_labels) else self.param_labels
        found = list(dict.fromkeys(jax.tree.leaves(labels)))
        unknown = [label for label in found if label not in self.fixed]
        if unknown:
            raise ValueError(
                f"param_labels gives the labels {', '.join(map(repr, found))}, but the plan's "
                f"Groups are for {', '.join(map(repr, self.fixed))}: labels are compared as they "
                "are, not as patterns"
            )
        return labels

    def check_used(self, used: Sequence[bool]) -> None:
        """Refuse names that no label's update reads: a schedule would silently do nothing."""
        read = {one.name for one, yes in zip(self.driven, used, strict=True) if yes}
        for one in self.driven:
            if one.name not in read:
                raise ValueError(
                    f"the updates of {names.name_of(self.factory)} do not depend on {one.place} "
                    "here (it may be read only at init, or switched off by another argument), so "
                    f"a schedule for {one.name} would do nothing: give it as fixed, "
                    f"{one.place.key}=…"
                )


def program_of(
    factory: Factory, plan: Plan, param_labels: Any, fixed: dict[str, Any], *, counted: bool
) -> Program:
    """Return how a factory follows a plan; ``counted`` if its steps are those of an int32 count.

    Raises
    ------
    TypeError, ValueError
        If a name, a value, a length or the groups do not fit the factory.
    """
    kind = names.name_of(factory)
    labels = labels_of(plan, param_labels, kind)
    parameters = names.parameters_of(factory)
    owners: dict[Place, str] = {}
    fixed_of: dict[Hashable, dict[str, Any]] = {label: dict(fixed) for label in labels}
    driven = []
    for name, value in plan.items():
        schedules = by_label(value, labels)
        cycles = any(_constant(one) is None for one in schedules.values() if one is not None)
        place = names.find(factory, name, cycles=cycles)
        if place in owners:
            raise given_twice(owners[place], name, kind, place)
        owners[place] = name
        if place.key in fixed:
            raise ValueError(f"{place} of {kind} is given twice: in the plan and as fixed")
        for label, schedule in schedules.items():
            if schedule is None:
                if _is_required(parameters.get(place.key)):
                    raise ValueError(
                        f"{name}: {kind} has no default for {place} that label {label!r} could be "
                        "left at: give it a number, or leave it out of training by "
                        "optax.partition with optax.set_to_zero()"
                    )
                continue
            _check_values(name, place, schedule)
            constant = _constant(schedule)
            if constant is None:
                _check_length(name, schedule, counted=counted)
                driven.append(Driven(name, label, place, schedule))
            else:
                as_default = names.like_default(parameters, place, constant)
                fixed_of[label] = names.with_values(
                    parameters, fixed_of[label], {place: as_default}
                )
    return Program(factory, fixed_of, tuple(driven), param_labels)


def _is_required(parameter: inspect.Parameter | None) -> bool:
    return parameter is not None and parameter.default is parameter.empty


def _constant(schedule: Any) -> float | None:
    """Return the number behind a Constant that is not traced."""
    value = schedule.value if isinstance(schedule, Constant) else None
    return value if isinstance(value, float) else None


def _check_values(name: str, place: Place, schedule: Record) -> None:
    if not schedule.precomputable:
        return
    reached = [value for value in schedule.reached() if not is_traced(value)]
    names.interval_of(place).check(np.array(reached), f"{name} ({place})")


def _check_length(name: str, schedule: Record, *, counted: bool) -> None:
    """Refuse what ends, or turns, later than the count can tell, or a step from outside."""
    for part in schedule.schedules:
        _check_length(name, part, counted=counted)
    steps = schedule.least_count
    takes = f"{name}: {schedule!r} takes {steps} steps"
    if counted and steps > LARGEST_STEP:
        raise ValueError(
            f"{takes}, but the count of a JAX program is an int32 "
            "and stays at 2**31 - 1: choose shorter lengths"
        )
    if steps > np.iinfo(np.uint32).max and jnp.result_type(int) == jnp.int32:
        raise ValueError(
            f"{takes}, but JAX without 64 bits has no step beyond 2**32 - 1: "
            "jax.config.update('jax_enable_x64', True), or count thousands (tokens_per_step=1000)"
        )
