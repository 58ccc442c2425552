"""How the frozen records print: only what differs from the defaults."""

from __future__ import annotations

import dataclasses
from typing import Any


def record_repr(record: Any, positional: tuple[str, ...] = (), hidden: tuple[str, ...] = ()) -> str:
    """Return ``Name(first, option=value)`` without what is hidden or left at its default."""
    parts = [repr(getattr(record, name)) for name in positional]
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name not in positional + hidden and value != field.default:
            parts.append(f"{field.name}={value!r}")
    return f"{type(record).__name__}({', '.join(parts)})"
