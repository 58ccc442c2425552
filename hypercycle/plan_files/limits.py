"""How much a plan file may hold: what is larger describes no run that a person has written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from hypercycle.schedules.plain_data import is_list

# What is larger would keep a reader busy for long.
LARGEST_FILE = 256 * 1024
MOST_VALUES = 10_000
DEEPEST = 24
LONGEST_TEXT = 1_000
_BEYOND = 10**LONGEST_TEXT
LONGEST_LINE = 4_000
# Cycles that change in length are tabulated: 100,000 of them take half a second.
MOST_TABULATED = 100_000
# The time that tomllib takes for a table grows with the product of its keys' lengths. In strings
# and comments, closed or not, dots divide nothing.
_QUOTED = re.compile(r""""(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?|#.*""")
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEEPEST}}}")

# What a terminal would obey, and what UTF-8 has no bytes for.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_toml(text: str) -> None:
    """Raise ValueError for a line or a dotted key that is longer than any of a plan."""
    if max(map(len, text.split("\n"))) > LONGEST_LINE:
        raise ValueError(f"has a line of more than {LONGEST_LINE:,} characters")
    if _LONG_KEY.search(_QUOTED.sub("x", text)):
        raise ValueError(f"has a dotted key of more than {DEEPEST} parts")


def check_size(data: Any) -> None:
    """Raise ValueError for more, deeper or longer values than a plan has."""
    level, values, tabulated = [data], 0, 0.0
    for _ in range(DEEPEST):
        below: list[Any] = []
        for one in level:
            if isinstance(one, Mapping):
                below += [*one, *one.values()]
                cycles = one.get("cycles")
                if one.get("cycle_mult", 1) != 1 and isinstance(cycles, (int, float)):
                    # 1e5 is as many as 100000, and -1e5 or nan, refused later, takes none away.
                    tabulated += min(cycles, MOST_TABULATED + 1) if cycles > 0 else 0
            elif is_list(one):
                below += islice(one, MOST_VALUES + 1)
            else:
                _check_scalar(one)
        values += len(below)
        if values > MOST_VALUES:
            raise ValueError(f"holds more than {MOST_VALUES:,} values")
        if tabulated > MOST_TABULATED:
            raise ValueError(
                f"asks for more than {MOST_TABULATED:,} cycles that change in length (cycle_mult)"
            )
        if not below:
            return
        level = below
    raise ValueError(f"is nested more than {DEEPEST} deep")


def _check_scalar(one: Any) -> None:
    if isinstance(one, int) and abs(one) >= _BEYOND:
        raise ValueError(f"holds a number of more than {LONGEST_TEXT:,} digits")
    if not isinstance(one, str):
        return
    if len(one) > LONGEST_TEXT:
        raise ValueError(f"holds a text of {len(one):,} characters, {one[:40]!r}…")
    if _CONTROL.search(one):
        raise ValueError(f"holds a text with a control character, {one!a:.60}")
