"""Reading the tables that the benchmarks have written into a document."""

from __future__ import annotations

import re

Table = list[list[str]]
"""The rows of a table as texts, the head first, without the rule."""


def between_markers(script: str, text: str) -> str:
    """Return what a script has written into a document."""
    begin, end = f"<!-- {script}: begin -->", f"<!-- {script}: end -->"
    _, found, rest = text.partition(begin)
    inside, found_too, _ = rest.partition(end)
    if not (found and found_too):
        raise ValueError(f"the document has no lines {begin!r} and {end!r} to read between")
    return inside


def tables(text: str) -> list[Table]:
    """Return the tables of a Markdown text."""
    return [rows for _, rows in _titled(text)]


def tables_by_title(text: str) -> dict[str, Table]:
    """Return the tables of a Markdown text by the heading before each."""
    return dict(_titled(text))


def _titled(text: str) -> list[tuple[str, Table]]:
    found: list[tuple[str, Table]] = []
    title, rows = "", []
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            title = line.lstrip("# ")
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            head, rule, *body = rows
            if not all(re.fullmatch(r":?-+:?", cell) for cell in rule):
                raise ValueError(f"the second line of a table is to be its rule, got {rule}")
            found.append((title, [head, *body]))
            rows = []
    return found


def value(cell: str) -> float | None:
    """Return the number in a cell, None where it holds none."""
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return None
