"""Telling others of a step: who asked for events, and the observers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hypercycle import plugins
from hypercycle.numbers.clock import Event


def tell_events(on_event: Callable[..., object], events: Iterable[Event]) -> list[Exception]:
    """Call a function with each event, and return the errors of those calls that failed."""
    errors: list[Exception] = []
    for event in events:
        try:
            on_event(*event)
        except Exception as error:  # noqa: BLE001  (the caller's to raise)
            errors.append(error)
    return errors


def tell_observers(observers: Iterable[Any], told: Callable[[], dict[str, Any]]) -> list[Exception]:
    """Tell each observer what there is to tell, and return the errors of those that failed."""
    errors: list[Exception] = []
    for observer in observers:
        try:
            plugins.call(observer, **told())
        except Exception as error:  # noqa: BLE001  (the caller's to raise)
            errors.append(error)
    return errors


def raise_first(errors: list[Exception]) -> None:
    """Raise the first of these errors, with the others as its notes."""
    if errors:
        for other in errors[1:]:
            errors[0].add_note(f"(and then: {type(other).__name__}: {other})")
        raise errors[0]
