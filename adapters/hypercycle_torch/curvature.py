"""The sharpness of a loss: how great a learning rate plain gradient descent stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from hypercycle.numbers.checks import whole_number
from hypercycle.range_test.random_states import keep_random_states
from hypercycle_torch.gradients import Gradients, Tensors, dot, gradients, operations
from hypercycle_torch.loaders import keep_torch_random_states

# What PyTorch says where a derivative cannot be differentiated.
_ONCE = ("is not implemented", "double backward", "Double backward")
_SILENTLY_ONCE = "torch::autograd::Error"  # skipped where it does not lead to the parameters


@dataclass(frozen=True)
class Sharpness:
    """The largest eigenvalue of a loss's Hessian, from below.

    Attributes
    ----------
    eigenvalue
        In units of the loss over those of the weights squared; 0 or negative where no direction
        curves upwards.
    residual
        How far it is from an eigenvalue at most, ``‖Hv − λv‖`` of the unit vector found, but for
        rounding.
    products
        Hessian–vector products that it took.
    converged
        Whether the residual came below the tolerance.
    """

    eigenvalue: float
    residual: float
    products: int
    converged: bool

    def max_lr(self, momentum: float = 0.0, *, nesterov: bool = False) -> float:
        r"""Return the rate from which gradient descent diverges on a quadratic of this curvature.

        .. math:: \frac{2 + 2\beta}{\lambda}, \qquad
            \text{Nesterov: } \frac{2 + 2\beta}{(1 + 2\beta)\,\lambda}

        Infinite where the eigenvalue is not positive: then the curvature sets no limit. Small
        batches diverge from less, with momentum from much less. With weight decay as SGD has it, λ
        is greater by that. For adaptive optimizers it says nothing.

        >>> Sharpness(10.0, 0.0, 2, converged=True).max_lr(0.9)
        0.38
        """
        if not 0.0 <= momentum < 1.0:
            raise ValueError(f"momentum must be in [0, 1), got {momentum!r}")
        if self.eigenvalue <= 0.0:
            return math.inf
        return (2.0 + 2.0 * momentum) / (1.0 + 2.0 * momentum * nesterov) / self.eigenvalue

    def __str__(self) -> str:
        if self.eigenvalue <= 0.0:
            meaning = "no direction curves upwards, so the curvature sets no limit to the rate"
        else:
            meaning = f"plain gradient descent diverges there from a rate of {self.max_lr():.3g} on"
        doubt = "" if self.converged else f", NOT CONVERGED: ± {self.residual:.2g}"
        return (
            f"largest eigenvalue of the Hessian {self.eigenvalue:.3g} ({self.products} products"
            f"{doubt}): {meaning}"
        )


def sharpness(
    model: nn.Module,
    loss: Callable[[Any, Any], Any],
    batches: Iterable[Any],
    *,
    count: int = 8,
    tolerance: float = 0.01,
    most_products: int = 50,
    seed: int = 0,
) -> Sharpness:
    """Return the largest eigenvalue of the Hessian of the loss, at the weights as they are.

    The Lanczos method: the power iteration of LeCun et al., which multiplies a random vector by the
    Hessian H again and again, but looking for the eigenvector among all the vectors on the way. It
    needs fewer products, and a large negative eigenvalue does not hide the positive one. H is the
    mean over the batches, in training mode; a product is a second backward pass through each.

    Afterwards everything is as it was, as with :func:`range_test`, the gradients too.

    Parameters
    ----------
    model, loss, batches
        As in :func:`range_test`. Parameters that need no gradients are constants. Of a model that
        several processes share, give the module inside (``model.module``), to each.
    count
        Batches used, the first of one pass. Few and small ones make it too great.
    tolerance
        Of the residual, as a part of the eigenvalue.
    most_products
        Where to stop otherwise.
    seed
        Of the vector that it starts from.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be, a loss is not finite or not one number with a
        gradient, or something in the model cannot be differentiated twice.

    References
    ----------
    Y. LeCun, P. Simard, B. Pearlmutter, Automatic Learning Rate Maximization by On-Line Estimation
    of the Hessian's Eigenvectors, NIPS 1992. J. Cohen et al., Gradient Descent on Neural Networks
    Typically Occurs at the Edge of Stability, ICLR 2021, arXiv:2103.00065.

    Examples
    --------
    >>> model = nn.Linear(3, 1, bias=False)
    >>> def loss(model, curvatures):
    ...     return (curvatures * model.weight.square()).sum() / 2
    >>> found = sharpness(model, loss, [torch.tensor([-20.0, 1.0, 10.0])])
    >>> round(found.eigenvalue, 4), round(found.max_lr(), 4), found.products
    (10.0, 0.2, 3)
    """
    most_products = whole_number(most_products, "most_products", minimum=1)
    if not 0.0 < tolerance < 1.0:
        raise ValueError(f"tolerance must be between 0 and 1, got {tolerance!r}")
    # Of attention, only the plain kernel can be differentiated twice.
    with gradients(model, loss, batches, count) as at, sdpa_kernel(SDPBackend.MATH):
        generator = torch.Generator().manual_seed(seed)
        start = [torch.randn(p.shape, generator=generator).to(p) for p in at.parameters]
        return _lanczos(lambda vector: _product(at, vector), start, tolerance, most_products)


def _lanczos(
    product: Callable[[Tensors], Tensors], start: Tensors, tolerance: float, most: int
) -> Sharpness:
    """Return the greatest Ritz value; its error does not grow where orthogonality is lost."""
    vector, norm = start, math.sqrt(dot(start, start))
    before: Tensors = [torch.zeros_like(one) for one in start]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        vector = [one / norm for one in vector]
        image = product(vector)
        diagonal.append(dot(vector, image))
        last = beside[-1] if beside else 0.0
        image = [
            w - diagonal[-1] * v - last * u for w, v, u in zip(image, vector, before, strict=True)
        ]
        norm = math.sqrt(dot(image, image))
        matrix = np.diag(diagonal) + np.diag(beside, -1)  # the lower triangle
        values, vectors = np.linalg.eigh(matrix)
        eigenvalue, residual = float(values[-1]), norm * abs(float(vectors[-1, -1]))
        converged = residual <= tolerance * abs(eigenvalue)
        if converged or len(diagonal) == most:
            return Sharpness(eigenvalue, residual, len(diagonal), converged)
        beside.append(norm)
        before, vector = vector, image


def _product(at: Gradients, vector: Tensors) -> Tensors:
    """Return the Hessian times a vector, the mean over the batches."""
    total: Tensors = [torch.zeros_like(one) for one in vector]
    # The same dropout for each product: they are to be of one matrix.
    with keep_random_states(), keep_torch_random_states():
        for batch in at.batches:
            parts = _differentiated(at, batch, vector)
            total = [one + part / len(at.batches) for one, part in zip(total, parts, strict=True)]
    return total


def _differentiated(at: Gradients, batch: Any, vector: Tensors) -> Tensors:
    try:
        slopes = at.of(batch, differentiable=True)
        curved = [pair for pair in zip(slopes, vector, strict=True) if pair[0].requires_grad]
        if not curved:  # a loss that is linear in the weights
            return [torch.zeros_like(one) for one in vector]
        outputs, directions = zip(*curved, strict=True)
        if _SILENTLY_ONCE in operations(outputs):
            raise _not_twice("a function is marked with @once_differentiable")
        return torch.autograd.grad(outputs, at.parameters, directions, materialize_grads=True)
    except RuntimeError as error:
        if not any(sign in str(error) for sign in _ONCE):
            raise
        raise _not_twice(error) from error


def _not_twice(reason: object) -> ValueError:
    return ValueError(
        "the sharpness needs the loss's second derivative, and something in the model cannot be "
        f"differentiated twice: {reason}"
    )
