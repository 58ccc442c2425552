"""``computed_once``: a property that is computed when it is first asked for, and kept."""

from __future__ import annotations

import functools
from typing import Any, Self, TypeVar, overload

Value = TypeVar("Value")


class computed_once(functools.cached_property[Value]):  # noqa: N801  (used as @property is)
    """``functools.cached_property`` without the lock that it has before Python 3.12.

    One lock served all instances: two threads that load plugins could wait for each other for ever,
    and torch.compile cannot enter it. Two threads may compute the same value here; one is kept.
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Value: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        """Return the value, and keep it in the instance, where it is found before this is asked."""
        if instance is None:
            return self
        value = instance.__dict__[self.attrname] = self.func(instance)
        return value
