"""``RangeTest``: what was recorded while a hyperparameter rose, and what is read off it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.exceptions import ComplexWarning

from hypercycle.namespaces.namespace import Floats
from hypercycle.numbers.checks import finite_number
from hypercycle.range_test.bounds import Bounds, NoBounds
from hypercycle.range_test.drawing import draw_range_test
from hypercycle.range_test.finding import find_bounds
from hypercycle.range_test.reading import Reading
from hypercycle.range_test.stopping import stopped_because
from hypercycle.range_test.suggestions import suggest

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

# What lives in [0, 1) and acts by its distance from 1: a decade near 0 means nothing.
_LINEAR_NAMES = ("momentum", "beta1", "beta2", "beta3")
# A sweep over less than this factor looks the same on both axes.
_LEAST_LOG_SPAN = 10.0


@dataclass(frozen=True, eq=False, repr=False)
class RangeTest:
    """What a range test recorded: a hyperparameter's rising values and the losses they gave.

    Parameters
    ----------
    values
        The hyperparameter at each update, shape ``(n,)``, increasing and finite.
    losses
        The training loss of each update, shape ``(n,)``; or of repeated runs, shape
        ``(runs, n)``, of which the mean is analysed and the spread widens the intervals. Points at
        which a loss is not finite are left out of the analysis.
    metrics
        Validation metrics by name, each of shape ``(n,)`` or ``(runs, n)`` with NaN at the
        updates after which it was not measured; one array alone is named "metric".
    name
        The hyperparameter.
    axis
        Whether distances are those of the logarithms of the values (values that are not above 0
        are then left out) or of the values. None: "linear" for ``momentum`` and ``beta1`` …
        ``beta3`` and where the values above 0 span less than a factor of 10, else "log".
    reference
        The value from before the sweep, in the parameter group with the largest: what
        ``bounds().cycle(…, relative=True)`` is a multiple of. None if it is not known, or 0.

    Raises
    ------
    TypeError, ValueError
        If a shape does not fit, or the values are not finite and increasing.

    Examples
    --------
    >>> values = np.geomspace(1e-6, 1.0, 100)
    >>> losses = 2.3 - 1.5 / (1 + (1e-3 / values) ** 1.5) + 5 * values**2
    >>> bounds = RangeTest(values, losses).bounds()
    >>> print(f"{bounds.low:.1g} to {bounds.high:.1g}")
    0.0002 to 0.01
    """

    values: Any
    losses: Any
    metrics: Any = field(default_factory=dict)
    name: str = "lr"
    axis: str | None = None
    reference: float | None = None

    def __post_init__(self) -> None:
        values = _numbers(self.values, "values")
        if values.ndim != 1 or values.size == 0:
            raise ValueError(f"values must be of shape (n,), not empty, got shape {values.shape}")
        if not np.all(np.isfinite(values)) or np.any(values[1:] <= values[:-1]):
            raise ValueError(
                "values must be finite and increasing, one for each update, got "
                f"{values.tolist()!r:.80}"
            )
        losses = _curve(self.losses, "losses", values)
        metrics = {} if self.metrics is None else self.metrics
        if not isinstance(metrics, Mapping):
            metrics = {"metric": metrics}
        metrics = {key: _curve(one, f"metrics[{key!r}]", values) for key, one in metrics.items()}
        if "loss" in metrics:
            raise ValueError("a metric cannot be called 'loss', which names the losses")
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string such as 'lr', got {self.name!r}")
        axis = self.axis
        if axis is None:
            axis = _natural_axis(values, self.name)
        elif axis not in ("log", "linear"):
            raise ValueError(f"axis must be 'log' or 'linear', got {axis!r}")
        if self.reference is not None:
            reference = finite_number(self.reference, "reference")
            object.__setattr__(self, "reference", reference or None)
        checked = {"values": values, "losses": losses, "metrics": metrics, "axis": axis}
        for key, value in checked.items():
            object.__setattr__(self, key, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RangeTest):
            return NotImplemented
        return (
            (self.name, self.axis, self.reference, self.metrics.keys())
            == (other.name, other.axis, other.reference, other.metrics.keys())
            and np.array_equal(self.values, other.values)
            and np.array_equal(self.losses, other.losses, equal_nan=True)
            and all(
                np.array_equal(one, other.metrics[key], equal_nan=True)
                for key, one in self.metrics.items()
            )
        )

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def _readings(self) -> dict[tuple[str, bool], Reading]:
        """The readings so far: no part of what was recorded, so that copies begin without."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __repr__(self) -> str:
        runs = f", {self.losses.shape[0]} runs" if self.losses.ndim == 2 else ""
        metrics = f", {', '.join(self.metrics)}" if self.metrics else ""
        first, last = self.values[0].item(), self.values[-1].item()
        return (
            f"<RangeTest of {self.name} from {first:.3g} to {last:.3g}: "
            f"{self.values.size} points{runs}{metrics}>"
        )

    @property
    def stopped_because(self) -> str:
        """What ended the sweep, be it divergence, a loss that is not finite, or its last value.

        Of repeated runs, what ended the one that ended first. It follows from the losses, as
        :class:`hypercycle.sweep.Recorder` decides.

        >>> RangeTest([1e-4, 1e-3, 1e-2], [2.3, 2.2, float("nan")]).stopped_because
        'the loss of update 3 is nan, at lr=0.01'
        """
        return stopped_because(self)

    def bounds(
        self, on: str = "loss", *, lower_is_better: bool | None = None, confidence: float = 0.9
    ) -> Bounds | NoBounds:
        """Return the two bounds that the curve shows, or the reason why it shows none.

        See :class:`hypercycle.Bounds` for what is read off the curve and how.

        Parameters
        ----------
        on
            The curve: ``"loss"``, or the name of a metric.
        lower_is_better
            Which way is good. None: lower for the loss, higher for a metric.
        confidence
            Of the intervals, in (0, 1).

        Raises
        ------
        TypeError, ValueError
            If there is no such curve, or the confidence is not in (0, 1).

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> noise = RangeTest(np.geomspace(1e-6, 1.0, 100), rng.normal(size=100)).bounds()
        >>> bool(noise)
        False
        """
        return find_bounds(self, on, lower_is_better=lower_is_better, confidence=confidence)

    def suggest(self, method: str) -> float:
        """Return one value by a classic rule.

        The rules are those of ``hypercycle.suggestions.SUGGESTIONS``: ``"steepest"``,
        ``"valley"``, ``"slide"``, ``"minimum/10"``, ``"max/3"``, ``"max/4"``.

        Raises
        ------
        ValueError
            If there is no such method, or the curve shows nothing to suggest, with the reason.
        """
        return suggest(self, method)

    def plot(
        self,
        on: str = "loss",
        *,
        suggestions: Sequence[str] = (),
        lower_is_better: bool | None = None,
        figure: FigureBase | None = None,
    ) -> Figure:
        """Return a figure: the loss and each metric over the values, with the bounds as a band.

        Points are what was recorded, lines the fitted curves. The band lies between low and high
        of the curve ``on``; each bound's interval is a bar at its foot. Without bounds the
        reason is the title.

        The background is transparent, text and lines are legible on light and dark pages. The
        figure is one of ``matplotlib.pyplot``.

        Parameters
        ----------
        on, lower_is_better
            The curve whose bounds are shown, as in :meth:`bounds`.
        suggestions
            Methods of :meth:`suggest` to mark on the loss.
        figure
            Draw into this one, such as a subfigure, instead of a new one.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        ValueError
            As :meth:`bounds` and :meth:`suggest` do.
        """
        return draw_range_test(self, on, suggestions, lower_is_better, figure)


def _natural_axis(values: Floats, name: str) -> str:
    positive = values[values > 0.0]
    if name in _LINEAR_NAMES or positive.size < 2:
        return "linear"
    return "log" if positive[-1] >= _LEAST_LOG_SPAN * positive[0] else "linear"


def _numbers(values: Any, name: str) -> Floats:
    """Return a read-only copy as float64."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ComplexWarning)
            array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, ComplexWarning) as error:
        raise TypeError(f"{name} must be an array of numbers: {error}") from error
    array.flags.writeable = False
    return array


def _curve(points: Any, name: str, values: Floats) -> Floats:
    array = _numbers(points, name)
    if array.ndim not in (1, 2) or array.shape[-1] != values.size or array.shape[0] == 0:
        raise ValueError(
            f"{name} must be of shape ({values.size},) or (runs, {values.size}), one for each "
            f"value, got shape {array.shape}"
        )
    return array
