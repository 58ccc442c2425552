"""What runs of several arms say: means, paired differences, ratios, equivalence.

Arms are paired by seed: two runs of one seed begin with the same weights and see the same batches.
Intervals are those of Student's t, so they hold for differences that are about normal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

Curve = Mapping[int, float]
"""A measurement by the iteration after which it was made."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes
    ----------
    mean
        Of the values, or their geometric mean.
    low, high
        The interval; NaN where there is one value.
    count
        How many values.
    """

    mean: float
    low: float
    high: float
    count: int


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation (n − 1); NaN for that of one value.

    >>> mean_and_deviation([1.0, 2.0, 3.0])
    (2.0, 1.0)
    """
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float(np.mean(values)), deviation


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Return the mean with its t interval."""
    mean, deviation = mean_and_deviation(values)
    count = len(values)
    if count < 2:
        return Estimate(mean, math.nan, math.nan, count)
    half = stats.t.ppf((1 + confidence) / 2, count - 1) * deviation / math.sqrt(count)
    return Estimate(mean, float(mean - half), float(mean + half), count)


def paired(own: Mapping[int, float], other: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """Return the values of the seeds that both have.

    >>> paired({0: 0.5, 1: 0.6}, {1: 0.4, 2: 0.7})
    ([0.6], [0.4])
    """
    seeds = sorted(own.keys() & other.keys())
    return [own[seed] for seed in seeds], [other[seed] for seed in seeds]


def difference(own: Sequence[float], other: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Return ``own − other``, paired, with its interval."""
    return estimate(np.subtract(own, other).tolist(), confidence)


def ratio(own: Sequence[float], other: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Return ``own / other``, paired: the geometric mean, with the interval of the logarithms."""
    logarithms = estimate((np.log(own) - np.log(other)).tolist(), confidence)
    mean, low, high = (math.exp(x) for x in (logarithms.mean, logarithms.low, logarithms.high))
    return Estimate(mean, low, high, logarithms.count)


@dataclass(frozen=True)
class Equivalence:
    """Whether two arms differ by less than a margin: two one-sided t tests (Schuirmann, 1987).

    Attributes
    ----------
    difference
        With its interval of 90 %: within the margin just where ``p`` is below 0.05.
    margin
        In the unit of the values.
    p
        The larger one of the two tests' p.
    """

    difference: Estimate
    margin: float
    p: float

    @property
    def shown(self) -> bool:
        """Whether p is below 0.05. False does not say that the arms differ."""
        return self.p < 0.05


def equivalence(own: Sequence[float], other: Sequence[float], margin: float) -> Equivalence:
    """Return whether the mean of paired differences lies within ± margin, tested at 5 %.

    Raises
    ------
    ValueError
        If there are fewer than two pairs: nothing says how far the seeds are apart.
    """
    differences = np.subtract(own, other)
    if differences.size < 2:
        raise ValueError(f"a test of equivalence needs two seeds or more, got {differences.size}")
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    return Equivalence(
        estimate(differences.tolist(), confidence=0.9), margin, float(max(above, below))
    )


def iterations_to(curve: Curve, target: float) -> float:
    """Return the first iteration measured at which a curve is that high; infinity if never.

    >>> iterations_to({500: 0.4, 1000: 0.6, 1500: 0.5}, 0.5)
    1000
    """
    return min(
        (iteration for iteration, value in curve.items() if value >= target), default=math.inf
    )


@dataclass(frozen=True)
class Speed:
    """How many times the iterations of another arm one needs to reach an accuracy.

    Attributes
    ----------
    ratio
        Over the seeds of which both reach it; None where there is none.
    reached, other_reached
        Seeds that reach it. Where they are fewer than ``seeds``, the ratio speaks of some only.
    seeds
        All.
    """

    ratio: Estimate | None
    reached: int
    other_reached: int
    seeds: int


def speed(own: Sequence[Curve], other: Sequence[Curve], target: float) -> Speed:
    """Compare the iterations to reach an accuracy, paired by seed, as far as it was measured."""
    pairs = [
        (iterations_to(one, target), iterations_to(another, target))
        for one, another in zip(own, other, strict=True)
    ]
    both = [pair for pair in pairs if all(map(math.isfinite, pair))]
    reached, other_reached = (sum(map(math.isfinite, ones)) for ones in zip(*pairs, strict=True))
    found = ratio(*zip(*both, strict=True)) if both else None
    return Speed(found, reached, other_reached, len(pairs))


def chosen(candidates: Mapping[str, tuple[float, float]]) -> tuple[str, float]:
    """Return what a grid gives: the candidate that is best on validation, and its test accuracy.

    Of equals, the first.

    >>> chosen({"0.01": (0.8, 0.7), "0.1": (0.9, 0.6)})
    ('0.1', 0.6)
    """
    best = max(candidates, key=lambda name: candidates[name][0])
    return best, candidates[best][1]
