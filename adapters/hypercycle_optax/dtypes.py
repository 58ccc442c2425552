"""Results keep the dtypes that they have with Python floats as hyperparameters."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def has_low_precision(tree: Any) -> bool:
    """Return whether a float of JAX's default dtype would change the dtype of an array here."""
    default = jnp.result_type(float)
    return any(
        jnp.issubdtype(leaf.dtype, jnp.inexact)
        and jnp.promote_types(leaf.dtype, default) != leaf.dtype
        for leaf in jax.tree.leaves(tree)
        if hasattr(leaf, "dtype")
    )


def as_dtype_of(leaf: Any, wanted: Any) -> Any:
    """Return an array in the dtype of ``wanted``; anything else as it is."""
    if not hasattr(leaf, "dtype") or leaf.dtype == wanted.dtype:
        return leaf
    return leaf.astype(wanted.dtype)


def strong(tree: Any) -> Any:
    """Give weakly typed leaves their dtype for good, so that nothing is compiled a second time."""
    return jax.tree.map(
        lambda leaf: (
            jax.lax.convert_element_type(leaf, leaf.dtype)
            if isinstance(leaf, jax.Array) and getattr(leaf, "weak_type", False)
            else leaf
        ),
        tree,
    )
