"""Lengths with units: ``"2000it"``, ``"4ep"``, ``"30%"``, ``"2Btok"``, ``"3h"``, and their sums."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypedDict

from hypercycle.numbers.checks import (
    LARGEST_LENGTH,
    positive_number,
    whole_number,
    wrong_value,
)

Length = int | str

REST = "rest"
"""The length of that part of a chain that takes what the others leave of the run."""

STEPS, TOKENS, SAMPLES, SECONDS = "steps", "tokens", "samples", "seconds"

MICROSECONDS = 10**6
"""A clock of seconds counts whole microseconds."""

_MOST_TERMS = 8
_TERM = r"\d{1,16}(?:\.\d{1,16})?\s*(?:it|ep|%|[kMBT]?(?:tok|samples)|s|min|h)"
# JSON Schema reads it too, whose regular expressions have no named groups.
FORM = rf"^\s*{_TERM}(?:\s*[+-]\s*{_TERM}){{0,{_MOST_TERMS - 1}}}\s*$"
_FORM = re.compile(FORM, re.ASCII)
_TERMS = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<prefix>[kMBT]?)(?P<unit>it|ep|%|[a-z]+)",
    re.ASCII,
)
_PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
# What a term counts, and how many of it one of the unit is.
_COUNTS = {
    "tok": (TOKENS, 1),
    "samples": (SAMPLES, 1),
    "s": (SECONDS, 1),
    "min": (SECONDS, 60),
    "h": (SECONDS, 3600),
}
_EXAMPLES = "a number with a unit such as '2000it', '4ep' or '30%'"


class Facts(TypedDict, total=False):
    """What is known of a run, as ``resolve`` takes it; see :class:`Units`."""

    steps_per_epoch: int | None
    total_steps: Length | None
    tokens_per_step: int | None
    samples_per_step: int | None
    seconds_per_step: float | None
    clock: str


FACTS = tuple(name for name in Facts.__annotations__ if name != "clock")
"""The names of what is known of a run."""


class NeedsClockError(ValueError):
    """A length counts what the clock does not, and nothing says how much of it is in an update.

    Attributes
    ----------
    clock
        What it counts: a clock that counts the same can do without.
    """

    def __init__(self, message: str, clock: str) -> None:
        super().__init__(message)
        self.clock = clock


@dataclass(frozen=True)
class Units:
    """What lengths with units are measured in.

    Attributes
    ----------
    steps_per_epoch
        Updates per epoch: what ``"ep"`` needs.
    total_steps
        Steps of the whole run: what ``"%"`` needs. Or a length, as in ``"100Btok"``.
    tokens_per_step, samples_per_step, seconds_per_step
        How much there is in an update: what ``"tok"``, ``"samples"`` and ``"s"``, ``"min"``,
        ``"h"`` need where the clock counts updates.
    clock
        What a step is: an update (``"steps"``), a token, a sample, or a microsecond
        (``"seconds"``).
    """

    steps_per_epoch: int | None = None
    total_steps: Length | None = None
    tokens_per_step: int | None = None
    samples_per_step: int | None = None
    seconds_per_step: float | None = None
    clock: str = STEPS

    def __post_init__(self) -> None:
        if isinstance(self.total_steps, str) and _FORM.fullmatch(self.total_steps):
            if "%" in self.total_steps:
                raise wrong_value(
                    self.total_steps, "total_steps", "must be a length of its own, not a part"
                )
            object.__setattr__(
                self, "total_steps", checked_length(self.total_steps, "total_steps", minimum=1)
            )
        for name in ("steps_per_epoch", "total_steps", "tokens_per_step", "samples_per_step"):
            value = getattr(self, name)
            if value is not None and not (name == "total_steps" and _is_length(value)):
                object.__setattr__(self, name, whole_number(value, name, minimum=1))
        if self.seconds_per_step is not None:
            seconds = positive_number(self.seconds_per_step, "seconds_per_step")
            object.__setattr__(self, "seconds_per_step", seconds)

    @property
    def facts(self) -> Facts:
        """What is given, as ``resolve`` takes it."""
        given = {name: getattr(self, name) for name in FACTS if getattr(self, name) is not None}
        facts: Facts = given | ({} if self.clock == STEPS else {"clock": self.clock})  # type: ignore[assignment]
        return facts

    @property
    def total(self) -> int | None:
        """Steps of the whole run, on the clock; None if they are not known."""
        if self.total_steps is None:
            return None
        return resolved_length(self.total_steps, "total_steps", self)

    def run(self, value: Length, name: str) -> int:
        """Return the steps of the whole run, which a length needs."""
        return _known(self.total, "total_steps", value, name)

    def per(self, unit: str, value: Length, name: str) -> Fraction:
        """Return how many steps of the clock are in one of a unit."""
        counted, amount = _COUNTS.get(unit, (STEPS, 1))
        if unit == "%":
            return Fraction(self.run(value, name), 100)
        if self.clock != STEPS:
            if counted != self.clock:
                raise _two_clocks(value, name, self.clock)
            return Fraction(amount * (MICROSECONDS if counted == SECONDS else 1))
        if unit == "ep":
            return Fraction(_known(self.steps_per_epoch, "steps_per_epoch", value, name))
        if counted == STEPS:
            return Fraction(1)
        argument = f"{counted}_per_step"
        given = getattr(self, argument)
        if given is None:
            raise NeedsClockError(
                f"{_not_in_steps(value, name, argument)}, or attach() a plan that counts nothing "
                f"but {counted} and call step({counted}=…)",
                counted,
            )
        return amount / Fraction(repr(given))  # as it is written: 0.1 is a tenth


def _is_length(value: Any) -> bool:
    return isinstance(value, str) and _FORM.fullmatch(value) is not None


def checked_length(value: Any, name: str, minimum: int = 0, *, rest: bool = False) -> Length:
    """Return a length as an int, or as the string with units that it is.

    With ``rest`` it may be ``"rest"``, as only that of a part of a chain is.

    Raises
    ------
    TypeError, ValueError
        If it is neither a whole number of steps nor a number with a unit, nor a sum of such.
    """
    if not isinstance(value, str):
        return whole_number(value, name, minimum)
    if value.strip() == REST:
        if rest:
            return REST
        raise wrong_value(value, name, f"must be {_EXAMPLES} ('rest' is for a part of a Chain)")
    terms = _parsed(value, name)
    if any(unit == "%" and abs(number) > 100 for number, unit in terms):
        raise wrong_value(value, name, "must be at most 100% of the run")
    if all(unit == "it" for _, unit in terms):
        number = sum(number for number, _ in terms)
        if number.denominator != 1:
            raise wrong_value(value, name, "must be a whole number of steps")
        return whole_number(int(number), name, minimum)
    return value.strip()


def exact_length(value: Length, name: str, units: Units) -> Fraction:
    """Return a length in steps of the clock, before it is rounded.

    >>> exact_length("75%-20it", "steps", Units(total_steps=110))
    Fraction(125, 2)
    """
    if value == REST:
        raise ValueError(
            f"{name}='rest' is what the other parts of a Chain leave of the run, so only one of "
            "its own parts has it: a Ramp, or a pair (schedule, 'rest')"
        )
    if not isinstance(value, str):
        if value and units.clock != STEPS:
            raise _two_clocks(value, name, units.clock)
        return Fraction(value)
    exact = sum(
        (number * units.per(unit, value, name) for number, unit in _parsed(value, name)),
        Fraction(0),
    )
    if exact < 0:
        raise ValueError(f"{name}={value!r} is below 0: {float(exact):g} steps")
    if exact > LARGEST_LENGTH:
        raise ValueError(f"{name}={value!r} is longer than 2**53 steps")
    return exact


def resolved_length(value: Length, name: str, units: Units) -> int:
    """Return a length in steps, rounded half up; a length that is not zero is at least 1.

    >>> resolved_length("1.5ep", "step_size_up", Units(steps_per_epoch=391))
    587
    """
    exact = exact_length(value, name, units)
    return max(half_up(exact), 1 if exact else 0)


def half_up(exact: Fraction) -> int:
    """Return the nearest whole number, the greater of two.

    >>> half_up(Fraction(5, 2))
    3
    """
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def in_steps(value: Length, name: str) -> int:
    """Return a length that must be resolved already."""
    if isinstance(value, str):
        raise ValueError(
            f"{name}={value!r} has a unit that is not resolved yet: call "
            "Plan(…).resolve(steps_per_epoch=…, total_steps=…) first, or pass these to attach()"
        )
    return value


def _parsed(value: str, name: str) -> list[tuple[Fraction, str]]:
    """Return the terms of a sum: signed numbers, and their units without a prefix."""
    if _FORM.fullmatch(value) is None:
        raise wrong_value(value, name, f"must be a whole number of steps or {_EXAMPLES}")
    return [
        (
            Fraction(f"{term['sign']}{term['number']}") * _PREFIXES[term["prefix"]],
            term["unit"],
        )
        for term in _TERMS.finditer(value)
    ]


def _known(given: int | None, argument: str, value: Length, name: str) -> int:
    if given is None:
        raise ValueError(_not_in_steps(value, name, argument))
    return given


def _not_in_steps(value: Length, name: str, argument: str) -> str:
    return (
        f"{name}={value!r} cannot be turned into steps without {argument}: pass {argument}=… to "
        "attach() or Plan.resolve()"
    )


def _two_clocks(value: Length, name: str, clock: str) -> ValueError:
    return ValueError(
        f"{name}={value!r} does not count {clock}, as other lengths of the plan do, and a plan has "
        f"one clock: pass {clock}_per_step=… for a clock of updates, or write every length in "
        f"{clock} or '%'"
    )
