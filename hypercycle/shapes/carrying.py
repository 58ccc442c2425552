"""Names that only one process knows, carried with a pickle to another that knows them not."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from typing import Any

from hypercycle.shapes import registry

Registered = dict[tuple[str, str], Callable[..., Any]]
"""What was registered, by ``(kind, name)``."""


def registered_names(values: Iterable[Any]) -> Registered:
    """Return what ``register_waveform`` and ``register_scale`` gave these names, if it pickles.

    Names that are built in, or a plugin's, are known in every process.
    """
    return {
        (kind, name): value
        for kind, name, value in registry.registered_among(values)
        if _can_be_pickled(value)
    }


def register_again(names: Registered) -> None:
    """Register what another process has registered; ValueError if a name is another's here."""
    for (kind, name), value in names.items():
        register = registry.register_waveform if kind == "waveform" else registry.register_scale
        register(name, value)


def _can_be_pickled(value: Callable[..., Any]) -> bool:
    # By reference, as pickle has functions: one of a notebook's own, or a lambda, is nowhere.
    try:
        pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
