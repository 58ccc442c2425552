"""Who drives what at present, so that two cyclers do not meet on one hyperparameter unnoticed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any
from weakref import WeakValueDictionary

# By the target's identity, since not everything that has attributes can be hashed, and by the
# place in it: the cycler that took it last. A cycler that is gone leaves by itself.
_drivers: WeakValueDictionary[tuple[int, Hashable], Any] = WeakValueDictionary()


def driver_of(target: Any, place: Hashable) -> Any:
    """Return the cycler that took a place of a target last; None if it is gone."""
    cycler = _drivers.get((id(target), place))
    return cycler if cycler is not None and _is_of(cycler, target) else None


def _is_of(cycler: Any, target: Any) -> bool:
    # Another object may have got the identity of a target that is gone.
    try:
        return cycler.target is target
    except ReferenceError:
        return False


def take(cycler: Any, places: Iterable[Hashable]) -> None:
    """Note that a cycler drives these places of its target from now on."""
    for place in places:
        _drivers[id(cycler.target), place] = cycler


def release(cycler: Any, places: Iterable[Hashable]) -> None:
    """Note that a cycler drives these places no more."""
    for place in places:
        if driver_of(cycler.target, place) is cycler:
            del _drivers[id(cycler.target), place]
