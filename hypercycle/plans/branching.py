"""``Plan.branch``: the plan of a run that leaves another one and comes to its end."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

from hypercycle.namespaces.namespace import Waveform
from hypercycle.numbers.checks import whole_number
from hypercycle.numbers.lengths import Length, checked_length
from hypercycle.numbers.spelling import suggestion
from hypercycle.plans.entries import is_rate
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.mixture import Mixture
from hypercycle.schedules.ramp import Ramp
from hypercycle.schedules.reference import Reference
from hypercycle.schedules.schedule import Record

_PART = re.compile(r"(\d{1,16}(?:\.\d{1,16})?)\s*%", re.ASCII)


def branch(  # noqa: PLR0917  (those of the method)
    schedules: Mapping[str, Any],
    at: int,
    decay: Length,
    to: float,
    waveform: str | Waveform,
    names: str | Collection[str] | None,
) -> dict[str, Any]:
    """Return the schedules of a branch by their names; see :meth:`hypercycle.Plan.branch`."""
    step = whole_number(at, "at", minimum=1)
    length = _length(decay, step)
    chosen = _names(schedules, names)
    for name, schedule in schedules.items():
        if not schedule.resolved:
            raise ValueError(
                f"{name} has a length with a unit, which in a run of another length is another "
                "one: call plan.resolve(steps_per_epoch=…, total_steps=…) of the trunk first"
            )

    def decayed(schedule: Record, where: str, end: float) -> Chain:
        if not schedule.precomputable:
            raise ValueError(
                f"{where} has a function of yours, whose value at step {step} is known in training "
                "only: it cannot be decayed from there"
            )
        return Chain((schedule, step), Ramp(schedule(step), end, length, waveform))

    made = dict(schedules)
    for name, one in schedules.items():
        end = _end(name, schedules, dict.fromkeys(chosen, to))
        if end is None:
            continue
        if isinstance(one, Mixture):
            raise ValueError(
                f"{name} is a Mixture, whose weights sum to 1: it goes on, or is written as a "
                "schedule of its own"
            )
        if isinstance(one, Groups):
            made[name] = Groups(
                {
                    key: None if part is None else decayed(part, f"{name} of group {key!r}", end)
                    for key, part in one.items()
                }
            )
        else:
            # In the branch the other entry follows something else.
            trunk = one.written_out if isinstance(one, Reference) else one
            made[name] = decayed(trunk, name, end)
    return made


def _end(name: str, schedules: Mapping[str, Any], ends: Mapping[str, float]) -> float | None:
    """Return where a name is at the end of the decay; None if it goes on."""
    one = schedules.get(name)
    if name in ends or not isinstance(one, Reference) or schedules.get(one.name) != one.schedule:
        return ends.get(name)
    end = _end(one.name, schedules, ends)
    return None if end is None else one.times * end


def _length(decay: Length, at: int) -> Length:
    """Return the steps of the decay; a percentage is a part of all of the branch's run."""
    checked = checked_length(decay, "decay", minimum=1)
    if isinstance(checked, int) or "%" not in checked:
        return checked
    part = _PART.fullmatch(checked)
    if part is None or not 0 < Fraction(part[1]) < 100:
        raise ValueError(
            "decay must be steps, a length such as '4ep', or a part of the branch's run above 0% "
            f"and below 100%, got {decay=}"
        )
    percent = Fraction(part[1])
    return max(int(at * percent / (100 - percent) + Fraction(1, 2)), 1)


def _names(schedules: Mapping[str, Any], names: str | Collection[str] | None) -> list[str]:
    if names is None:
        rates = [name for name in schedules if is_rate(name)]
        if not rates:
            raise ValueError(
                f"the plan has no lr: say what decays, as in names=[{next(iter(schedules))!r}]"
            )
        return rates
    chosen = [names] if isinstance(names, str) else list(names)
    if not chosen:
        raise ValueError("names is empty: a branch in which nothing decays is the trunk")
    for name in chosen:
        if name not in schedules:
            raise ValueError(
                f"the plan has no {name!r}; {suggestion(str(name), schedules)}it has: "
                f"{', '.join(schedules)}"
            )
    return chosen
