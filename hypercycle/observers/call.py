"""The values handed to a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypercycle.observers.observer import Observer, flat


class Call(Observer):
    """Calls ``function(step, values)`` for each update: for any logger that takes numbers by names.

    Parameters
    ----------
    function
        Called with the step, an int, and a dict of floats by name, in the training loop. What it
        raises ends the training run.
    target
        What to log: the optimizer, or other object, that the plan is attached to. If not given, the
        first one, and a second one is an error.
    every
        Log each step that is a multiple of this.

    Raises
    ------
    TypeError
        If ``function`` cannot be called.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import hypercycle as hc
    >>> with Call(print):
    ...     cycler = hc.attach(SimpleNamespace(p=0.5), p=hc.Cycle(0.1, 0.3, step_size_up=2))
    ...     for _ in range(3):
    ...         cycler.step()
    0 {'p': 0.1}
    1 {'p': 0.2}
    2 {'p': 0.3}
    """

    def __init__(
        self,
        function: Callable[[int, dict[str, float]], object],
        *,
        target: Any = None,
        every: int = 1,
    ) -> None:
        super().__init__(target, every)
        if not callable(function):
            raise TypeError(f"Call takes a function(step, values), got {function!r}")
        self._function = function

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where no cycler calls observers, as beside a compiled Optax step."""
        self._function(int(step), flat(values))  # the step may be an array, beside a compiled one

    def __repr__(self) -> str:
        return f"Call({self._function!r})"
