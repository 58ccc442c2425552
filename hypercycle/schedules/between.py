"""``between``: the convex combination of two bounds, which never leaves them."""

from __future__ import annotations

from typing import Any

from hypercycle.namespaces.namespace import ONE_STEP, Namespace


def between(  # noqa: PLR0917  (a formula of these)
    y: Any, anchor: Any, other: Any, least: Any, most: Any, xp: Namespace, *, within: bool = True
) -> Any:
    r"""Return :math:`anchor \cdot (1 - y) + other \cdot y`, inside of ``[least, most]``.

    The form hits both bounds exactly, but near one of them its roundings may add up to a unit in
    the last place beyond it. Where ``y`` is in [0, 1] the value is held inside; that it is
    ``within`` spares the question. Other ``y``, such as those of a scale that grows, mean values
    outside.

    >>> y = 0.022
    >>> 0.1 * (1.0 - y) + 0.1 * y
    0.09999999999999999
    >>> between(y, 0.1, 0.1, 0.1, 0.1, ONE_STEP)
    0.1
    """
    value = anchor * (1.0 - y) + other * y
    if xp is ONE_STEP:
        return max(least, min(value, most)) if 0.0 <= y <= 1.0 else value
    held = xp.minimum(xp.maximum(value, least), most)
    return held if within else xp.where((y >= 0.0) & (y <= 1.0), held, value)
