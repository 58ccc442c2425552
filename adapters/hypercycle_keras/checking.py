"""What a plan asks of an optimizer: the attributes that it drives, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from hypercycle.driving.names import given_twice, is_a_mixture
from hypercycle.driving.tracks import Track
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.mixture import Mixture
from hypercycle.schedules.schedule import Record
from hypercycle_keras import names as hyperparameters
from hypercycle_keras.groups import check_groups
from hypercycle_keras.in_step import largest_step


def attributes_of(optimizer: Any, plan: Plan) -> dict[str, str]:
    """Return the attributes that the plan's names stand for; refuse what follows none."""
    owners: dict[str, str] = {}
    for name, schedule in plan.items():
        kind = hyperparameters.kind_of(optimizer)
        if isinstance(schedule, Mixture):
            raise is_a_mixture(name, kind)
        attribute = hyperparameters.find(optimizer, name)
        if attribute in owners:
            raise given_twice(owners[attribute], name, kind, attribute)
        owners[attribute] = name
        if isinstance(schedule, Groups):
            check_groups(optimizer, name, attribute, schedule)
    return {name: attribute for attribute, name in owners.items()}


def track_of(optimizer: Any, name: str, schedule: Record | Groups) -> Track:
    """Return what follows a name in the plan, with what the optimizer accepts for it."""
    attribute = hyperparameters.find(optimizer, name)
    groups = schedule if isinstance(schedule, Groups) else {None: schedule}
    driven = {key: part for key, part in groups.items() if part is not None}
    return Track(
        f"{name} ({hyperparameters.description_of(optimizer, attribute)})",
        tuple(driven.values()),
        tuple(driven) if isinstance(schedule, Groups) else None,
        interval=hyperparameters.interval_of(optimizer, attribute),
        place=attribute,
    )


def check_values(
    optimizer: Any, plan: Plan, attributes: dict[str, str], config: dict[str, Any]
) -> None:
    """Refuse bounds that the optimizer does not accept, however late they are reached."""
    kind = hyperparameters.kind_of(optimizer)
    kinds = [one for one in type(optimizer).__mro__ if not one.__module__.startswith(__package__)]
    keras_own = kinds[0].__module__.startswith("keras.")
    together = dict(config)  # what excludes each other, such as two ways of clipping
    for name, schedule in plan.items():
        attribute = attributes[name]
        parts = schedule.values() if isinstance(schedule, Groups) else [schedule]
        reached = [value for part in parts if part is not None for value in part.reached()]
        track = track_of(optimizer, name, schedule)
        track.interval.check(np.array(reached), track.name)
        for value in sorted({min(reached), max(reached)} if reached and keras_own else ()):
            together[attribute] = value
            try:
                type(optimizer).from_config(dict(together))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{kind} does not accept {name}={value!r}: {error}") from error


def check_step(step: int, name: str) -> None:
    """Raise ValueError for a step beyond the whole numbers in which Keras counts updates."""
    if abs(step) > largest_step():
        raise ValueError(
            f"{name} must be at most {largest_step()}, to which Keras counts here, got {step}"
        )
