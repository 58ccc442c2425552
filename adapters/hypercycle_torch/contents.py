"""What attributes hold: tensors, arrays and containers, put back as they were."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

# Containers longer than this hold data: their members are kept, but not what is in these.
MOST_PARTS = 100


@contextmanager
def keep_contents(
    owners: Iterable[dict[str, Any]], *, inside: bool, besides: Collection[str] = ()
) -> Iterator[None]:
    """Keep the entries of these dicts, and of the containers in them.

    Parameters
    ----------
    owners
        The attributes of objects, as ``vars`` has them.
    inside
        Whether the numbers in their tensors and arrays are kept too.
    besides
        Attributes of which only the object is kept, since its contents are kept elsewhere.
    """
    found = _containers(owners, besides)
    kept = [restore for one in found if (restore := _restore(one)) is not None]
    tensors: list[tuple[torch.Tensor, torch.Tensor]] = []
    arrays: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []
    if inside:
        values = [value for one in found for value in _members(one, besides)]
        tensors = [(tensor, tensor.detach().clone()) for tensor in tensors_in(values)]
        arrays = [
            (value, value.copy())
            for value in values
            if isinstance(value, np.ndarray) and value.flags.writeable
        ]
    try:
        yield
    finally:
        for restore in kept:
            restore()
        fill(tensors)
        for array, before in arrays:
            array[...] = before


def _containers(owners: Iterable[Any], besides: Collection[str]) -> list[Any]:
    """Return these containers and those inside of them, each once."""
    seen: dict[int, Any] = {}
    waiting = list(owners)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or not isinstance(one, dict | list | tuple | set | deque):
            continue
        seen[id(one)] = one
        waiting += _members(one, besides)
    return list(seen.values())


def _members(container: Any, besides: Collection[str]) -> list[Any]:
    if len(container) > MOST_PARTS:
        return []
    if isinstance(container, dict):
        return [value for key, value in container.items() if key not in besides]
    return list(container)


def _restore(container: Any) -> Callable[[], None] | None:
    """Return what gives a container the members that it has now; None for what cannot change."""
    if isinstance(container, dict):
        entries = dict(container)
        return lambda: put_back(container, entries)
    if isinstance(container, set):
        elements = set(container)
        return lambda: _put_elements_back(container, elements)
    if isinstance(container, list | deque):
        members = list(container)
        return lambda: _put_members_back(container, members)
    return None


def _put_elements_back(elements: set[Any], before: set[Any]) -> None:
    if elements != before:  # else they keep their order
        elements.clear()
        elements.update(before)


def _put_members_back(members: list[Any] | deque[Any], before: list[Any]) -> None:
    members.clear()
    members.extend(before)


def put_back(members: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Give a dict the entries that it had, in their order, without ever emptying it."""
    for key in [key for key in members if key not in before]:
        del members[key]
    members.update(before)
    if list(map(id, members)) != list(map(id, before)):
        for key in before:
            members[key] = members.pop(key)


def tensors_in(values: Iterable[Any]) -> list[torch.Tensor]:
    """Return the tensors that can be filled; others are results, which nobody writes into."""
    return [one for one in values if isinstance(one, torch.Tensor) and one.grad_fn is None]


@torch.no_grad()
def fill(kept: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Copy into each tensor the values of the other."""
    for tensor, values in kept:
        if tensor.layout is torch.strided and 0 in tensor.stride():
            # Of an expanded tensor, one entry stands for all.
            one = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in tensor.stride())
            tensor[one].copy_(values[one])
        else:
            tensor.copy_(values)
