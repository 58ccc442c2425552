"""Whether a function can be traced in its hyperparameters, and which of them it depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp


def check_traceable(
    function: Callable[[Sequence[Any]], Any], names: Sequence[str], values: Sequence[float]
) -> list[bool]:
    """Trace ``function(values)`` and return which of the values its result depends on.

    Nothing is computed. A value that only an inner jitted function ignores counts as used.

    Raises
    ------
    TypeError
        If a value cannot be traced, with its name; whatever ``function`` raises if it does so for
        Python floats as well.
    """
    try:
        return _used(function, values, range(len(values)))
    except Exception as error:
        try:
            jax.eval_shape(lambda: _arrays(function(values)))
        except Exception:  # noqa: BLE001  (not a matter of tracing)
            error.add_note(f"(while hypercycle looked at what {', '.join(names)} would change)")
            raise error from None
        culprits = [
            names[index] for index in range(len(values)) if _fails(function, values, index)
        ] or list(names)
        reason = str(error).strip().splitlines()[0]
        raise TypeError(
            f"{', '.join(culprits)} cannot follow a schedule: the code behind it needs a Python "
            f"number, which is not there while JAX traces; give it as fixed ({reason})"
        ) from error


def _fails(function: Callable[[Sequence[Any]], Any], values: Sequence[float], index: int) -> bool:
    try:
        _used(function, values, [index])
    except Exception:  # noqa: BLE001  (whichever way it fails)
        return True
    return False


def _used(
    function: Callable[[Sequence[Any]], Any], values: Sequence[float], traced: Sequence[int]
) -> list[bool]:
    def flat(*arguments: Any) -> list[Any]:
        mixed = list(values)
        for index, argument in zip(traced, arguments, strict=True):
            mixed[index] = argument
        return _arrays(function(mixed))

    scalar = jnp.zeros((), jnp.result_type(float))
    jaxpr = jax.make_jaxpr(flat)(*[scalar] * len(traced)).jaxpr
    live = {id(variable) for variable in jaxpr.outvars}
    for equation in reversed(jaxpr.eqns):
        if equation.effects or any(id(variable) in live for variable in equation.outvars):
            live.update(id(variable) for variable in equation.invars)
    return [id(variable) in live for variable in jaxpr.invars]


def _arrays(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array)]
