"""``evaluate_at``: a schedule at a step of whatever library the step is of."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP, Evaluates
from hypercycle.namespaces.steps import checked_steps, negative, not_whole

# Elements evaluated at once: the intermediate arrays then stay in the processor's cache.
_CHUNK = 8192


def evaluate_at(schedule: Evaluates, step: Any) -> Any:
    """Return the value of ``schedule`` at ``step``: a float for an int, an array for an array.

    NumPy arrays (masked ones stay so) and PyTorch and TensorFlow tensors give float64, JAX arrays
    JAX's default float dtype (float32, rounded once, unless 64 bits are enabled), Keras variables
    what their values give.

    Raises
    ------
    TypeError
        If the step is neither an int nor an integer array of a known library.
    ValueError
        If a step is negative (not checked for tensors and JAX arrays, whose values may not be
        known yet).
    OverflowError
        If a value is not finite, as a scale policy that grows without end makes it.
    """
    if isinstance(step, (bool, np.bool_)):
        raise not_whole(step, "bool")
    # Asking the abstract class takes longer.
    if type(step) is int or isinstance(step, (Integral, np.ndarray)):
        try:
            return _evaluate_here(schedule, step)
        except TypeError as error:
            if not _meets_traced_number(error):
                raise
            return _on_jax(schedule, np.asarray(step, dtype=np.int64))
    for base in type(step).__mro__:
        evaluate = _LIBRARIES.get(base.__module__.partition(".")[0])
        if evaluate is not None:
            return evaluate(schedule, step)
    if hasattr(type(step), "__jax_array__"):  # a variable, such as the step of nnx.Optimizer
        return evaluate_at(schedule, step.__jax_array__())
    raise not_whole(step, type(step).__name__)


def _on_torch(schedule: Evaluates, step: Any) -> Any:
    from hypercycle.namespaces import on_torch

    return on_torch.evaluate(schedule, step)


def _on_jax(schedule: Evaluates, step: Any) -> Any:
    from hypercycle.namespaces import on_jax

    return on_jax.evaluate(schedule, step)


def _on_tensorflow(schedule: Evaluates, step: Any) -> Any:
    from hypercycle.namespaces import on_tensorflow

    return on_tensorflow.evaluate(schedule, step)


def _on_keras(schedule: Evaluates, step: Any) -> Any:
    # A variable, such as optimizer.iterations; inside a stateless call, the value it has there.
    return evaluate_at(schedule, step.value)


_LIBRARIES: dict[str, Callable[[Evaluates, Any], Any]] = {
    "torch": _on_torch,
    "jax": _on_jax,
    "jaxlib": _on_jax,
    "tensorflow": _on_tensorflow,
    "keras": _on_keras,
}


def _meets_traced_number(error: TypeError) -> bool:
    """Return whether NumPy was given a number that JAX is tracing, such as a bound of a cycle."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(error, jax.errors.JAXTypeError)


def _evaluate_here(schedule: Evaluates, step: Any) -> Any:
    if not isinstance(step, np.ndarray):
        number = int(step)
        if number < 0:
            raise negative(number)
        try:
            value = float(schedule.evaluate(number, ONE_STEP))
        except OverflowError as error:  # Python's own, where a scale takes the step as a float
            raise OverflowError(
                f"{schedule!r} cannot be computed at a step of {len(str(number))} digits: {error}"
            ) from error
        if not math.isfinite(value):
            raise _not_finite(schedule, value, number)
        return value
    if isinstance(step, np.ma.MaskedArray):  # anything may stand under the mask
        values = _evaluate_numpy(schedule, step.filled(0))
        return np.ma.masked_array(values, mask=np.ma.getmaskarray(step).copy())
    return _evaluate_numpy(schedule, step)


def _evaluate_numpy(schedule: Evaluates, step: np.ndarray) -> np.ndarray:
    steps = checked_steps(step)
    values = np.empty(step.shape, np.float64)
    flat_steps = steps.reshape(-1)
    flat_values = values.reshape(-1)
    with np.errstate(all="ignore"):
        for start in range(0, flat_steps.size, _CHUNK):
            chunk = slice(start, start + _CHUNK)
            flat_values[chunk] = schedule.evaluate(flat_steps[chunk], NUMPY)
            finite = np.isfinite(flat_values[chunk])
            if not finite.all():
                first = start + int(np.argmin(finite))
                raise _not_finite(schedule, float(flat_values[first]), int(flat_steps[first]))
    return values


def _not_finite(schedule: Any, value: float, step: int) -> OverflowError:
    return OverflowError(
        f"{schedule!r} gives {value} at {step=}; a scale that grows, such as Exponential with "
        "gamma > 1, overflows in the end: limit it with `cycles`, or choose gamma <= 1"
    )
