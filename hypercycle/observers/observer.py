"""What all observers share: which target they watch, and when a row is due."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypercycle.numbers.checks import whole_number
from hypercycle.plugins.hookspecs import hookimpl
from hypercycle.plugins.host import register_plugin, unregister_plugin

if TYPE_CHECKING:
    from typing import Self


def flat(values: Mapping[str, Any]) -> dict[str, float]:
    """Return values as logs take them, one number for each name.

    >>> flat({"lr": 0.1, "weight_decay": {0: 0.01, "biases": 0.0}})
    {'lr': 0.1, 'weight_decay/0': 0.01, 'weight_decay/biases': 0.0}
    """
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            numbers.update({f"{name}/{group}": float(one) for group, one in value.items()})
        else:
            numbers[name] = float(value)
    return numbers


class Observer(ABC):
    """What the observers share. Use one of them as a context manager, or register it.

    ``with observers.CSV("values.csv"):`` registers the observer and closes it at the end, also when
    training fails. Elsewhere, ``hypercycle.register_plugin(observer)`` and ``observer.close()``.
    """

    def __init__(self, target: Any, every: int) -> None:
        self._target = target
        self._takes_any = target is None
        self._every = whole_number(every, "every", 1)
        self._names: tuple[str, ...] | None = None
        self._in_force: tuple[int, Mapping[str, Any]] | None = None
        self._has_moved = False
        self._closed = False

    @abstractmethod
    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where no cycler calls observers, as beside a compiled Optax step."""

    def close(self) -> None:
        """Unregister it and end the log; what comes later is not logged."""
        with suppress(ValueError):  # it is not registered
            unregister_plugin(self)
        self._closed = True
        self._target = self._in_force = None  # which cyclers that still hold it may outlive

    @hookimpl
    def hypercycle_step(self, step: int, values: Mapping[str, Any], target: Any) -> None:
        """Write the row of the step that training has moved on from."""
        if self._closed or not self._watches(target, tuple(values)):
            return
        before, self._in_force = self._in_force, (step, values)
        if before is None:
            return
        # A jump from the first step is a saved state that is loaded, not an update.
        moved = step != before[0] if self._has_moved else step == before[0] + 1
        self._has_moved = True
        if moved and before[0] % self._every == 0:
            self.write(*before)

    def _watches(self, target: Any, names: tuple[str, ...]) -> bool:
        if self._names is None and self._takes_any:
            self._target = target
        if target is not self._target:
            if not self._takes_any:
                return False
            raise ValueError(
                f"{self!r} logs the {', '.join(self._names or ())} of one "
                f"{type(self._target).__name__} but received the {', '.join(names)} of another "
                f"target, a {type(target).__name__}: say which it is for, with target=…, and give "
                "each an observer of its own"
            )
        if self._names is None:
            self._names = names
        elif names != self._names:
            raise ValueError(
                f"{self!r} logs {', '.join(self._names)} of a {type(target).__name__} but received "
                f"{', '.join(names)} of the same one: attach one plan with all of them"
            )
        return True

    def __enter__(self) -> Self:
        if self._closed:
            raise ValueError(f"{self!r} is closed: make another")
        register_plugin(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
