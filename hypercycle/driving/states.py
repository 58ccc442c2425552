"""The state of a cycler: what is saved, and how it is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from reprlib import repr as short
from typing import Any

from hypercycle.driving.names import is_number
from hypercycle.numbers.checks import whole_number

STATE_VERSION = 2
_STATE_KEYS = {"version", "step", "plan", "initial"}


def state_of(
    step: int, plan: Mapping[str, Any], initial: Mapping[str, list[float]] | None
) -> dict[str, Any]:
    """Return a state: two numbers and two texts of JSON, whatever the plan.

    Texts, because ``torch.distributed.checkpoint`` fills the structure that there is with what was
    saved, leaf by leaf: of a plan in pieces, it would load those that the present one has too.

    >>> state_of(3, {"lr": {"kind": "constant", "value": 0.1}}, None)["plan"]
    '{"lr": {"kind": "constant", "value": 0.1}}'
    """
    import json  # which importing hypercycle need not pay for

    return {
        "version": STATE_VERSION,
        "step": step,
        "plan": json.dumps(plan),
        "initial": json.dumps(initial),
    }


def read_state(
    state: Any,
) -> tuple[int, dict[str, Any], dict[str, list[float]] | None]:
    """Return the step, the description of the plan and the initial values in a state.

    Raises
    ------
    ValueError
        If it is no state, or that of a version that is not known.
    """
    if not isinstance(state, Mapping) or set(state) != _STATE_KEYS:
        got = sorted(map(str, state)) if isinstance(state, Mapping) else type(state).__name__
        raise ValueError(
            f"not a hypercycle cycler state: expected the keys {sorted(_STATE_KEYS)}, got {got}"
        )
    _check_plain(state)
    if state["version"] not in (1, STATE_VERSION):
        raise ValueError(
            f"the state has version {short(state['version'])}, this hypercycle reads versions "
            f"1 and {STATE_VERSION}: use the release that saved it, or start_step"
        )
    plan, initial = _parsed(state["plan"], "plan"), _parsed(state["initial"], "initial values")
    if not isinstance(plan, Mapping) or not plan or not all(isinstance(one, str) for one in plan):
        raise ValueError(f"the saved plan must be the description of a plan, got {short(plan)}")
    if initial is not None and not _are_initial(initial, plan):
        raise ValueError(
            "the saved initial values must be None or a list of numbers for each name in the "
            f"plan, got {short(initial)}"
        )
    step = state["step"]
    if not is_number(step):
        raise ValueError(f"the saved step must be a whole number, got {short(step)}")
    return whole_number(step, "the saved step"), dict(plan), initial


def _parsed(value: Any, what: str) -> Any:
    """Return what stands in a text of JSON; version 1 had the data itself."""
    if not isinstance(value, str):
        return value
    import json

    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the saved {what} must be a text of JSON, got {short(value)}") from error
    _check_plain({what: parsed})
    return parsed


def _check_plain(state: Mapping[str, Any]) -> None:
    """Refuse what no state is made of, however deep it lies, before anything is asked of it."""
    waiting: list[Any] = [state]
    seen: dict[int, Any] = {}
    while waiting:
        one = waiting.pop()
        if isinstance(one, (Mapping, list, tuple)):
            if id(one) not in seen:
                seen[id(one)] = one
                waiting += one
                waiting += one.values() if isinstance(one, Mapping) else ()
        elif not isinstance(one, (str, Real, type(None))):
            raise ValueError(
                f"a state holds mappings, lists, texts, numbers and None, got {short(one)} "
                f"({type(one).__name__})"
            )


def _are_initial(initial: Any, names: Mapping[str, Any]) -> bool:
    return (
        isinstance(initial, Mapping)
        and bool(initial)
        and set(initial) <= set(names)
        and all(
            isinstance(values, list) and all(_is_finite(value) for value in values)
            for values in initial.values()
        )
    )


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and math.isfinite(value)
    except OverflowError:  # a whole number beyond floats
        return False
