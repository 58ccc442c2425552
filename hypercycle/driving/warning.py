"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection


class MisuseWarning(UserWarning):
    """A cycler is probably not used as it was meant to be.

    ``warnings.filterwarnings("ignore", category=hypercycle.MisuseWarning)`` silences these alone.
    """


def warn(
    message: str, *, category: type[UserWarning] = UserWarning, beyond: Collection[str] = ()
) -> None:
    """Warn at the first caller outside of hypercycle, however deep attach has called.

    Parameters
    ----------
    message
        The text.
    category
        The class of the warning.
    beyond
        Packages that call hypercycle on behalf of the user, such as a framework's hooks: the line
        that the warning points at is not theirs either.
    """
    level, frame = 3, sys._getframe(1)  # noqa: SLF001  (the documented way to look at callers)
    while frame.f_back is not None and _is_between(frame.f_back.f_globals.get("__name__"), beyond):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_between(module: str | None, beyond: Collection[str]) -> bool:
    package = (module or "").partition(".")[0]
    # Our adapters too, such as hypercycle_torch.
    return package.startswith("hypercycle") or package in beyond
