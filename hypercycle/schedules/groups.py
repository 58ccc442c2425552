"""``Groups``: one schedule per parameter group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from hypercycle.numbers.lengths import Facts
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.schedule import Record

GroupKey = int | str


class Groups(Mapping[GroupKey, Any]):
    """One schedule per parameter group.

    Keys are what the framework calls a group: in PyTorch its index or its ``"name"``, in Keras a
    path pattern, in Optax a label. ``None`` leaves a group alone. Numbers mean
    :class:`~hypercycle.Constant`.

    Raises
    ------
    TypeError, ValueError
        If there is no group, a key is neither an int nor a string, or a value is not a schedule.

    Examples
    --------
    >>> from hypercycle import Cycle
    >>> decay = Groups({"weights": Cycle(1e-5, 1e-3, 2000), "biases": None})
    >>> decay(2000)
    {'weights': 0.001}
    """

    def __init__(self, schedules: Mapping[GroupKey, Any]) -> None:
        if not isinstance(schedules, Mapping):
            raise TypeError(f"Groups takes a mapping {{group: schedule}}, got {schedules!r}")
        if not schedules:
            raise ValueError("Groups needs at least one group, got {}")
        for key in schedules:
            if isinstance(key, bool) or not isinstance(key, (int, str)):
                raise TypeError(f"a group is named by an int or a str, got {key!r}")
        self._schedules = {
            key: None if value is None else as_schedule(value, f"the schedule of group {key!r}")
            for key, value in schedules.items()
        }

    def __getitem__(self, key: GroupKey) -> Record | None:
        return self._schedules[key]

    def __iter__(self) -> Iterator[GroupKey]:
        return iter(self._schedules)

    def __len__(self) -> int:
        return len(self._schedules)

    def __hash__(self) -> int:
        return hash(frozenset(self._schedules.items()))

    def __repr__(self) -> str:
        return f"Groups({self._schedules!r})"

    def __call__(self, step: Any) -> dict[GroupKey, Any]:
        """Return the value of every group that has a schedule."""
        return {key: part(step) for key, part in self.items() if part is not None}

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        return all(part.resolved for part in self.values() if part is not None)

    def resolve(self, **facts: Unpack[Facts]) -> Groups:
        """Return the groups with all lengths in steps."""
        return Groups({k: v if v is None else v.resolve(**facts) for k, v in self.items()})
