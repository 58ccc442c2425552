"""Schedules that are no cycle, and schedules made of schedules."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hypercycle.clock import Event
from hypercycle.cycle import Cycle, waveform_function
from hypercycle.lengths import Length, Units, checked_length, in_steps, resolved_length
from hypercycle.namespaces import NUMPY, ONE_STEP, Namespace, applied, evaluate_at
from hypercycle.records import shown
from hypercycle.tabulated import Tabulated
from hypercycle.validation import LARGEST_LENGTH, finite_number, is_number, whole_number
from hypercycle.waveform_functions import Waveform

Schedule = Callable[[Any], Any]
"""Anything that gives a value for a step: our records, or a function of an int."""


@dataclass(frozen=True, repr=False)
class Constant:
    """The same value at every step.

    >>> Constant(0.9)(10**12)
    0.9
    """

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", finite_number(self.value, "value"))

    def __repr__(self) -> str:
        return shown(self, positional=("value",))

    def __call__(self, step: Any) -> Any:
        """Return the value: a float for an int, an array for an array of steps."""
        return evaluate_at(self, step)

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return the value, to be broadcast."""
        del step, xp
        return self.value

    @property
    def length(self) -> None:
        """None: it never ends."""
        return None


@dataclass(frozen=True, repr=False)
class Ramp:
    r"""From ``start`` to ``end`` in ``steps`` steps, then ``end`` for ever.

    .. math:: value = start \\cdot (1 - w(x)) + end \\cdot w(x), \\qquad x = \\min(step/steps, 1)

    Parameters
    ----------
    start, end
        The values at step 0 and from step ``steps`` on; either may be the greater.
    steps
        Whole steps >= 0, or a length with a unit. 0 is at the end at once.
    waveform
        A registered name or a function ``w(x, xp)``.

    Raises
    ------
    TypeError, ValueError
        As :class:`~hypercycle.Cycle` does.

    Examples
    --------
    >>> warm = Ramp(0.0, 0.5, steps=5)
    >>> [warm(step) for step in (0, 1, 5, 6)]
    [0.0, 0.1, 0.5, 0.5]
    """

    start: float
    end: float
    steps: Length
    waveform: str | Waveform = "linear"

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", finite_number(self.start, "start"))
        object.__setattr__(self, "end", finite_number(self.end, "end"))
        object.__setattr__(self, "steps", checked_length(self.steps, "steps"))
        _ = self._function

    def __repr__(self) -> str:
        return shown(self, positional=("start", "end", "steps"))

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __call__(self, step: Any) -> Any:
        """Return the value: a float for an int, an array for an array of steps."""
        return evaluate_at(self, step)

    @functools.cached_property
    def _function(self) -> Waveform:
        return waveform_function(self.waveform)

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        steps = self.length
        if steps == 0:
            return self.end
        w = applied(self._function, xp, xp.to_float(xp.clip(step, 0, steps)) / float(steps))
        return self.start * (1.0 - w) + self.end * w

    @property
    def length(self) -> int:
        """Steps until it holds."""
        return in_steps(self.steps, "steps")

    @property
    def resolved(self) -> bool:
        """Whether the length is in steps."""
        return isinstance(self.steps, int)

    def resolve(
        self, *, steps_per_epoch: int | None = None, total_steps: int | None = None
    ) -> Ramp:
        """Return the ramp with its length in steps."""
        steps = resolved_length(self.steps, "steps", Units(steps_per_epoch, total_steps))
        return Ramp(self.start, self.end, steps, self.waveform)


@dataclass(frozen=True, repr=False, init=False)
class Chain:
    """One schedule after the other, each counting its steps from 0.

    Every part but the last must have an end: a :class:`Ramp`, a :class:`~hypercycle.Cycle` with
    ``cycles``, a chain of such, or a pair ``(schedule, steps)``, which cuts (or stretches, by
    holding) a schedule to that length. After the end of the last part the value stays. Finding the
    part of a step is a binary search.

    Raises
    ------
    TypeError, ValueError
        If there is no part, a part is no schedule, or one that is not the last never ends.

    Examples
    --------
    >>> chain = Chain(Ramp(0.0, 1.0, 4), (Constant(1.0), 10), Ramp(1.0, 0.0, 2))
    >>> [chain(step) for step in (0, 2, 4, 13, 14, 15, 16, 99)]
    [0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    """

    parts: tuple[Any, ...]

    def __init__(self, *parts: Any) -> None:
        object.__setattr__(self, "parts", tuple(_checked_part(p, i) for i, p in enumerate(parts)))
        if not parts:
            raise ValueError("Chain needs at least one part")
        if self.resolved:
            _ = self._starts

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self.parts))})"

    def __getstate__(self) -> dict[str, Any]:
        return {"parts": self.parts}

    def __call__(self, step: Any) -> Any:
        """Return the value: a float for an int, an array for an array of steps."""
        return evaluate_at(self, step)

    @functools.cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        """The schedules of the parts, without their lengths."""
        return tuple(part[0] if isinstance(part, tuple) else part for part in self.parts)

    @functools.cached_property
    def _lengths(self) -> tuple[int | None, ...]:
        return tuple(
            in_steps(part[1], "steps") if isinstance(part, tuple) else length_of(part)
            for part in self.parts
        )

    @functools.cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for number, length in enumerate(self._lengths[:-1]):
            if length is None:
                raise ValueError(
                    f"part {number} of Chain never ends, so nothing can follow it: give its "
                    f"length as (schedule, steps), got {self.parts[number]!r}"
                )
            starts.append(starts[-1] + length)
        return starts

    @property
    def length(self) -> int | None:
        """Steps until the last part holds; None if it never does."""
        last = self._lengths[-1]
        return None if last is None else self._starts[-1] + last

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        return all(
            is_resolved(schedule) and not (isinstance(part, tuple) and isinstance(part[1], str))
            for schedule, part in zip(self.schedules, self.parts, strict=True)
        )

    def resolve(
        self, *, steps_per_epoch: int | None = None, total_steps: int | None = None
    ) -> Chain:
        """Return the chain with all lengths in steps."""
        units = Units(steps_per_epoch, total_steps)
        return Chain(
            *(
                (resolve(part[0], units), resolved_length(part[1], "steps", units))
                if isinstance(part, tuple)
                else resolve(part, units)
                for part in self.parts
            )
        )

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        starts = self._starts
        if xp is ONE_STEP:
            return self._part(bisect.bisect_right(starts, step) - 1, step, xp)
        if xp is NUMPY:
            first, last = (
                bisect.bisect_right(starts, bound) - 1 for bound in (step.min(), step.max())
            )
            if first == last:  # as nearly always: steps come in chunks
                return self._part(first, step, xp)
            values = np.empty(step.shape, np.float64)
            index = np.searchsorted(np.array(starts), step, side="right") - 1
            for number in np.unique(index):
                chosen = index == number
                values[chosen] = self._part(number, step[chosen], xp)
            return values
        value = self._part(len(starts) - 1, step, xp)
        for number in reversed(range(len(starts) - 1)):
            value = xp.where(step < starts[number + 1], self._part(number, step, xp), value)
        return value

    def _part(self, number: int, step: Any, xp: Namespace) -> Any:
        local = step - self._starts[number]
        length = self._lengths[number]
        if length is not None:
            local = xp.clip(local, 0, length)
        elif xp is not ONE_STEP and xp is not NUMPY:
            local = xp.clip(local, 0, LARGEST_LENGTH)
        return evaluate(self.schedules[number], local, xp)

    def events(self, step: int) -> list[Event]:
        """Return what happens at ``step``; cycles are numbered within their part."""
        step = whole_number(step, "step")
        happened: list[Event] = []
        for number, (start, schedule) in enumerate(zip(self._starts, self.schedules, strict=True)):
            local, length = step - start, self._lengths[number]
            if local < 0 or (length is not None and local > length):
                continue
            events = events_of(schedule, local)
            if local == length and number < len(self.parts) - 1:
                # The next part's value is in force already: only what was completed counts.
                ends = [i for i, event in enumerate(events) if event.name == "cycle_end"]
                events = events[: ends[-1] + 1] if ends else []
            happened += [event._replace(step=step) for event in events]
        return happened


@dataclass(frozen=True, repr=False)
class Product:
    """The product of two schedules at the same step.

    It holds when both hold. A warm-up that shares its steps with what follows is
    ``Product(Ramp(0, 1, 500), cycle)``; one that goes before it is
    ``Chain(Ramp(0, first, 500), cycle)``.

    >>> Product(Ramp(0.0, 1.0, 4), Constant(0.5))(2)
    0.25
    """

    first: Any
    second: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", as_schedule(self.first, "the first factor"))
        object.__setattr__(self, "second", as_schedule(self.second, "the second factor"))

    def __repr__(self) -> str:
        return shown(self, positional=("first", "second"))

    def __call__(self, step: Any) -> Any:
        """Return the value: a float for an int, an array for an array of steps."""
        return evaluate_at(self, step)

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        return evaluate(self.first, step, xp) * evaluate(self.second, step, xp)

    @property
    def length(self) -> int | None:
        """Steps until both factors hold; None if one never does."""
        lengths = (length_of(self.first), length_of(self.second))
        return None if None in lengths else max(lengths)  # type: ignore[type-var]

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        return is_resolved(self.first) and is_resolved(self.second)

    def resolve(
        self, *, steps_per_epoch: int | None = None, total_steps: int | None = None
    ) -> Product:
        """Return the product with all lengths in steps."""
        units = Units(steps_per_epoch, total_steps)
        return Product(resolve(self.first, units), resolve(self.second, units))

    def events(self, step: int) -> list[Event]:
        """Return the events of both factors."""
        return list(dict.fromkeys(events_of(self.first, step) + events_of(self.second, step)))


def as_schedule(value: Any, name: str) -> Schedule:
    """Return a schedule: ``value`` itself, or a number as :class:`Constant`.

    Raises
    ------
    TypeError
        If it is neither a number nor callable, or is a plan or groups, which give no number.
    """
    if isinstance(value, (type, Mapping)) or not (callable(value) or is_number(value)):
        raise TypeError(
            f"{name} must be a schedule (such as Cycle, Ramp, or a function of the step) or a "
            f"number, got {value!r}"
        )
    return Constant(finite_number(value, name)) if is_number(value) else value


def evaluate(schedule: Schedule, step: Any, xp: Namespace) -> Any:
    """Return values at int64 steps in the namespace ``xp``, of a user's own function too."""
    if hasattr(schedule, "evaluate"):
        return schedule.evaluate(step, xp)
    if xp is ONE_STEP:
        return value_of(schedule, step)
    if xp is NUMPY:
        return np.array([value_of(schedule, int(number)) for number in step])
    return schedule(step)


def value_of(function: Schedule, step: int) -> float:
    """Return a user's own function at a step as a float."""
    value = function(step)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{function!r} must return a number, got {value!r} at step {step}"
        ) from None


def length_of(schedule: Schedule) -> int | None:
    """Return the steps until a schedule holds; None if it never does, as a user's own function."""
    return getattr(schedule, "length", None)


def events_of(schedule: Schedule, step: int) -> list[Event]:
    """Return what happens at a step of a schedule; nothing in one that has no cycles."""
    events = getattr(schedule, "events", None)
    return [] if events is None else events(step)


def parts_of(schedule: Schedule) -> tuple[Schedule, ...]:
    """Return the schedules that a schedule is made of."""
    if isinstance(schedule, Chain):
        return schedule.schedules
    return (schedule.first, schedule.second) if isinstance(schedule, Product) else ()


def is_precomputable(schedule: Schedule) -> bool:
    """Return whether values of later steps may be computed now.

    Not those of a user's own function of the step, which may look at what training does.
    """
    return hasattr(schedule, "evaluate") and all(map(is_precomputable, parts_of(schedule)))


def reached_values(schedule: Schedule) -> list[float]:
    """Return the bounds between which a schedule moves, before any scale policy.

    Of a user's own function nothing is known before its step has come.
    """
    if isinstance(schedule, Cycle):
        return [schedule.low, schedule.high]
    if isinstance(schedule, Ramp):
        return [schedule.start, schedule.end]
    if isinstance(schedule, Chain):
        return [value for part in schedule.schedules for value in reached_values(part)]
    if isinstance(schedule, Product):
        firsts = reached_values(schedule.first)
        return [a * b for a in firsts for b in reached_values(schedule.second)]
    if isinstance(schedule, Tabulated):
        return [float(schedule.values.min()), float(schedule.values.max())]
    return [schedule.value] if isinstance(schedule, Constant) else []


def is_resolved(schedule: Schedule) -> bool:
    """Return whether all lengths of a schedule are in steps."""
    return getattr(schedule, "resolved", True)


def resolve(schedule: Schedule, units: Units) -> Schedule:
    """Return a schedule with all lengths in steps; one without lengths as it is."""
    if not hasattr(schedule, "resolve"):
        return schedule
    return schedule.resolve(  # type: ignore[no-any-return]
        steps_per_epoch=units.steps_per_epoch, total_steps=units.total_steps
    )


def _checked_part(part: Any, number: int) -> Any:
    name = f"part {number} of Chain"
    if not isinstance(part, (tuple, list)):
        return as_schedule(part, name)
    if len(part) != 2:
        raise TypeError(f"{name} must be a schedule or a pair (schedule, steps), got {part!r}")
    return as_schedule(part[0], name), checked_length(part[1], "steps")
