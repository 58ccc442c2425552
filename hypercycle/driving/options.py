"""The options of ``attach``, as plugins receive them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from hypercycle.driving.clocks import in_updates
from hypercycle.numbers.checks import whole_number
from hypercycle.numbers.lengths import STEPS
from hypercycle.numbers.marks import Marks
from hypercycle.plans.plan import Plan
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.extremes import Maximum, Minimum
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.held import Held
from hypercycle.schedules.repeat import Repeat
from hypercycle.schedules.rounded import Rounded
from hypercycle.schedules.schedule import Schedule

_FACTS = ("total_steps", "steps_per_epoch")
Relative = bool | str | Collection[str]
OnMismatch = Literal["error", "saved", "current", "rescale"]
AtEnd = Literal["hold", "detach"]
OnEvent = Callable[[str, int, int], object]
PlanLike = (
    Plan
    | str
    | os.PathLike[str]
    | Mapping[str, Schedule | Groups | float]
    | Mapping[str, Mapping[str, Any] | float]
)


@dataclass(frozen=True)
class Options:
    """The options of :func:`hypercycle.attach`, as plugins receive them.

    An adapter says which of them it honours, and ``refuse_others`` refuses the rest.
    """

    start_step: int = 0
    relative: Relative = False
    advance: Literal["step", "optimizer"] = "step"
    on_mismatch: OnMismatch = "error"
    on_event: OnEvent | None = None
    events_of: str | Schedule | None = None
    at_end: AtEnd = "hold"
    total_steps: int | None = None
    steps_per_epoch: int | None = None
    clock: str = STEPS
    marks: Marks = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_step", whole_number(self.start_step, "start_step"))
        object.__setattr__(self, "relative", checked_relative(self.relative))
        if self.advance not in ("step", "optimizer"):
            raise ValueError(f"advance must be 'step' or 'optimizer', got {self.advance!r}")
        if self.on_mismatch not in get_args(OnMismatch):
            raise ValueError(
                "on_mismatch must be 'error', 'saved', 'current' or 'rescale', got "
                f"{self.on_mismatch!r}"
            )
        if self.at_end not in get_args(AtEnd):
            raise ValueError(f"at_end must be 'hold' or 'detach', got {self.at_end!r}")
        if self.on_event is not None and not callable(self.on_event):
            raise TypeError(
                f"on_event must be a function on_event(name, cycle, step), got {self.on_event!r}"
            )

    def relative_names(self, plan: Plan) -> list[str]:
        """Return the names in a plan whose schedules multiply what is there.

        >>> from hypercycle import Plan
        >>> Options(relative="lr").relative_names(Plan(lr=1.0, momentum=0.9))
        ['lr']
        """
        return names_in(plan, self.relative)

    @property
    def run(self) -> dict[str, Any]:
        """How many steps there are in an epoch and in the run, as far as it was told.

        And what a step is, if it is no update.
        """
        facts = {name: getattr(self, name) for name in _FACTS}
        return facts if self.clock == STEPS else facts | {"clock": self.clock}

    def refuse_others(
        self, honoured: Collection[str], target: str, instead: Mapping[str, str] | None = None
    ) -> None:
        """Raise ValueError for an option that was given and that would not be honoured.

        Parameters
        ----------
        honoured
            The options that the caller honours. How many steps there are is a fact, no wish.
        target
            What is driven, such as ``"a Keras optimizer"``.
        instead
            Why one is not honoured, or what to do instead, by its name.

        Examples
        --------
        >>> Options(relative=True).refuse_others({"start_step"}, "a kettle")
        Traceback (most recent call last):
        ...
        ValueError: attach() does not take relative=True for a kettle
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if value == field.default or field.name in {*honoured, *_FACTS}:
                continue
            reason = (instead or {}).get(field.name, "")
            if field.name == "clock" and not reason:
                reason = in_updates(value)
            raise ValueError(
                f"attach() does not take {field.name}={value!r:.60} for {target}"
                f"{reason and ': '}{reason}"
            )


def checked_relative(relative: Any) -> bool | frozenset[str]:
    """Return whether, or the names for which, schedules multiply initial values."""
    if isinstance(relative, bool):
        return relative
    names = {relative} if isinstance(relative, str) else relative
    if not isinstance(names, Collection) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"relative must be True or False, or names in the plan, got {relative!r:.80}"
        )
    return frozenset(names)


def names_in(plan: Plan, relative: Relative) -> list[str]:
    """Return the names of a plan that are relative; ValueError for one that it does not have."""
    chosen = checked_relative(relative)
    if isinstance(chosen, bool):
        return list(plan) if chosen else []
    unknown = sorted(chosen.difference(plan))
    if unknown:
        raise ValueError(
            f"relative names {', '.join(map(repr, unknown))}, but the plan has {', '.join(plan)}"
        )
    return [name for name in plan if name in chosen]


def check_not_all_zero(name: str, values: Collection[float]) -> None:
    """Raise ValueError if multiplying these initial values would leave all of them at 0."""
    if values and not any(values):
        raise ValueError(
            f"relative multiplies {name}, whose present value is 0, so it would stay 0 for ever: "
            "give it a value first, or name what is to be relative, as in relative='lr'"
        )


def check_multiples(plan: Plan, relative: Relative) -> None:
    """Raise ValueError if cycles of a range test's bounds are multiplied that are values, or not.

    Names that the plan does not have are told elsewhere.
    """
    chosen = checked_relative(relative)
    for name, schedule in plan.items():
        multiplied = chosen if isinstance(chosen, bool) else name in chosen
        for part in _parts(schedule):
            multiplies = getattr(part, "multiplies", None)
            if multiplied and multiplies is False:
                raise ValueError(
                    f"{name} is the cycle of a range test's bounds, which are values of {name} "
                    "themselves, and relative multiplies the present ones by it: make it of "
                    "multiples, by bounds.cycle(…, relative=True)"
                )
            if multiplies and not multiplied:
                raise ValueError(
                    f"{name} is a cycle of multiples, by bounds.cycle(…, relative=True): attach it "
                    f"with relative={name!r}, or make it of values, by bounds.cycle(…)"
                )


# Their values are those of what they are made of.
_OF_ITS_VALUES = (Chain, Held, Maximum, Minimum, Repeat, Rounded)


def _parts(schedule: Any) -> Iterator[Any]:
    """Return a schedule and what it goes through; of a product, each factor may be either."""
    yield schedule
    inside: Iterable[Any] = ()
    if isinstance(schedule, Groups):
        inside = schedule.values()
    elif isinstance(schedule, _OF_ITS_VALUES):
        inside = schedule.schedules
    for one in inside:
        yield from _parts(one)
