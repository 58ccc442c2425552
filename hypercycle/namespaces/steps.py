"""Which steps there are: whole numbers from 0, alone or in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def checked_steps(step: np.ndarray) -> np.ndarray:
    """Return an array of steps as int64; refuse all but whole numbers from 0 to 2⁶³ − 1."""
    if step.dtype.kind not in "iu":
        raise not_whole(step, str(step.dtype))
    if step.size and step.min() < 0:
        raise negative(int(step.min()))
    if step.size and step.max() > np.iinfo(np.int64).max:
        raise ValueError(f"steps in arrays must be below 2**63, got step={int(step.max())}")
    return step.astype(np.int64, copy=False)


def not_whole(step: Any, kind: str) -> TypeError:
    """Return the error for what is not a step; ``kind`` is its type in words."""
    shown = repr(step)
    return TypeError(
        "step must be an int or an array of ints (the number of updates already made; NumPy, "
        f"PyTorch, JAX or TensorFlow), got {shown[:60]} ({kind}); convert it first, for example "
        "with int(step) or steps.astype('int64')"
    )


def negative(step: int) -> ValueError:
    """Return the error for a step below 0."""
    return ValueError(f"step must be at least 0 (the first update), got {step=}")
