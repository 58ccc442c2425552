"""The count of updates on PyTorch, read from the device only where somebody else has written it."""

from __future__ import annotations

from typing import Any

from hypercycle_keras.in_step import value_of_variable


class Count:
    """What a variable counts, known on the host.

    PyTorch counts the writes to a tensor. As long as an optimizer's own are the only ones, the
    count needs no reading, for which the host would have to wait until the device is done.
    """

    def __init__(self) -> None:
        self._tensor: Any = None
        self._writes = 0
        self._count = 0

    def read(self, variable: Any) -> int:
        """Return the count."""
        tensor = variable.value
        if tensor is not self._tensor or _writes(tensor) != self._writes:
            self._count = int(value_of_variable(variable))
            self._tensor, self._writes = tensor, _writes(tensor)
        return self._count

    def increase(self, variable: Any) -> None:
        """Note that the optimizer has added 1 to what was read, and read again if that is not sure.

        Each step of Keras's optimizers writes the count once.
        """
        if variable.value is self._tensor and _writes(self._tensor) == self._writes + 1 > 0:
            self._writes += 1
            self._count += 1
        else:
            self._tensor = None


def _writes(tensor: Any) -> int:
    import torch

    if torch.compiler.is_compiling() or tensor.is_inference():
        return -1  # not known
    return tensor._version  # type: ignore[no-any-return]  # noqa: SLF001
