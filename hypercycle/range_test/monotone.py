"""Curves that never rise: draws of a descent that are projected onto what a descent can be.

Isotonic regression, by pooling adjacent violators (T. Robertson, F. Wright, R. Dykstra, "Order
Restricted Statistical Inference", 1988). Curves drawn from a posterior distribution and projected
so are draws under the restriction (L. Lin, D. Dunson, "Bayesian monotone regression using Gaussian
process projection", 2014).
"""

from __future__ import annotations

import numpy as np

from hypercycle.namespaces.namespace import Floats


def falling(curves: Floats) -> Floats:
    """Return the nearest curves that never rise, of shape ``(curves, n)``.

    >>> falling(np.array([[3.0, 1.0, 2.0, 0.0]]))
    array([[3. , 1.5, 1.5, 0. ]])
    """
    return np.array([_falling(curve) for curve in curves.tolist()])


def _falling(curve: list[float]) -> list[float]:
    levels: list[float] = []
    counts: list[int] = []
    for value in curve:
        level, count = value, 1
        while levels and levels[-1] < level:  # pooled with what it would rise above
            before, size = levels.pop(), counts.pop()
            level = (before * size + level * count) / (size + count)
            count += size
        levels.append(level)
        counts.append(count)
    return [level for level, count in zip(levels, counts, strict=True) for _ in range(count)]
