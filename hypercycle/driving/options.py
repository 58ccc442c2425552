"""The options of ``attach``, as plugins receive them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from hypercycle.numbers.checks import whole_number
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Schedule

OnMismatch = Literal["error", "saved", "current"]
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
    relative: bool = False
    advance: Literal["step", "optimizer"] = "step"
    on_mismatch: OnMismatch = "error"
    on_event: OnEvent | None = None
    events_of: str | Schedule | None = None
    total_steps: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_step", whole_number(self.start_step, "start_step"))
        if not isinstance(self.relative, bool):
            raise TypeError(f"relative must be True or False, got {self.relative!r}")
        if self.advance not in ("step", "optimizer"):
            raise ValueError(f"advance must be 'step' or 'optimizer', got {self.advance!r}")
        if self.on_mismatch not in ("error", "saved", "current"):
            raise ValueError(
                f"on_mismatch must be 'error', 'saved' or 'current', got {self.on_mismatch!r}"
            )
        if self.on_event is not None and not callable(self.on_event):
            raise TypeError(
                f"on_event must be a function on_event(name, cycle, step), got {self.on_event!r}"
            )

    def refuse_others(
        self, honoured: Collection[str], target: str, instead: Mapping[str, str] | None = None
    ) -> None:
        """Raise ValueError for an option that was given and that would not be honoured.

        Parameters
        ----------
        honoured
            The options that the caller honours. ``total_steps`` is a fact of the run, no wish.
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
            if value == field.default or field.name in {*honoured, "total_steps"}:
                continue
            reason = (instead or {}).get(field.name, "")
            raise ValueError(
                f"attach() does not take {field.name}={value!r:.60} for {target}"
                f"{reason and ': '}{reason}"
            )
