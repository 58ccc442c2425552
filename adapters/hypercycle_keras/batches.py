"""The batches of a range test, made of what ``fit`` takes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


def batches_of(
    x: Any, y: Any, sample_weight: Any, batch_size: int, *, needs_targets: bool
) -> Iterable[Any] | Callable[[], Iterable[Any]]:
    """Return what gives the batches of an epoch each time it is iterated, or makes an iterator.

    Parameters
    ----------
    x, y, sample_weight
        Arrays, in lists and dicts where there are several; or batches as ``x`` alone.
    batch_size
        Of arrays.
    needs_targets
        Whether the model's loss compares with targets.

    Raises
    ------
    ValueError
        If the arrays do not fit together, targets are missing, or ``y`` comes beside batches.
    """
    if _are_arrays(x, y):
        return _from_arrays(x, y, sample_weight, batch_size, needs_targets=needs_targets)
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if given is not None:
            raise ValueError(
                f"{name} belongs to arrays: batches in x bring their targets, (x, y) or (x, y, "
                "sample_weight)"
            )
    if isinstance(x, keras.utils.PyDataset):
        return _FromDataset(x)
    if needs_targets and isinstance(x, (list, tuple)) and x and all(map(_is_array, x)):
        raise ValueError(
            f"x is a {type(x).__name__} of {len(x)} arrays without targets: give y beside it, "
            "range_test(model, x, y), or batches that are tuples, [(x, y), …]"
        )
    return x  # type: ignore[no-any-return]


def as_fit_gives(batch: Any) -> Any:
    """Return a batch with the arrays that a training step gets from ``fit``.

    With PyTorch they are tensors, which a step or a loss of one's own computes with; the other
    backends make theirs of NumPy's when they compile, but take none of PyTorch's ``DataLoader``.
    """
    on_torch = keras.backend.backend() == "torch"
    return keras.tree.map_structure(_as_tensor if on_torch else _without_torch, batch)


def _as_tensor(leaf: Any) -> Any:
    is_numeric = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biuf"
    return keras.ops.convert_to_tensor(leaf) if is_numeric else leaf


def _without_torch(leaf: Any) -> Any:
    torch = sys.modules.get("torch")
    is_tensor = torch is not None and isinstance(leaf, torch.Tensor)
    return leaf.numpy(force=True) if is_tensor else leaf


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")


def _are_arrays(x: Any, y: Any) -> bool:
    """Return whether x is data of whole arrays; several in a list can be batches without y."""
    if isinstance(x, (list, tuple)):
        return y is not None and bool(x) and all(map(_is_array, x))
    return _is_array(x) or isinstance(x, Mapping)


def _from_arrays(
    x: Any, y: Any, sample_weight: Any, batch_size: int, *, needs_targets: bool
) -> _FromArrays:
    arrays = keras.tree.map_structure(_as_array, (x, y, sample_weight))
    sizes = [len(leaf) for leaf in keras.tree.flatten(arrays) if leaf is not None]
    if (y is None and needs_targets) or len(set(sizes)) > 1:
        found = " and ".join(map(str, sizes)) + " of them" if len(set(sizes)) > 1 else "no y"
        raise ValueError(f"arrays x and y must have a target for each sample, got {found}")
    if sizes[0] < batch_size:
        raise ValueError(f"there are {sizes[0]} samples, fewer than {batch_size=}")
    return _FromArrays(arrays, sizes[0], batch_size)


def _as_array(leaf: Any) -> Any:
    """Return what ``fit`` takes for an array, pandas' columns and tensors among them, as one."""
    if leaf is None or isinstance(leaf, np.ndarray):
        return leaf
    array = np.asarray(_without_torch(leaf))
    if array.ndim == 0:
        raise ValueError(
            f"x and y must be arrays, or lists and dicts of arrays, got {leaf!r:.80} in one of "
            "them: np.asarray(…) makes an array of a list of numbers"
        )
    # Of a Series, fit makes a column.
    return array[:, None] if hasattr(leaf, "iloc") and array.ndim == 1 else array


@dataclass(frozen=True)
class _FromArrays:
    arrays: Any
    size: int
    batch_size: int

    def __iter__(self) -> Iterator[Any]:
        order = np.random.permutation(self.size)  # noqa: NPY002  (whose state is put back)
        for first in range(0, self.size - self.batch_size + 1, self.batch_size):
            rows = order[first : first + self.batch_size]
            yield keras.tree.map_structure(
                lambda leaf, rows=rows: None if leaf is None else leaf[rows], self.arrays
            )


@dataclass(frozen=True)
class _FromDataset:
    dataset: keras.utils.PyDataset

    def __iter__(self) -> Iterator[Any]:
        number = self.dataset.num_batches
        begin = getattr(self.dataset, "on_epoch_begin", None)  # of newer versions
        if begin is not None:
            begin()
        for index in itertools.count() if number is None else range(number):
            yield self.dataset[index]
        self.dataset.on_epoch_end()
