"""What drawing batches changes, kept while something runs: random states, loaders, datasets."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from hypercycle.range_test.random_states import keep_random_states
from hypercycle_torch.contents import MOST_PARTS, keep_contents


@contextmanager
def keep_batches(batches: Any) -> Iterator[None]:
    """Keep what drawing batches changes: random states, the loader's own ones and its position."""
    with keep_random_states(), keep_torch_random_states(), keep_loader(batches):
        yield


@contextmanager
def keep_torch_random_states() -> Iterator[None]:
    """Keep PyTorch's random states, of the CPU and of each accelerator that is in use."""
    cpu = torch.get_rng_state()
    accelerators = [
        (device.set_rng_state_all, device.get_rng_state_all())
        for device in (torch.cuda, torch.xpu)
        if device.is_initialized()
    ]
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        for put_back, states in accelerators:
            put_back(states)
        if mps is not None:
            torch.mps.set_rng_state(mps)


@contextmanager
def keep_loader(loader: Any) -> Iterator[None]:
    """Keep a loader's generators, its position, and its samplers' and datasets' attributes."""
    parts = _parts(loader)
    generators = [put_back for part in parts if (put_back := _generator_state(part)) is not None]
    attributes = [vars(part) for part in parts if hasattr(part, "__dict__")]
    # A DataLoader's position is in its attributes; loading a state would move the iterator that
    # comes next, while one that is in use goes on where it is.
    stateful = not isinstance(loader, torch.utils.data.DataLoader) and has_state(loader)
    state = copy.deepcopy(loader.state_dict()) if stateful else None
    try:
        with keep_contents(attributes, inside=False):
            for part in parts:
                if isinstance(part, torch.utils.data.DataLoader):
                    vars(part)["_iterator"] = None  # the one in use keeps its workers for itself
            yield
    finally:
        for put_back in generators:
            put_back()
        if stateful:
            loader.load_state_dict(state)


def has_state(one: Any) -> bool:
    """Return whether this can hand out its state and take it back."""
    return all(callable(getattr(one, name, None)) for name in ("state_dict", "load_state_dict"))


def _parts(loader: Any) -> list[Any]:
    """Return a loader and the samplers, datasets, functions and generators that it consists of."""
    seen: dict[int, Any] = {}
    waiting = [loader]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        if isinstance(one, (list, tuple, dict)):
            members = one.values() if isinstance(one, dict) else one
            waiting += members if len(members) <= MOST_PARTS else ()
        elif _is_part(one):
            waiting += vars(one).values() if hasattr(one, "__dict__") else ()
    return [one for one in seen.values() if _is_part(one)]


def _is_part(value: Any) -> bool:
    if isinstance(value, (type, ModuleType, nn.Module, torch.Tensor, np.ndarray)):
        return False
    does_something = callable(value) or any(
        hasattr(type(value), name) for name in ("__iter__", "__getitem__")
    )
    return _generator_state(value) is not None or (does_something and hasattr(value, "__dict__"))


def _generator_state(generator: Any) -> Callable[[], Any] | None:
    """Return what sets a random generator back to where it is now; None for anything else."""
    if isinstance(generator, torch.Generator):
        state = generator.get_state()
        return lambda: generator.set_state(state)
    if isinstance(generator, np.random.RandomState):
        legacy = generator.get_state()
        return lambda: generator.set_state(legacy)
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        before = bits.state
        return lambda: setattr(bits, "state", before)
    if isinstance(generator, random.Random) and not isinstance(generator, random.SystemRandom):
        python = generator.getstate()
        return lambda: generator.setstate(python)
    return None
