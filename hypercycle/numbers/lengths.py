"""Lengths with units: ``"2000it"`` (updates), ``"4ep"`` (epochs), ``"30%"`` (of all updates)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypercycle.numbers.checks import LARGEST_LENGTH, whole_number, wrong_value

Length = int | str

_FORM = re.compile(r"\s*(?P<number>\d{1,16}(?:\.\d{1,16})?)\s*(?P<unit>it|ep|%)\s*", re.ASCII)


@dataclass(frozen=True)
class Units:
    """What lengths with units are measured in, both in updates.

    Attributes
    ----------
    steps_per_epoch
        Updates per epoch: what ``"ep"`` needs.
    total_steps
        Updates of the whole run: what ``"%"`` needs.
    """

    steps_per_epoch: int | None = None
    total_steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps_per_epoch", "total_steps"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, whole_number(value, name, minimum=1))


def checked_length(value: Any, name: str, minimum: int = 0) -> Length:
    """Return a length as an int, or as the string with a unit that it is.

    Raises
    ------
    TypeError, ValueError
        If it is neither a whole number of steps nor a number with a unit.
    """
    if not isinstance(value, str):
        return whole_number(value, name, minimum)
    number, unit = _parsed(value, name)
    if unit == "it":
        if number.denominator != 1:
            raise wrong_value(value, name, "must be a whole number of steps")
        return whole_number(int(number), name, minimum)
    if unit == "%" and number > 100:
        raise wrong_value(value, name, "must be at most 100% of the run")
    return value.strip()


def resolved_length(value: Length, name: str, units: Units) -> int:
    """Return a length in updates, rounded half up; a length that is not zero is at least 1.

    >>> resolved_length("1.5ep", "step_size_up", Units(steps_per_epoch=391))
    587
    """
    if not isinstance(value, str):
        return value
    number, unit = _parsed(value, name)
    argument = "steps_per_epoch" if unit == "ep" else "total_steps"
    base = getattr(units, argument)
    if base is None:
        raise ValueError(
            f"{name}={value!r} cannot be turned into steps without {argument}: pass {argument}=… "
            "to attach() or Plan.resolve()"
        )
    exact = number * base / (1 if unit == "ep" else 100)
    steps = max(int(exact + Fraction(1, 2)), 1 if number else 0)
    if steps > LARGEST_LENGTH:
        raise ValueError(f"{name}={value!r} is longer than 2**53 steps")
    return steps


def in_steps(value: Length, name: str) -> int:
    """Return a length that must be resolved already."""
    if isinstance(value, str):
        raise ValueError(
            f"{name}={value!r} has a unit that is not resolved yet: call "
            "Plan(…).resolve(steps_per_epoch=…, total_steps=…) first, or pass these to attach()"
        )
    return value


def _parsed(value: str, name: str) -> tuple[Fraction, str]:
    match = _FORM.fullmatch(value)
    if match is None:
        expected = (
            "must be a whole number of steps or a number with a unit such as '2000it', '4ep' or "
            "'30%'"
        )
        raise wrong_value(value, name, expected)
    return Fraction(match["number"]), match["unit"]
