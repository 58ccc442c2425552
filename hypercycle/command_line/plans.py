"""What commands that read a plan share: its file, its lengths, the steps to look at."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from hypercycle.command_line.errors import Failure, describe, warnings_in_lines
from hypercycle.numbers.checks import LARGEST_LENGTH
from hypercycle.numbers.lengths import FACTS, Units, checked_length, resolved_length
from hypercycle.plan_files.files import PlanFileError
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record

Command = TypeVar("Command", bound=Callable[..., Any])

# Of cycles without end, and of values that never change.
SHOWN_CYCLES = 4
SHOWN_STEPS = 100

plan_argument = click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
steps_option = click.option(
    "--steps",
    metavar="RANGE",
    help="N: steps 0 to N. START:STOP or START:STOP:STEP: as in Python, STOP left out. "
    "With units too: 4ep, 30%.  [default: the plan's length, or 4 cycles]",
)

# The last one is shown first.
_UNIT_OPTIONS = {
    "seconds_per_step": 'Seconds per update, for lengths such as "90s", "3h".',
    "samples_per_step": 'Samples per update, for lengths such as "10Msamples".',
    "tokens_per_step": 'Tokens per update, for lengths such as "2Btok".',
    "total_steps": 'Updates of the whole run, for lengths such as "30%"; or "100Btok".',
    "steps_per_epoch": 'Updates per epoch, for lengths such as "4ep".',
}


class _Total(click.IntRange):
    """Steps, or a length such as ``"100Btok"``."""

    def convert(self, value: Any, *where: Any) -> Any:
        try:
            return Units(total_steps=value).total_steps if isinstance(value, str) else value
        except (TypeError, ValueError):
            return super().convert(value, *where)


def unit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what lengths with units are measured in, which the command gets as its ``units``."""

    @functools.wraps(command)
    def with_units(*arguments: Any, **options: Any) -> Any:
        units = Units(**{name: options.pop(name) for name in FACTS})
        try:
            _ = units.total
        except ValueError as error:
            raise Failure(_for_command_line(str(error))) from error
        return command(*arguments, units=units, **options)

    for name, text in _UNIT_OPTIONS.items():
        kind: click.ParamType[Any] = click.IntRange(1, LARGEST_LENGTH)
        if name == "total_steps":
            kind = _Total(1, LARGEST_LENGTH)
        if name == "seconds_per_step":
            kind = click.FloatRange(min=0, min_open=True)
        option = click.option(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=text)
        with_units = option(with_units)
    return with_units


def load_plan(path: Path) -> Plan:
    """Return the plan in a file."""
    with warnings_in_lines():
        try:
            return Plan.load(path)
        except PlanFileError as error:
            raise Failure(*(f"{path}: {problem}" for problem in error.problems)) from error
        except (ImportError, OSError, ValueError) as error:
            message = describe(error)
            raise Failure(
                message if message.startswith(f"{path}:") else f"{path}: {message}"
            ) from error


def resolve_plan(plan: Plan, path: Path, units: Units) -> Plan:
    """Return the plan with all lengths in steps."""
    schedules, problems = {}, []
    for name, schedule in plan.items():
        try:
            one = Plan(**{name: schedule}).resolved_in(units)
        except ValueError as error:
            problems.append(f"{path}: {name}: {_for_command_line(str(error))}")
        else:
            schedules[name] = one[name]
    if problems:
        raise Failure(*problems)
    return Plan(**schedules)


def _for_command_line(message: str) -> str:
    """Return an error about a length with the option to give instead of the argument."""
    missing, _, advice = message.partition(": pass ")
    argument = advice.partition("=")[0]
    return f"{missing}: give --{argument.replace('_', '-')}" if advice else message


def schedules_of(plan: Plan) -> dict[str, Record]:
    """Return every schedule by its name, with its group's behind a stroke: ``lr/head``."""
    schedules: dict[str, Record] = {}
    for name, part in plan.items():
        if isinstance(part, Groups):
            groups = part.items()
            schedules |= {f"{name}/{key}": one for key, one in groups if one is not None}
        else:
            schedules[name] = part
    return schedules


def steps_of(text: str | None, plan: Plan, units: Units) -> range:
    """Return the steps that ``--steps`` asks for, or else those of the whole plan."""
    if text is None:
        return range(_end(plan, units) + 1)
    given = text.split(":")
    try:
        numbers = [_step(one, units) if one else None for one in given]
    except ValueError as error:
        raise Failure(_for_command_line(str(error))) from error
    if numbers == [None] or len(numbers) > 3:
        raise Failure(f"--steps is N, START:STOP or START:STOP:STEP, got {text!r}")
    if len(numbers) == 1:
        return range((numbers[0] or 0) + 1)
    start, stop, step = (*numbers, None)[:3]
    if step == 0:
        raise Failure(f"--steps needs a STEP of at least 1, got {text!r}")
    stop = _end(plan, units) + 1 if stop is None else stop
    steps = range(start or 0, stop, step or 1)
    if not steps:
        raise Failure(f"--steps {text} holds no step: STOP must be above START")
    return steps


def _step(text: str, units: Units) -> int:
    length = int(text) if re.fullmatch(r"\d{1,20}", text, re.ASCII) else text
    return resolved_length(checked_length(length, "--steps"), "--steps", units)


def _end(plan: Plan, units: Units) -> int:
    """Return the step at which the run ends, or else at which a plan has shown what it does."""
    if units.total is not None:
        return units.total
    schedules = schedules_of(plan).values()
    shown = max((one.shown_in(SHOWN_CYCLES) for one in schedules), default=0) or SHOWN_STEPS
    return min(shown, LARGEST_LENGTH)


def at_most(steps: range, most: int) -> range | np.ndarray[Any, np.dtype[np.int64]]:
    """Return the steps, or ``most`` of them, the first and the last included.

    They are spread unevenly, so that no cycle's length divides their distance and hides it.
    """
    if len(steps) <= most:
        return steps
    stride = (len(steps) - 1) // (most - 1)
    golden = (5**0.5 - 1) / 2
    places = [place * stride + int(place * golden % 1 * stride) for place in range(most - 1)]
    return np.array([steps[place] for place in [*places, len(steps) - 1]])
