"""Marks: events at places of a cycle that users name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypercycle.numbers.checks import finite_number, wrong_value

# Names and parts of a cycle, which are fractions; made by ``checked_marks``.
Marks = tuple[tuple[str, Any], ...]


def checked_marks(marks: Mapping[Any, Any] | Marks | None) -> Marks:
    """Return marks with their places as the decimal fractions that they are written as.

    A mark is reached at the first step at or after its part of a cycle.

    Raises
    ------
    TypeError, ValueError
        If a place is not a number in [0, 1), or a name is that of another event.

    Examples
    --------
    >>> checked_marks({"sample": 0.9})
    (('sample', Fraction(9, 10)),)
    """
    if isinstance(marks, tuple):
        return marks
    if marks is None:
        return ()
    if not isinstance(marks, Mapping):
        raise TypeError(
            f"marks are names and parts of a cycle, such as {{'sample': 0.9}}, got {marks!r:.60}"
        )
    for name in marks:
        if not isinstance(name, str) or name in ("peak", "cycle_end"):
            raise ValueError(
                f"a mark is named by a text other than 'peak' and 'cycle_end', got {name!r:.60}"
            )
    return tuple((name, _checked_mark(place, name)) for name, place in marks.items())


def _checked_mark(value: Any, name: str) -> Any:
    from fractions import Fraction  # only marks need it

    place = finite_number(value, f"the mark {name!r}")
    if not 0.0 <= place < 1.0:
        raise wrong_value(place, f"the mark {name!r}", "must be in [0, 1), a part of a cycle")
    return Fraction(repr(place))
