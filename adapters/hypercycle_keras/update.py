"""The values of one update, and what is put in the place of an optimizer's own meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hypercycle_keras.groups import indices_by_patterns
from hypercycle_keras.names import LEARNING_RATE

_SLOT = "_update"


class Update:
    """The update that an optimizer is making, with other values than it was made with.

    It is the optimizer's ``_update`` for the time of :func:`update_with`, and only then.

    Attributes
    ----------
    rate
        The learning rate that takes the place of the optimizer's variable, if any does.
    """

    __slots__ = ("_attributes", "_grouped", "_own", "_threads", "rate")

    def __init__(self, attributes: dict[str, Any], names: Sequence[str]) -> None:
        self._attributes = attributes
        self._own = {name: attributes[name] for name in names if name in attributes}
        self._grouped: Mapping[str, Mapping[str, Any]] = {}
        self._threads = 0
        self.rate: Any = None

    def enter(
        self, shared: Mapping[str, Any], grouped: Mapping[str, Mapping[str, Any]], rate: Any
    ) -> None:
        """Put the values of a thread in place, over those of the threads before it."""
        self._threads += 1
        self._attributes.update(shared)
        self._grouped = grouped
        if rate is not None:
            self.rate = rate

    def leave(self) -> bool:
        """Put back the optimizer's own values if this is the last thread; return whether it is."""
        self._threads -= 1
        if self._threads == 0:
            self._attributes.update(self._own)
        return self._threads == 0

    def each_group(self, variables: Sequence[Any]) -> Iterator[Sequence[int]]:
        """Yield the indices of variables with the same values, while these are in place."""
        grouped = self._grouped
        if not grouped:
            yield range(len(variables))
            return
        for patterns, indices in indices_by_patterns(grouped, variables).items():
            for (name, values), pattern in zip(grouped.items(), patterns, strict=True):
                value = values[pattern]
                if name != LEARNING_RATE:
                    self._attributes[name] = self._own[name] if value is None else value
                elif value is not None:
                    self.rate = value
            try:
                yield indices
            finally:
                if LEARNING_RATE in grouped:
                    self.rate = None
                own = self._own
                self._attributes.update({name: own[name] for name in grouped if name in own})


@contextmanager
def update_with(
    optimizer: Any,
    shared: Mapping[str, Any],
    grouped: Mapping[str, Mapping[str, Any]],
    rate: Any = None,
) -> Iterator[None]:
    """Put values in the place of an optimizer's own for the time of an update.

    The replicas of a tf.distribute strategy are threads that overlap here: the last one puts the
    optimizer's own values back.

    Parameters
    ----------
    shared
        Values by attribute.
    grouped
        Values by attribute and pattern, None where the optimizer's own stays.
    rate
        The learning rate, where it is not to be read from the optimizer's variable.
    """
    attributes = vars(optimizer)  # not by setattr, which Keras and TensorFlow watch
    update = attributes.get(_SLOT)
    if update is None:
        update = attributes[_SLOT] = Update(attributes, [*shared, *grouped])
    update.enter(shared, grouped, rate)
    try:
        yield
    finally:
        if update.leave():
            del attributes[_SLOT]
