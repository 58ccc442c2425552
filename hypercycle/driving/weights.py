"""What a ``Mixture`` is written to: a dict, list, tuple, array or tensor of weights."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import numpy as np

from hypercycle.numbers.checks import shown
from hypercycle.schedules.mixture import Mixture


def check_holder(target: Any, name: str, mixture: Mixture) -> None:
    """Refuse what cannot hold the weights of a mixture.

    Raises
    ------
    TypeError
        If the attribute is missing, or neither a dict nor a list, tuple, array or tensor of floats.
    ValueError
        If it has other keys, or another length, than the mixture has names.
    """
    kind, names = type(target).__name__, list(mixture)
    holder: Any = getattr(target, name, None)
    if isinstance(holder, MutableMapping):
        if set(holder) != set(names):
            raise ValueError(
                f"{name} of {kind} has the keys {shown(list(holder))}, and its Mixture the names "
                f"{shown(names)}: they must be the same"
            )
        return
    if not isinstance(holder, (list, tuple)) and not _is_array(holder):
        raise TypeError(
            f"{name} of {kind} must be a dict, or a list, tuple, array or tensor of floats, to "
            f"follow a Mixture, got {shown(holder)} ({type(holder).__name__})"
        )
    shape = (len(holder),) if isinstance(holder, (list, tuple)) else tuple(holder.shape)
    if shape != (len(names),):
        raise ValueError(
            f"{name} of {kind} has {shape[0] if len(shape) == 1 else f'the shape {shape}'} and its "
            f"Mixture {len(names)} weights, {shown(names)}: they must be as many"
        )


def write_weights(target: Any, name: str, names: Sequence[Any], weights: Sequence[Any]) -> None:
    """Write weights into what the attribute holds; a tuple is replaced."""
    holder = getattr(target, name)
    if isinstance(holder, MutableMapping):
        holder.update(zip(names, weights, strict=True))
    elif isinstance(holder, tuple):
        setattr(target, name, tuple(weights))
    elif isinstance(holder, list):
        holder[:] = weights
    elif isinstance(holder, np.ndarray):
        holder[...] = weights
    else:
        tensor = holder.detach()  # a leaf that needs gradients cannot be written otherwise
        tensor.copy_(tensor.new_tensor(list(weights)))


def keep_weights(target: Any, name: str) -> Callable[[], object]:
    """Return what writes the present weights again, into what holds them."""
    holder = getattr(target, name)
    if isinstance(holder, tuple):
        return lambda: setattr(target, name, holder)
    if isinstance(holder, MutableMapping):
        items = dict(holder)
        return lambda: holder.update(items)
    kept = list(holder) if isinstance(holder, list) else holder.tolist()
    return lambda: write_weights(target, name, (), kept)


def _is_array(holder: Any) -> bool:
    """Return whether this is an array or a tensor of floats that can be written in place."""
    is_writable = isinstance(holder, np.ndarray) or hasattr(holder, "copy_")
    return is_writable and "float" in str(holder.dtype)
