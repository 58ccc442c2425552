"""The small array namespace that every waveform and scale policy is written in.

A formula such as ``xp.sin(x) * xp.sin(x)`` runs unchanged on NumPy, PyTorch, JAX and TensorFlow,
because ``xp`` offers the same functions on each: ``abs cos exp floor log maximum minimum sin sqrt
where``. Arguments may be arrays or Python numbers. Everything is float64 (the clock: int64); where
a library has no float64 at hand, the value is rounded once, at the very end.

Libraries are recognised by the type of the step, never imported for the user: whoever passes a
tensor has imported its library.
"""

from __future__ import annotations

from hypercycle.namespaces.evaluation import evaluate_at
from hypercycle.namespaces.namespace import NUMPY, Namespace, Scale, Waveform

__all__ = ["NUMPY", "Namespace", "Scale", "Waveform", "evaluate_at"]
