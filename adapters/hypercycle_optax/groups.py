"""The labels of a plan's groups, and what of the plan each of them follows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from hypercycle.driving.names import is_a_mixture, leaves_out
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.mixture import Mixture


def labels_of(plan: Plan, param_labels: Any, kind: str) -> tuple[Hashable, ...]:
    """Return the labels of all groups of a plan; None alone where it has none.

    Raises
    ------
    TypeError
        If there is a Mixture; ``kind`` is what has no place for it.
    ValueError
        If there are labels without groups, groups without labels, or groups of different labels.
    """
    for name, value in plan.items():
        if isinstance(value, Mixture):
            raise is_a_mixture(name, kind)
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
            raise leaves_out(
                name,
                f"label {', '.join(map(repr, missing))}",
                "give it a schedule, or None to leave it at the factory's default; the labels are "
                f"{', '.join(map(repr, labels))}",
            )
    return labels


def by_label(value: Any, labels: tuple[Hashable, ...]) -> Mapping[Any, Any]:
    """Return ``{label: schedule}`` for the value of a name in a plan."""
    return value if isinstance(value, Groups) else dict.fromkeys(labels, value)
