"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings


def warn(message: str) -> None:
    """Warn at the first caller outside of hypercycle, however deep attach has called."""
    level, frame = 3, sys._getframe(1)  # noqa: SLF001  (the documented way to look at callers)
    while frame.f_back is not None and _is_ours(frame.f_back.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.startswith("hypercycle")  # and its adapters, hypercycle_torch
