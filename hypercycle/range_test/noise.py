"""A scale on which the noise of a curve is alike everywhere.

The noise of a loss has a part of its own and one that grows with the loss: its variance is
``a² + b² y²``. On the scale ``asinh(y / c)`` with ``c = a / b`` it is the same everywhere (B.
Durbin et al., "A variance-stabilizing transformation for gene-expression microarray data", 2002):
a logarithm above ``c``, and a straight line below it. Which ``c`` is likeliest is said by G. Box
and D. Cox ("An analysis of transformations", 1964), with second differences in place of a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hypercycle.namespaces.namespace import Floats

_CANDIDATES = 41
# Between these parts of the smallest and the largest point: a logarithm, and a straight line.
_LEAST, _MOST = 0.01, 100.0
_SMALLEST = 1e-9
_LEAST_SIZE = 1e-290
# Curves drawn far off the points shall not overflow.
_MOST_SCALED = 300.0


@dataclass(frozen=True)
class NoiseScale:
    """The scale ``asinh(y / c)``.

    Attributes
    ----------
    c
        Where it goes over from a straight line to a logarithm.
    """

    c: float

    def of(self, values: Floats) -> Floats:
        """Return values on this scale."""
        return np.arcsinh(values / self.c)

    def back(self, values: Floats) -> Floats:
        """Return what has these values on this scale."""
        return self.c * np.sinh(np.clip(values, -_MOST_SCALED, _MOST_SCALED))


def noise_scale_of(points: Floats, levels: Floats) -> NoiseScale:
    """Return the scale on which points have the same noise everywhere.

    ``levels`` are the points without most of their noise.
    """
    sizes = np.abs(levels)
    largest = float(sizes.max())
    if largest < _LEAST_SIZE:  # none, or one by which cannot be divided
        return NoiseScale(1.0)
    smallest = max(float(sizes.min()), _SMALLEST * largest)
    candidates = np.geomspace(_LEAST * smallest, _MOST * largest, _CANDIDATES)
    likelihoods = []
    for c in candidates:
        changes = np.abs(np.diff(np.arcsinh(points / c), 2))
        spread = max(float(changes.mean()), 1e-300)
        # How much the scale stretches: its logarithm is what Box and Cox's Jacobian adds.
        stretching = -np.log(np.hypot(levels, c))
        likelihoods.append(float(stretching.mean()) - np.log(spread))
    return NoiseScale(float(candidates[int(np.argmax(likelihoods))]))
