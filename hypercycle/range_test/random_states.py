"""The random states of Python, NumPy and PyTorch, kept while something runs."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def keep_random_states() -> Iterator[None]:
    """Put the states of ``random`` and ``numpy.random`` back at the end, after an error too.

    >>> with keep_random_states():
    ...     first = random.random()
    >>> random.random() == first
    True
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  (the user's global one)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


@contextmanager
def keep_random_states_of_loaders() -> Iterator[None]:
    """Also put PyTorch's state back, where it is loaded: its ``DataLoader`` serves others too."""
    torch = sys.modules.get("torch")
    with keep_random_states():
        if torch is None:
            yield
            return
        state = torch.get_rng_state()
        try:
            yield
        finally:
            torch.set_rng_state(state)
