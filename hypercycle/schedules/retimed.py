"""Schedules that have the values of another one, at other steps."""

from __future__ import annotations

from typing import Any

from hypercycle.schedules.schedule import Record


class Retimed(Record):
    """A schedule whose values, and so its bounds, are those of ``schedule``, at other steps."""

    schedule: Any

    @property
    def schedules(self) -> tuple[Record, ...]:
        """The schedule that is asked."""
        return (self.schedule,)

    @property
    def whole(self) -> bool:
        """Whether the schedule is."""
        return bool(self.schedule.whole)

    def reached(self) -> list[float]:
        """Return the bounds of the schedule, which may be passed between two steps."""
        bounds: list[float] = self.schedule.reached()
        return bounds

    def known_range(self) -> tuple[float, float] | None:
        """Return the least and the greatest bound of the schedule; None if they are not known."""
        known: tuple[float, float] | None = self.schedule.known_range()
        return known
