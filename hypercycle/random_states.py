"""The random states of Python and NumPy, kept while something runs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def kept_random_states() -> Iterator[None]:
    """Put the states of ``random`` and ``numpy.random`` back at the end, after an error too.

    >>> with kept_random_states():
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
