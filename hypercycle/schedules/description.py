"""Schedules as plain data (dict, list, str, float, int, bool, None) and back.

The shape is that of plan files: a schedule is a mapping with a ``kind`` (``"cycle"`` if there is
none) and its fields, those at their default left out; waveforms and scale policies are registered
names. A user's own function is written as ``{"function": "module:name"}``: it can be compared, not
rebuilt, so that reading a description never runs code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Reader, Writer
from hypercycle.schedules.schedule import Schedule


def describe(schedule: Schedule | None) -> Any:
    """Return a schedule as plain data.

    >>> from hypercycle import Cycle
    >>> describe(Cycle(0.1, 0.5, 4, waveform="hann"))
    {'kind': 'cycle', 'low': 0.1, 'high': 0.5, 'step_size_up': 4, 'waveform': 'hann'}
    """
    return Writer(KINDS, for_file=False).schedule(schedule)


def schedules_from(descriptions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schedules that descriptions by name describe.

    Raises
    ------
    ValueError
        If one describes nothing that can be rebuilt, with a line for each problem and its path.
    """
    if not isinstance(descriptions, Mapping):
        raise ValueError(f"must be descriptions by name, got {descriptions!r:.60}")
    for name in descriptions:
        if not isinstance(name, str):
            raise ValueError(f"names of hyperparameters must be texts, got {name!r:.60}")
    reader = Reader(KINDS, descriptions, from_file=False)
    try:
        schedules = reader.schedules()
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    if reader.problems:
        raise ValueError("\n".join(map(str, reader.problems)))
    return schedules


def schedule_from(description: Any, name: str = "schedule") -> Any:
    """Return the schedule that a description describes; ``name`` is its path in errors."""
    return schedules_from({name: description})[name]


def differences(saved: Any, present: Any, path: str = "") -> list[str]:
    """Return one line for each place where two descriptions differ.

    Raises
    ------
    ValueError
        If they are nested too deeply to be compared.
    """
    try:
        return _differences(saved, present, path)
    except RecursionError as error:
        raise ValueError("the descriptions are nested too deeply to be compared") from error


def _differences(saved: Any, present: Any, path: str) -> list[str]:
    saved, present = (_short(one) for one in (saved, present))
    if isinstance(saved, Mapping) and isinstance(present, Mapping):
        # JSON and TOML turn the index of a group into a string.
        saved, present = ({str(key): one for key, one in d.items()} for d in (saved, present))
        keys = [*present, *(key for key in saved if key not in present)]
        lines = []
        for key in keys:
            below = f"{path}.{key}" if path else str(key)
            missing = "(default)" if path else "(not there)"
            lines += _differences(saved.get(key, missing), present.get(key, missing), below)
        return lines
    if (
        isinstance(saved, (list, tuple))
        and isinstance(present, (list, tuple))
        and len(saved) == len(present)
    ):
        pairs = enumerate(zip(saved, present, strict=True))
        return [line for i, pair in pairs for line in _differences(*pair, f"{path}.{i}")]
    return [] if saved == present else [f"{path}: saved {saved!r}, present {present!r}"]


def _short(description: Any) -> Any:
    """Return the name of a scale policy that has no parameters: it is described by it too."""
    named = isinstance(description, Mapping) and list(description) == ["name"]
    return description["name"] if named else description
