"""Observers: plugins that log what cycles, to CSV, TensorBoard, Weights & Biases or a function.

An observer is registered before :func:`hypercycle.attach` is called. It then hears of every step of
a PyTorch optimizer or a plain object, and of a Keras optimizer by way of
``hypercycle_keras.CycleHistory``. A compiled Optax step calls none: call ``write(step, values)``.

A row is written when training moves on from its step. So there is one row for each update, with the
values that it was made with; values that hold after the last update, or that ``attach``
sets before a saved state is loaded, are not written.

Values that differ by group become ``weight_decay/0``, or ``weight_decay/biases`` where groups have
names.
"""

from __future__ import annotations

from hypercycle.observers.call import Call
from hypercycle.observers.csv_file import CSV
from hypercycle.observers.observer import Observer, flat
from hypercycle.observers.tensorboard import TensorBoard
from hypercycle.observers.weights_and_biases import WeightsAndBiases

__all__ = ["CSV", "Call", "Observer", "TensorBoard", "WeightsAndBiases", "flat"]
