"""The state of a cycler: what is saved, and how it is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from numbers import Real
from reprlib import repr as short
from typing import Any

from hypercycle.driving.names import is_number
from hypercycle.numbers.checks import whole_number
from hypercycle.numbers.lengths import STEPS
from hypercycle.plans.descriptions import same_until
from hypercycle.schedules.description import differences

STATE_VERSION = 2
_STATE_KEYS = {"version", "step", "plan", "initial"}
_LENGTHS = {"step_size_up", "step_size_down", "steps", "unit", "shift"}


def state_of(
    step: int,
    plan: Mapping[str, Any],
    initial: Mapping[str, list[float]] | None,
    run: Mapping[str, int | str | None],
) -> dict[str, Any]:
    """Return a state: two numbers and three texts of JSON, whatever the plan.

    Texts, because ``torch.distributed.checkpoint`` fills the structure that there is with what was
    saved, leaf by leaf: of a plan in pieces, it would load those that the present one has too.

    >>> state_of(3, {"lr": {"kind": "constant", "value": 0.1}}, None, {})["plan"]
    '{"lr": {"kind": "constant", "value": 0.1}}'
    """
    import json  # which importing hypercycle need not pay for

    return {
        "version": STATE_VERSION,
        "step": step,
        "plan": json.dumps(plan),
        "initial": json.dumps(initial),
        "run": json.dumps(run),
    }


def read_state(
    state: Any,
) -> tuple[int, dict[str, Any], dict[str, list[float]] | None, dict[str, int]]:
    """Return the step, the description of the plan, the initial values and the run in a state.

    Raises
    ------
    ValueError
        If it is no state, or that of a version that is not known.
    """
    if not isinstance(state, Mapping) or set(state) - {"run"} != _STATE_KEYS:
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
    run = _parsed(state.get("run", {}), "run")
    if not isinstance(run, Mapping):
        raise ValueError(f"the saved run must be a mapping, got {short(run)}")
    known = {name: number for name, number in run.items() if _is_positive(number)}
    return whole_number(step, "the saved step"), dict(plan), initial, known


def check_clock(state: Mapping[str, Any], clock: str) -> None:
    """Raise ValueError if the step of a state, which :func:`read_state` takes, counts other things.

    >>> check_clock(state_of(3, {"lr": {}}, None, {}), "steps")
    """
    run = _parsed(state.get("run", {}), "run")
    saved = run.get("clock", STEPS)
    if saved != clock:
        raise ValueError(
            f"the saved step counts {short(saved)}, and the clock of this plan counts {clock!r}: "
            "attach a plan with the lengths, and with the tokens_per_step=… and the like, that the "
            "run had which saved the state"
        )


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


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def mismatches(step: int, saved: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """Return a line for each place where a saved plan is not the present one, nor its trunk.

    A branch takes what its trunk has saved after no more updates than they have in common.
    """
    left = same_until(saved, present)
    if step <= left:
        return []
    lines = differences(saved, present)
    if left >= 0:
        lines.append(f"they leave the saved ones at step {left}, before the saved step {step}")
    return lines


def rescaled_step(step: int, saved: Mapping[str, int], present: Mapping[str, int | None]) -> int:
    r"""Return the step that is at the place of the present run where another one was in its own.

    .. math:: step' = \lfloor step \cdot n' / n + 1/2 \rfloor

    where n is the number of steps in an epoch, or in the whole run, whichever both runs tell.

    Raises
    ------
    ValueError
        If nothing tells how the steps have changed, or two numbers tell it differently.

    Examples
    --------
    >>> rescaled_step(30, {"steps_per_epoch": 10}, {"steps_per_epoch": 20, "total_steps": None})
    60
    """
    ratios = {Fraction(now, saved[name]) for name, now in present.items() if now and name in saved}
    if len(ratios) != 1:
        told = "nothing tells" if not ratios else "steps_per_epoch and total_steps tell differently"
        raise ValueError(
            f"on_mismatch='rescale': {told} how the number of steps has changed: give attach "
            "steps_per_epoch or total_steps, in the run that saves and in the one that goes on"
        )
    return int(step * ratios.pop() + Fraction(1, 2))


def only_lengths_differ(saved: Any, present: Any) -> bool:
    """Return whether two descriptions say the same but for their lengths."""
    return not differences(without_lengths(saved), without_lengths(present))


def without_lengths(description: Any) -> Any:
    """Return a description in which only lengths are left out: those of another run differ."""
    if isinstance(description, Mapping):
        if not isinstance(description.get("kind"), str):  # by names of the user's, or parameters
            return {key: without_lengths(one) for key, one in description.items()}
        return {
            key: [value for _, value in one] if _are_points(key, one) else without_lengths(one)
            for key, one in description.items()
            if key not in _LENGTHS
        }
    if isinstance(description, (list, tuple)):
        # A schedule and its steps; two schedules are the factors of a product.
        pair = [isinstance(one, Mapping) for one in description] == [True, False]
        return [without_lengths(one) for one in (description[:1] if pair else description)]
    return description


def _are_points(key: Any, one: Any) -> bool:
    pairs = one if key == "points" and isinstance(one, (list, tuple)) else ()
    return bool(pairs) and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs)
