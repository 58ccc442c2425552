"""Schedules on JAX's arrays, traced ones too. Imported when there is one."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType

from hypercycle.namespaces.namespace import NUMPY_FUNCTIONS, Evaluates, Namespace
from hypercycle.namespaces.steps import not_whole


@functools.cache
def _namespace() -> Namespace:
    # JAX neither searches nor gathers by what is sharded over an explicit mesh. A short table is
    # compared at once sooner than searched in a loop.
    short = 256

    def search(table: Any, steps: Any) -> Any:
        table = jnp.asarray(table)
        if table.size <= short or _is_explicitly_sharded(steps):
            return (table <= steps[..., None]).sum(axis=-1)
        return jnp.searchsorted(table, steps, side="right")

    def take(table: Any, index: Any) -> Any:
        table = jnp.asarray(table)
        if not _is_explicitly_sharded(index):
            return table[..., index]
        size = table.shape[-1]
        by_index = table.reshape(*table.shape[:-1], *[1] * index.ndim, size)
        chosen = index[..., None] == jnp.arange(size)
        # The greatest of one: a sum would lose the sign of -0.0.
        least = -jnp.inf if jnp.issubdtype(table.dtype, jnp.floating) else -(2**63)
        return jnp.max(by_index, axis=-1, where=chosen, initial=least)

    return Namespace(
        **{name: getattr(jnp, name) for name in NUMPY_FUNCTIONS},
        to_float=lambda steps: steps.astype(jnp.float64),
        lesser=jnp.minimum,
        clip=jnp.clip,
        take=take,
        search=search,
    )


def _is_explicitly_sharded(array: Any) -> bool:
    return AxisType.Explicit in jax.typeof(array).sharding.mesh.axis_types


def evaluate(schedule: Evaluates, step: Any) -> Any:
    """Return values at an array of steps, in JAX's default float dtype."""
    if not jnp.issubdtype(step.dtype, jnp.integer) or step.dtype == np.uint64:
        raise not_whole(step, str(step.dtype))
    result_dtype = jnp.result_type(float)  # float32 unless the user has switched x64 on
    if not lowers_float64(jax.default_backend()):
        from hypercycle.namespaces import float32_pairs

        value = float32_pairs.evaluate(schedule, step)
        return jnp.broadcast_to(jnp.asarray(value, dtype=result_dtype), step.shape)
    with _float64():
        value = schedule.evaluate(jnp.asarray(step).astype(jnp.int64), _namespace())
        return jnp.broadcast_to(jnp.asarray(value, dtype=result_dtype), step.shape)


def _float64() -> AbstractContextManager[Any]:
    """Return the context in which JAX has 64 bits, whatever the user has switched on or off."""
    return jax.enable_x64(True)  # type: ignore[no-any-return]


@functools.cache
def lowers_float64(platform: str) -> bool:
    """Return whether float64 inside a float32 program works, found by trying it once.

    It does not on a platform without float64, nor before jax 0.8, where a loop outside of ``jit``
    refuses 64-bit constants. ``platform`` is the default one, which the trial runs on.
    """
    del platform

    def rest_of_third(step: Any) -> Any:
        with _float64():
            third = step.astype(jnp.int64).astype(jnp.float64) / 3.0
            return (third - float(np.float32(1 / 3))).astype(jnp.float32)

    try:
        program = jax.jit(rest_of_third).lower(np.int32(1)).compile()
        return float(program(np.int32(1))) != 0.0
    except Exception:  # noqa: BLE001  (each version and platform fails in its own way)
        return False
