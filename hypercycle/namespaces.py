"""The small array namespace that every waveform and scale policy is written in.

A formula such as ``xp.sin(x) * xp.sin(x)`` runs unchanged on NumPy, PyTorch, JAX and TensorFlow,
because ``xp`` offers the same functions on each: ``abs cos exp floor log maximum minimum sin sqrt
where``. Arguments may be arrays or Python numbers. Everything is float64 (the clock: int64); where
a library has no float64 at hand, the value is rounded once, at the very end.

Libraries are recognised by the type of the step, never imported for the user: whoever passes a
tensor has imported its library.
"""

from __future__ import annotations

import bisect
import functools
import math
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol

import numpy as np

Function = Callable[..., Any]

# Elements evaluated at once: the intermediate arrays then stay in the processor's cache.
_CHUNK = 8192


@dataclass(frozen=True)
class Namespace:
    """The functions that waveforms and scale policies may use, on one array library.

    The second group is for the clock: ``to_float`` converts whole steps to float64, ``lesser`` is
    the minimum of two whole numbers or heights, ``clip`` keeps whole steps between two ints,
    ``take`` looks up ``table[index]`` and ``search`` counts the entries of a sorted table that are
    not greater than each step. Whole numbers above ``largest_step`` do not fit.
    """

    abs: Function
    cos: Function
    exp: Function
    floor: Function
    log: Function
    maximum: Function
    minimum: Function
    sin: Function
    sqrt: Function
    where: Function

    to_float: Function
    lesser: Function
    clip: Function
    take: Function
    search: Function
    largest_step: int = 2**63 - 1


_NUMPY_FUNCTIONS: dict[str, Any] = {
    name: getattr(np, name)
    for name in ("abs", "cos", "exp", "floor", "log", "maximum", "minimum", "sin", "sqrt", "where")
}

NUMPY = Namespace(
    **_NUMPY_FUNCTIONS,
    to_float=lambda steps: steps.astype(np.float64),
    lesser=np.minimum,
    clip=np.clip,
    take=lambda table, index: table[index],
    search=lambda table, steps: np.searchsorted(table, steps, side="right"),
)

# One step: the clock on Python's integers, + − · / on Python's floats (IEEE arithmetic, as
# everywhere), and waveforms and scale policies through ``applied``.
ONE_STEP = Namespace(
    **_NUMPY_FUNCTIONS,
    to_float=float,
    lesser=min,
    clip=lambda step, least, most: max(least, min(step, most)),
    take=lambda table, index: int(table[index]),
    search=bisect.bisect_right,
)


def applied(function: Function, xp: Namespace, *numbers: Any) -> Any:
    """Return ``function(*numbers, xp)`` of a waveform or a scale policy.

    One step goes through arrays of one element, and so through the very loops that an array goes
    through (math.exp and numpy.exp differ, and so do the powers of a number and an array).
    """
    if xp is not ONE_STEP:
        return function(*numbers, xp)
    with np.errstate(all="ignore"):  # what is not finite is refused by evaluate_at
        result = function(*[np.array([number]) for number in numbers], xp)
    return result.item() if isinstance(result, np.ndarray) else float(result)


class Evaluates(Protocol):
    """A schedule that computes its value at whole steps in any namespace."""

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values for int64 steps."""


@functools.cache
def _torch_namespace() -> Namespace:
    import torch

    def lifted(function: Function) -> Function:
        # torch's functions refuse Python numbers, or take them as float32.
        def call(*arguments: Any) -> Any:
            # PyTorch 2.6 does not compile next() with a default.
            devices = [a.device for a in arguments if isinstance(a, torch.Tensor)]
            device = devices[0] if devices else None
            return function(
                *(
                    a
                    if isinstance(a, torch.Tensor)
                    else torch.tensor(float(a), dtype=torch.float64, device=device)
                    for a in arguments
                )
            )

        return call

    def take(table: Any, index: Any) -> Any:
        return torch.as_tensor(table, device=index.device)[index]

    def search(table: Any, steps: Any) -> Any:
        return torch.searchsorted(torch.as_tensor(table, device=steps.device), steps, right=True)

    def where(condition: Any, a: Any, b: Any) -> Any:
        return lifted(functools.partial(torch.where, condition))(a, b)

    functions: dict[str, Any] = {
        name: lifted(getattr(torch, name)) for name in _NUMPY_FUNCTIONS if name != "where"
    }
    return Namespace(
        **functions,
        where=where,
        to_float=lambda steps: steps.to(torch.float64),
        lesser=torch.minimum,
        clip=torch.clamp,
        take=take,
        search=search,
    )


def _evaluate_torch(schedule: Evaluates, step: Any) -> Any:
    import torch

    if step.dtype.is_floating_point or step.dtype.is_complex or step.dtype == torch.bool:
        raise _not_whole(step, str(step.dtype))
    if step.device.type == "mps":  # has no float64
        return _evaluate_torch(schedule, step.cpu()).to(step.device, torch.float32)
    return torch.broadcast_to(
        torch.as_tensor(
            schedule.evaluate(step.to(torch.int64), _torch_namespace()),
            dtype=torch.float64,
            device=step.device,
        ),
        step.shape,
    )


@functools.cache
def _jax_namespace() -> Namespace:
    import jax.numpy as jnp

    # JAX neither searches nor gathers by what is sharded over an explicit mesh; short tables do
    # without.
    short = 256

    def search(table: Any, steps: Any) -> Any:
        table = jnp.asarray(table)
        if table.size <= short:
            return (table <= steps[..., None]).sum(axis=-1)
        return jnp.searchsorted(table, steps, side="right")

    def take(table: Any, index: Any) -> Any:
        table = jnp.asarray(table)
        if table.size <= short:
            return jnp.where(index[..., None] == jnp.arange(table.size), table, 0).sum(axis=-1)
        return table[index]

    return Namespace(
        **{name: getattr(jnp, name) for name in _NUMPY_FUNCTIONS},
        to_float=lambda steps: steps.astype(jnp.float64),
        lesser=jnp.minimum,
        clip=jnp.clip,
        take=take,
        search=search,
    )


def _evaluate_jax(schedule: Evaluates, step: Any) -> Any:
    import jax
    import jax.numpy as jnp

    if not jnp.issubdtype(step.dtype, jnp.integer):
        raise _not_whole(step, str(step.dtype))
    result_dtype = jnp.result_type(float)  # float32 unless the user has switched x64 on
    if not jax_lowers_float64(jax.default_backend()):
        from hypercycle import float32_pairs

        value = float32_pairs.evaluate(schedule, step)
        return jnp.broadcast_to(jnp.asarray(value, dtype=result_dtype), step.shape)
    with _jax_float64():
        value = schedule.evaluate(jnp.asarray(step).astype(jnp.int64), _jax_namespace())
        return jnp.broadcast_to(jnp.asarray(value, dtype=result_dtype), step.shape)


def _jax_float64() -> AbstractContextManager[Any]:
    """Return the context in which JAX has 64 bits, whatever the user has switched on or off."""
    import jax

    return jax.enable_x64(True)  # type: ignore[no-any-return]


@functools.cache
def jax_lowers_float64(platform: str) -> bool:
    """Return whether float64 inside a float32 program works, found by trying it once.

    It does not on a platform without float64, nor before jax 0.8, where a loop outside of ``jit``
    refuses 64-bit constants. ``platform`` is the default one, which the trial runs on.
    """
    del platform
    import jax
    import jax.numpy as jnp

    def rest_of_third(step: Any) -> Any:
        with _jax_float64():
            third = step.astype(jnp.int64).astype(jnp.float64) / 3.0
            return (third - float(np.float32(1 / 3))).astype(jnp.float32)

    try:
        program = jax.jit(rest_of_third).lower(np.int32(1)).compile()
        return float(program(np.int32(1))) != 0.0
    except Exception:  # noqa: BLE001  (each version and platform fails in its own way)
        return False


@functools.cache
def _tensorflow_namespace() -> Namespace:
    import tensorflow as tf

    def lifted(function: Function) -> Function:
        # TensorFlow takes Python numbers as float32 and refuses to mix them with float64.
        def call(*arguments: Any) -> Any:
            return function(
                *(a if tf.is_tensor(a) else tf.constant(float(a), tf.float64) for a in arguments)
            )

        return call

    def where(condition: Any, a: Any, b: Any) -> Any:
        return lifted(functools.partial(tf.where, condition))(a, b)

    functions: dict[str, Any] = {
        name: lifted(getattr(tf.math, name, None) or getattr(tf, name))
        for name in _NUMPY_FUNCTIONS
        if name != "where"
    }
    return Namespace(
        **functions,
        where=where,
        to_float=lambda steps: tf.cast(steps, tf.float64),
        lesser=tf.minimum,
        clip=lambda steps, least, most: tf.clip_by_value(
            steps, tf.constant(least, tf.int64), tf.constant(most, tf.int64)
        ),
        take=lambda table, index: tf.gather(tf.constant(table), index),
        search=lambda table, steps: tf.reshape(
            tf.searchsorted(
                tf.constant(table), tf.reshape(steps, [-1]), side="right", out_type=tf.int64
            ),
            tf.shape(steps),
        ),
    )


def _evaluate_tensorflow(schedule: Evaluates, step: Any) -> Any:
    import tensorflow as tf

    if not step.dtype.is_integer:
        raise _not_whole(step, step.dtype.name)
    steps = tf.cast(step, tf.int64)
    value = tf.cast(schedule.evaluate(steps, _tensorflow_namespace()), tf.float64)
    return tf.broadcast_to(value, tf.shape(steps))


def _evaluate_keras(schedule: Evaluates, step: Any) -> Any:
    # A variable, such as optimizer.iterations; inside a stateless call, the value it has there.
    return evaluate_at(schedule, step.value)


_LIBRARIES: dict[str, Callable[[Evaluates, Any], Any]] = {
    "torch": _evaluate_torch,
    "jax": _evaluate_jax,
    "jaxlib": _evaluate_jax,
    "tensorflow": _evaluate_tensorflow,
    "keras": _evaluate_keras,
}


def evaluate_at(schedule: Evaluates, step: Any) -> Any:
    """Return the value of ``schedule`` at ``step``: a float for an int, an array for an array.

    NumPy arrays and PyTorch and TensorFlow tensors give float64, JAX arrays JAX's default float
    dtype (float32, rounded once, unless 64 bits are enabled), Keras variables what their values
    give.

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
        raise _not_whole(step, "bool")
    # Asking the abstract class takes longer.
    if type(step) is int or isinstance(step, (Integral, np.ndarray)):
        try:
            return _evaluate_here(schedule, step)
        except TypeError as error:
            if not _meets_traced_number(error):
                raise
            return _evaluate_jax(schedule, np.asarray(step, dtype=np.int64))
    for base in type(step).__mro__:
        evaluate = _LIBRARIES.get(base.__module__.partition(".")[0])
        if evaluate is not None:
            return evaluate(schedule, step)
    raise _not_whole(step, type(step).__name__)


def _meets_traced_number(error: TypeError) -> bool:
    """Return whether NumPy was given a number that JAX is tracing, such as a bound of a cycle."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(error, jax.errors.JAXTypeError)


def _evaluate_here(schedule: Evaluates, step: Any) -> Any:
    if not isinstance(step, np.ndarray):
        number = int(step)
        if number < 0:
            raise _negative(number)
        value = float(schedule.evaluate(number, ONE_STEP))
        if not math.isfinite(value):
            raise _not_finite(schedule, value, number)
        return value
    return _evaluate_numpy(schedule, step)


def checked_steps(step: np.ndarray) -> np.ndarray:
    """Return an array of steps as int64; refuse what are no whole numbers from 0 to 2⁶³ − 1."""
    if step.dtype.kind not in "iu":
        raise _not_whole(step, str(step.dtype))
    if step.size and step.min() < 0:
        raise _negative(int(step.min()))
    if step.size and step.max() > np.iinfo(np.int64).max:
        raise ValueError(f"steps in arrays must be below 2**63, got step={int(step.max())}")
    return step.astype(np.int64, copy=False)


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


def _not_whole(step: Any, kind: str) -> TypeError:
    shown = repr(step)
    return TypeError(
        "step must be an int or an array of ints (the number of updates already made; NumPy, "
        f"PyTorch, JAX or TensorFlow), got {shown[:60]} ({kind}); convert it first, for example "
        "with int(step) or steps.astype('int64')"
    )


def _negative(step: int) -> ValueError:
    return ValueError(f"step must be at least 0 (the first update), got {step=}")


def _not_finite(schedule: Any, value: float, step: int) -> OverflowError:
    return OverflowError(
        f"{schedule!r} gives {value} at {step=}; a scale that grows, such as Exponential with "
        "gamma > 1, overflows in the end: limit it with `cycles`, or choose gamma <= 1"
    )
