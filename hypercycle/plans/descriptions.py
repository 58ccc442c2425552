"""Plans as plain data: what tells one from another, and where one leaves another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from hypercycle.schedules.description import describe, differences

# So many plans are compared by their fingerprints, at most.
_MOST_TRUNKS = 1_000


def describe_plan(schedules: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan as plain data.

    >>> from hypercycle import Cycle, Plan
    >>> describe_plan(Plan(lr=Cycle(0.1, 0.5, 4), momentum=0.9))["momentum"]
    {'kind': 'constant', 'value': 0.9}
    """
    return {name: describe(schedule) for name, schedule in schedules.items()}


def fingerprint(description: Mapping[str, Any]) -> str:
    """Return the fingerprint of a described plan; see :meth:`hypercycle.Plan.fingerprint`."""
    import hashlib
    import json

    # Through JSON first, where the index of a group is a text.
    text = json.dumps(json.loads(json.dumps(description)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def belongs(saved: str, description: Mapping[str, Any]) -> bool:
    """Return whether a fingerprint is that of a described plan, or of a trunk of it."""
    candidates = islice(trunks(description), _MOST_TRUNKS)
    return any(saved == fingerprint(one) for one in chain([description], candidates))


# A branch is told by its form: its schedules begin with those of its trunk, cut at one step.


def trunks(description: Mapping[str, Any], before: float = math.inf) -> Iterator[dict[str, Any]]:
    """Yield the descriptions of the plans that a described one may be a branch of, the last first.

    A chain may be cut without being a branch, so that those of many cuts may be very many.
    """
    cuts = {at for one in description.values() for _, at in _cuts(one) if at < before}
    for at in sorted(cuts, reverse=True):
        trunk = {name: _trunk(one, at) for name, one in description.items()}
        yield trunk
        yield from trunks(trunk, at)


def same_until(saved: Mapping[str, Any], present: Mapping[str, Any]) -> float:
    """Return how many updates are known to have the same values by two described plans.

    That is the step at which the present one leaves the saved one, if it is a branch of it;
    infinity for equal ones, and -1 for any other.

    >>> from hypercycle import Cycle, Plan
    >>> trunk = Plan(lr=Cycle(0.1, 0.5, 4), momentum=0.9)
    >>> same_until(describe_plan(trunk), describe_plan(trunk.branch(100)))
    100
    """
    if not differences(saved, present):
        return math.inf
    if set(map(str, saved)) != set(map(str, present)):
        return -1
    others = {str(name): one for name, one in saved.items()}
    return min(_same_until(others[str(name)], one) for name, one in present.items())


def _same_until(saved: Any, present: Any) -> float:
    if not differences(saved, present):
        return math.inf
    if _is("groups", saved) and _is("groups", present):
        return same_until(saved["groups"], present["groups"])
    for trunk, at in _cuts(present):
        return min(at, _same_until(saved, trunk))
    return -1


def _cuts(described: Any) -> Iterator[tuple[Any, int]]:
    """Yield what a described schedule begins with and the step at which it leaves that."""
    if _is("groups", described):
        for one in described["groups"].values():
            yield from _cuts(one)
    elif _is("chain", described) and len(described["parts"]) > 1:
        first = described["parts"][0]
        if isinstance(first, (list, tuple)) and isinstance(first[1], int):
            yield first[0], first[1]


def _trunk(described: Any, at: int) -> Any:
    if _is("groups", described):
        groups = {key: _trunk(one, at) for key, one in described["groups"].items()}
        return {**described, "groups": groups}
    return next((trunk for trunk, length in _cuts(described) if length == at), described)


def _is(kind: str, described: Any) -> bool:
    return isinstance(described, Mapping) and described.get("kind") == kind
