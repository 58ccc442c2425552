"""The gradient noise scale: from which batch size on a greater one is wasted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from torch import nn

from hypercycle.numbers.checks import whole_number
from hypercycle_torch.gradients import Tensors, dot, gradients


@dataclass(frozen=True)
class NoiseScale:
    """The simple noise scale, in samples.

    Attributes
    ----------
    noise_scale
        tr(Σ)/G²; infinite where the gradient does not stand out of the noise.
    interval
        With the confidence asked for; its upper end may be infinite.
    variance
        tr(Σ), of the gradients of single samples: an unbiased estimate.
    squared_gradient
        G², the square of the length of their mean: an unbiased estimate.
    batches
        How many there were.
    batch_size
        The samples in each, on average.
    """

    noise_scale: float
    interval: tuple[float, float]
    variance: float
    squared_gradient: float
    batches: int
    batch_size: float

    def gain(self, batch_size: float) -> float:
        r"""Return how many steps with batches of this size one with twice as many is worth.

        .. math:: \frac{1 + B / b}{1 + B / (2 b)}

        2 far below the noise scale: twice the batch in half the steps. 1 far above: wasted.

        >>> NoiseScale(100.0, (80.0, 130.0), 100.0, 1.0, 32, 16).gain(100)
        1.3333333333333333
        """
        ratio = self.noise_scale / batch_size
        return 2.0 if math.isinf(ratio) else (1.0 + ratio) / (1.0 + ratio / 2.0)

    def __str__(self) -> str:
        low, high = self.interval
        size = self.batch_size
        return (
            f"gradient noise scale {self.noise_scale:.3g} samples ({low:.3g} to {high:.3g}), from "
            f"{self.batches} batches of {size:.3g}: a step with twice the batch is worth "
            f"{self.gain(size):.2f} steps, now; the scale grows while training goes on"
        )


def gradient_noise_scale(
    model: nn.Module,
    loss: Callable[[Any, Any], Any],
    batches: Iterable[Any],
    *,
    count: int = 32,
    batch_size: int | None = None,
    confidence: float = 0.9,
) -> NoiseScale:
    r"""Return the simple noise scale of McCandlish et al., at the weights as they are.

    .. math:: B = \frac{\operatorname{tr} \Sigma}{|G|^2}

    Σ is the covariance of the gradients of single samples, G their mean. Batches of B samples make
    half the progress per step that endless ones would make, and need twice the samples. Much
    smaller ones lose nothing: twice the batch is as good as twice the steps. Much greater ones are
    wasted. That holds with the best learning rate for each size, and where the curvature is about
    the same in all directions. B grows during training, often by an order of magnitude, since G
    shrinks: measure again later.

    With the gradients :math:`g_i` of k batches of :math:`b_i` samples, N in all, and their mean
    :math:`\bar g`, weighted by :math:`b_i`,

    .. math::
        \operatorname{tr} \Sigma = \frac{1}{k - 1} \sum_i b_i |g_i - \bar g|^2, \qquad
        |G|^2 = |\bar g|^2 - \frac{\operatorname{tr} \Sigma}{N}

    without bias: for equal batches these are the estimates of the paper's appendix A.1, with sizes
    of b and kb. The interval is the jackknife's over the batches, on 1/B.

    Afterwards everything is as it was, as with :func:`range_test`, the gradients too.

    Parameters
    ----------
    model, loss, batches
        As in :func:`range_test`, the loss a mean over the samples. The batches should be shuffled
        and have no samples in common. Batch normalisation mixes the samples of a batch: B then
        holds for sizes near this one. Of a model that several processes share, give the module
        inside (``model.module``), to each.
    count
        Batches used, the first of one pass, at least 3. Their gradients are held in memory.
    batch_size
        Samples in each; unless given, the length of the batch's first tensor.
    confidence
        Of the interval.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be, there are fewer than 3 batches, or a loss is not
        finite or not one number with a gradient.

    References
    ----------
    S. McCandlish et al., An Empirical Model of Large-Batch Training, 2018, arXiv:1812.06162.

    Examples
    --------
    >>> import torch
    >>> model = nn.Linear(8, 1)
    >>> def loss(model, batch):
    ...     return (model(batch) - batch.sum(1, keepdim=True)).square().mean()
    >>> found = gradient_noise_scale(model, loss, torch.randn(32, 16, 8).unbind())
    >>> found.batches, found.batch_size
    (32, 16.0)
    """
    count = whole_number(count, "count", minimum=3)
    if batch_size is not None:
        batch_size = whole_number(batch_size, "batch_size", minimum=1)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
    with gradients(model, loss, batches, count) as at:
        if len(at.batches) < 3:
            raise ValueError(f"at least 3 batches are needed, got {len(at.batches)}")
        sizes = np.array([batch_size or _size_of(batch) for batch in at.batches], float)
        found: list[Tensors] = []
        products = np.zeros((len(sizes), len(sizes)))
        for i, batch in enumerate(at.batches):
            found.append(at.of(batch))
            for j, other in enumerate(found):
                products[i, j] = products[j, i] = dot(found[i], other)
    squared, variance = _moments(products, sizes)
    if variance <= 1e-6 * sizes.mean() * abs(squared):  # rounding
        raise ValueError(
            f"the gradients of the {len(sizes)} batches do not differ: give batches of other "
            "samples each"
        )
    low, high = _interval(products, sizes, confidence)
    return NoiseScale(
        variance / squared if squared > 0.0 else math.inf,
        (1.0 / high if high > 0.0 else math.inf, 1.0 / low if low > 0.0 else math.inf),
        variance,
        squared,
        len(sizes),
        float(sizes.mean()),
    )


def _moments(products: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Return |G|² and tr(Σ), from the inner products of the gradients."""
    mean_square = sizes @ products @ sizes / sizes.sum() ** 2
    within = sizes @ np.diag(products) - sizes.sum() * mean_square
    variance = within / (len(sizes) - 1)
    return float(mean_square - variance / sizes.sum()), float(variance)


def _interval(products: np.ndarray, sizes: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return the jackknife's interval of 1/B, which stays finite where |G|² is lost in noise."""
    count = len(sizes)
    squared, variance = _moments(products, sizes)
    left_out = []
    for i in range(count):
        kept = np.arange(count) != i
        one, other = _moments(products[np.ix_(kept, kept)], sizes[kept])
        left_out.append(one / other)
    error = math.sqrt((count - 1) * np.var(left_out))
    reach = NormalDist().inv_cdf((1.0 + confidence) / 2.0) * error
    return squared / variance - reach, squared / variance + reach


def _size_of(batch: Any) -> int:
    """Return the length of the first tensor or array in a batch."""
    waiting = [batch]
    while waiting:
        part = waiting.pop(0)
        if getattr(part, "shape", ()):
            return int(part.shape[0])
        if isinstance(part, Mapping):
            part = list(part.values())
        if isinstance(part, (tuple, list)):
            waiting = [*part, *waiting]
    raise ValueError(
        f"no tensor in a batch tells how many samples it has, got a {type(batch).__name__}: give "
        "batch_size"
    )
