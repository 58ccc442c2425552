"""Groups in Keras: patterns of the paths of variables, and which variables have the same values."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from hypercycle.driving.names import leaves_out
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record

# What optimizers read once for all variables.
_FOR_ALL = {"clipnorm", "clipvalue", "global_clipnorm", "ema_momentum"}


def check_groups(
    optimizer: keras.optimizers.Optimizer, name: str, attribute: str, groups: Groups
) -> None:
    """Refuse groups that an optimizer cannot have.

    Raises
    ------
    ValueError
        If the value is one for all variables, or a key is not a regular expression.
    TypeError
        If a key is not a text.
    """
    if attribute in _FOR_ALL:
        raise ValueError(
            f"{name}: {attribute} is one value for all variables in Keras, so Groups cannot vary "
            "it: use keras.optimizers.MultiOptimizer with one optimizer for each group"
        )
    if isinstance(optimizer, keras.optimizers.Nadam):
        raise ValueError(
            f"{name}: Nadam updates all variables together, so Groups cannot vary its values: use "
            "keras.optimizers.MultiOptimizer with one Nadam for each group"
        )
    for pattern in groups:
        if not isinstance(pattern, str):
            raise TypeError(
                f"{name}: in Keras, groups are regular expressions for the paths of variables, "
                f"such as 'dense/.*', got {pattern!r}"
            )
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{name}: {pattern!r} is not a regular expression: {error}") from error


def check_patterns(attribute: str, patterns: tuple[str, ...], variables: Sequence[Any]) -> None:
    """Raise ValueError if patterns leave a variable out, or one of them matches none."""
    paths = [_path(variable) for variable in variables]
    matches = {path: _first_match(patterns, path) for path in paths}
    left_out = [path for path, match in matches.items() if match is None]
    if left_out:
        raise leaves_out(
            attribute,
            ", ".join(left_out),
            "add a pattern (the first that matches the whole path counts), or '.*': None to leave "
            "the rest alone",
        )
    idle = [pattern for pattern in patterns if pattern not in matches.values()]
    if idle:
        raise ValueError(
            f"{attribute}: {', '.join(map(repr, idle))} matches no variable that an earlier "
            f"pattern does not; patterns match whole paths, which are {', '.join(paths)}"
        )


def indices_by_patterns(
    grouped: Mapping[str, Mapping[str, Any]], variables: Sequence[Any]
) -> dict[tuple[str, ...], list[int]]:
    """Return the indices of variables with the same values, by their pattern in each group.

    >>> from types import SimpleNamespace
    >>> variables = [SimpleNamespace(path=path) for path in ("a/kernel", "a/bias", "b/bias")]
    >>> indices_by_patterns({"momentum": {".*kernel": 0.9, ".*": 0.5}}, variables)
    {('.*kernel',): [0], ('.*',): [1, 2]}
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    for index, variable in enumerate(variables):
        path = _path(variable)
        patterns = tuple(_first_match(tuple(values), path) or "" for values in grouped.values())
        alike.setdefault(patterns, []).append(index)
    return alike


def map_schedules(schedule: Any, function: Callable[[Record], Record]) -> Any:
    """Return what a function makes of a schedule, or of each one of Groups."""
    if not isinstance(schedule, Groups):
        return function(schedule)
    return Groups(
        {pattern: None if part is None else function(part) for pattern, part in schedule.items()}
    )


def _path(variable: Any) -> str:
    return str(variable.path if hasattr(variable, "path") else variable.name)


@functools.lru_cache(maxsize=10_000)
def _first_match(patterns: tuple[str, ...], path: str) -> str | None:
    return next((one for one in patterns if path == one or re.fullmatch(one, path)), None)
