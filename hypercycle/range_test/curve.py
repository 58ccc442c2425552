"""A smooth curve through noisy points, and curves that the points are as likely to come from.

A penalised spline (P. Eilers and B. Marx, "Flexible smoothing with B-splines and penalties", 1996):
piecewise linear on a grid, its differences penalised, which has no lag. How much is found by
restricted maximum likelihood. Points are weighted by the local noise, and the penalty with them;
outliers count less.
Curves are drawn from the posterior distribution of the spline, whose spread also stands for what
smoothing may have rounded off (D. Nychka, "Bayesian confidence intervals for smoothing splines",
1988). The cost is O(n) in the number of points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypercycle.namespaces.namespace import Floats

GRID = 101
DRAWS = 400
_PENALTIES = np.logspace(-6.0, 8.0, 43)
_ROUNDS = 3
_OUTLIER = 3.0
_PLACES = 25
_FEWEST_INDEPENDENT = 30
# The local noise is not taken for less than this part of the noise everywhere, and of all points'
# range: curves without noise have small residuals too.
_LEAST_NOISE, _NO_NOISE = 0.2, 1e-4
_LOOSE = 1e-3


@dataclass(frozen=True, eq=False)
class Curve:
    """A fitted curve.

    Attributes
    ----------
    grid
        Where, shape ``(GRID,)``, equally spaced.
    mean
        The curve, shape ``(GRID,)``.
    draws
        Curves that the points are as likely to come from, shape ``(DRAWS, GRID)``.
    noise
        The standard deviation of the points around each of them, shape ``(n,)``.
    independent
        How many independent points one point is worth: noise may be correlated.
    """

    grid: Floats
    mean: Floats
    draws: Floats
    noise: Floats
    independent: float


def fit_curve(places: Floats, points: Floats, order: int = 2, kink: float = np.inf) -> Curve:
    """Return the curve through points at increasing places.

    The spline's differences of that ``order`` are penalised; behind a ``kink`` hardly.

    Always the same for the same points: what is drawn, is drawn from a fixed seed.
    """
    offset, size = np.median(points), float(np.ptp(points))
    if size < np.finfo(np.float64).tiny:  # none, or one that NumPy 1 cannot divide by
        size = 1.0
    y = (points - offset) / size
    grid = np.linspace(places[0], places[-1], GRID)
    nodes = _nodes_around(places, grid)

    differences = np.diff(np.eye(GRID), order, axis=0)
    centres = grid[order - 1 : -1]  # of the differences
    loose = np.where(centres > kink - 1.5 * (grid[1] - grid[0]), _LOOSE, 1.0)

    def posterior(trust: _Trust) -> tuple[Floats, Floats]:
        roughness = differences.T @ (trust.penalties[:, None] * differences)
        information, target = _normal_equations(y, trust.weights, nodes)
        return _posterior(
            information,
            target,
            roughness * (trust.weights.sum() / GRID),
            total=float(trust.weights @ y**2),
            freedom=max(trust.independent * len(y) - order, 1.0),
            rank=GRID - order,
        )

    mean, root = posterior(_Trust(np.ones_like(y), np.ones_like(y), loose, independent=1.0))
    for _ in range(_ROUNDS - 1):
        trust = _trust(_residuals(y, mean, nodes), places, centres, loose)
        mean, root = posterior(trust)

    normal = np.random.default_rng(0).standard_normal((GRID, DRAWS))
    draws = offset + size * (mean[:, None] + root @ normal).T
    return Curve(grid, offset + size * mean, draws, size * trust.noise, trust.independent)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """The nodes of the grid that points lie between.

    A point has ``left_part`` of the node at index ``left``, and ``right_part`` of the next one.
    """

    left: npt.NDArray[np.intp]
    left_part: Floats
    right_part: Floats


def _nodes_around(places: Floats, grid: Floats) -> _Nodes:
    spacing = grid[1] - grid[0]
    left = np.minimum(((places - places[0]) / spacing).astype(np.intp), GRID - 2)
    right_part = (places - grid[left]) / spacing
    return _Nodes(left, 1.0 - right_part, right_part)


def _residuals(y: Floats, mean: Floats, nodes: _Nodes) -> Floats:
    return y - mean[nodes.left] * nodes.left_part - mean[nodes.left + 1] * nodes.right_part


@dataclass(frozen=True, eq=False)
class _Trust:
    """How much points and smoothness count.

    ``weights`` of the points, ``penalties`` of the differences, how many ``independent`` points
    one point is worth, and the local ``noise``.
    """

    noise: Floats
    weights: Floats
    penalties: Floats
    independent: float


def _trust(residuals: Floats, places: Floats, centres: Floats, loose: Floats) -> _Trust:
    """Return how much to trust points that are so far off the curve."""
    scale = _local_scale(np.abs(residuals))
    beyond = np.maximum(np.abs(residuals) / (_OUTLIER * scale), 1.0)
    independent = _independent_part(residuals / (scale * beyond))
    weights = 1.0 / (scale**2 * beyond)
    weights *= independent / np.median(weights)
    # Smoothed alike everywhere: what is quiet, such as an accuracy that stays at chance for half
    # of the sweep, shall not decide how stiff the curve is where it is noisy.
    local = np.interp(centres, places, 1.0 / scale**2)
    return _Trust(scale, weights, loose * local / local.mean(), independent)


def _normal_equations(y: Floats, weights: Floats, nodes: _Nodes) -> tuple[Floats, Floats]:
    """Return ``Xᵀ W X`` and ``Xᵀ W y`` of points that lie between two nodes of the grid."""
    left, left_part = nodes.left, nodes.left_part
    cells, right_part = GRID * GRID, 1.0 - left_part
    inner = weights * left_part * right_part
    information = (
        np.bincount(left * (GRID + 1), weights * left_part**2, cells)
        + np.bincount((left + 1) * (GRID + 1), weights * right_part**2, cells)
        + np.bincount(left * (GRID + 1) + 1, inner, cells)
        + np.bincount(left * (GRID + 1) + GRID, inner, cells)
    ).reshape(GRID, GRID)
    target = np.bincount(left, weights * left_part * y, GRID)
    target = target + np.bincount(left + 1, weights * right_part * y, GRID)
    return information.astype(np.float64), target.astype(np.float64)


def _posterior(
    information: Floats,
    target: Floats,
    roughness: Floats,
    *,
    total: float,
    freedom: float,
    rank: int,
) -> tuple[Floats, Floats]:
    """Return mean of the posterior, and a root of its covariance, under the likeliest penalty."""
    # With the least penalty as reference, information + penalty = L Q (1 + λ γ) Qᵀ Lᵀ for all λ.
    whiten = np.linalg.inv(np.linalg.cholesky(information + _PENALTIES[0] * roughness))
    gamma, directions = np.linalg.eigh(whiten @ roughness @ whiten.T)
    shrink = 1.0 + (_PENALTIES - _PENALTIES[0])[:, None] * np.maximum(gamma, 0.0)
    components = directions.T @ (whiten @ target)
    # Not below what rounding leaves of an exact curve.
    left_over = total - (components**2 / shrink).sum(1)
    variance = np.maximum(left_over, 1e-12 * total + 1e-300) / freedom
    likelihood = (
        -0.5 * freedom * np.log(variance)
        - 0.5 * np.log(shrink).sum(1)
        + 0.5 * rank * np.log(_PENALTIES)
    )
    best = int(likelihood.argmax())
    back = whiten.T @ directions
    mean = back @ (components / shrink[best])
    # Turned back: directions may point either way, which each LAPACK chooses for itself.
    return mean, back * np.sqrt(variance[best] / shrink[best]) @ directions.T


def _independent_part(residuals: Floats) -> float:
    """Return how many independent points one point is worth: (1 − ρ) / (1 + ρ).

    ρ is the correlation of neighbours, less what it may be by chance. All together are worth some:
    what is left of points without noise is smooth too.
    """
    changes = np.diff(residuals)
    neighbours = float(changes[1:] @ changes[:-1]) / max(float(changes @ changes), 1e-300)
    chance = 1.5 / np.sqrt(len(residuals))
    correlation = min(max(1.0 + 2.0 * neighbours - chance, 0.0), 0.95)
    least = min(_FEWEST_INDEPENDENT / len(residuals), 1.0)
    return float(max((1.0 - correlation) / (1.0 + correlation), least))


def _local_scale(residuals: Floats) -> Floats:
    """Return the standard deviation around each point, by medians: outliers do not count."""
    n = len(residuals)
    reach = max(n // 6, 8)
    at = np.linspace(0, n - 1, _PLACES).astype(int)
    medians = [np.median(residuals[max(0, i - reach) : i + reach + 1]) for i in at]
    least = max(_LEAST_NOISE * float(np.median(residuals)), _NO_NOISE)
    return np.maximum(np.interp(np.arange(n), at, medians), least) / 0.6745
