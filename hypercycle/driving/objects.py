"""Plain objects as targets: attributes that are numbers, such as ``dropout.p``, or weights."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from hypercycle import plugins
from hypercycle.driving.counting import Counting
from hypercycle.driving.cycler import Cycler
from hypercycle.driving.names import (
    is_neutral,
    is_not_a_number,
    is_number,
    needs_whole_numbers,
)
from hypercycle.driving.options import Options
from hypercycle.driving.tracks import Track
from hypercycle.driving.weights import check_holder, keep_weights, write_weights
from hypercycle.numbers.checks import shown
from hypercycle.numbers.lengths import STEPS
from hypercycle.numbers.spelling import suggestion
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.mixture import Mixture

_HONOURED = {
    "start_step", "relative", "on_mismatch", "on_event", "events_of", "marks", "at_end", "clock"
}  # fmt: skip
_OR_A_FLOAT = "if it may be any number, let it be a float before it is attached"
_INSTEAD = {"advance": "it makes no steps that could be counted; call step() after each update"}


def attach_object(target: Any, plan: Plan, options: Options) -> ObjectCycler:
    """Return a cycler that sets attributes of ``target``; see :func:`hypercycle.attach`."""
    if inspect.isclass(target):
        raise TypeError(f"attach() drives an instance, got the class {target.__qualname__}")
    kind = ObjectCycler if options.clock == STEPS else CountingObjectCycler
    return kind(target, plan, options)


class ObjectCycler(Cycler):
    """Sets numeric attributes of any object to the values of its step.

    A number is assigned, a tensor or array with one element is filled in place. What holds a whole
    number, as a batch size does, takes whole numbers alone. With ``relative=True`` a schedule
    multiplies the attribute's initial value.
    """

    def __init__(self, target: Any, plan: Plan, options: Options) -> None:
        options.refuse_others(_HONOURED, f"a {type(target).__name__}", _INSTEAD)
        self._object = target
        relative = options.relative_names(plan)
        for name in relative:
            if isinstance(plan[name], Mixture):
                raise ValueError(f"{name} is a Mixture, whose weights sum to 1: none is relative")
        initial = {name: [_number(target, name)] for name in relative}
        self.begin(plan, options, initial or None)

    @property
    def target(self) -> Any:
        """The object."""
        return self._object

    def tracks_for(self, plan: Plan, initial: dict[str, list[float]] | None) -> tuple[Track, ...]:
        """Return the tracks of a plan; refuse what is not a numeric attribute."""
        return tuple(self._track(name, schedule, initial) for name, schedule in plan.items())

    def _track(self, name: str, schedule: Any, initial: dict[str, list[float]] | None) -> Track:
        if isinstance(schedule, Mixture):
            check_holder(self._object, name, schedule)
            return Track(name, tuple(schedule.values()), tuple(schedule))
        _number(self._object, name)
        if isinstance(schedule, Groups):
            raise ValueError(
                f"{name} has Groups, but a {type(self._object).__name__} has no parameter groups"
            )
        factors = tuple(initial[name]) if initial and name in initial else None
        present = getattr(self._object, name)
        track = Track(name, (schedule,), factors=factors, whole=_is_whole(present))
        if track.whole and not track.gives_whole_numbers():
            kind = type(self._object).__name__
            raise needs_whole_numbers(name, kind, present, schedule, _OR_A_FLOAT)
        return track

    def install(self, tracks: tuple[Track, ...], columns: list[list[Any]]) -> None:
        """Assign the first values; a property may refuse one."""
        for track, column in zip(tracks, columns, strict=True):
            try:
                _write(self._object, track, column[0])
            except Exception as error:
                raise ValueError(
                    f"{type(self._object).__name__} refuses {track.name}={column[0]!r}: {error}"
                ) from error

    def keep(self, tracks: tuple[Track, ...]) -> Callable[[], object]:
        """Return what assigns the present values again."""
        target = self._object  # not this cycler, which would be circular
        weights = [keep_weights(target, track.name) for track in tracks if track.keys is not None]
        present = {track.name: getattr(target, track.name) for track in tracks if not track.keys}
        before = [
            # An int stays one; what is filled in place changes under our hands.
            (name, value if isinstance(value, Real) else _number(target, name))
            for name, value in present.items()
        ]

        def put_back() -> None:
            for name, value in before:
                _set(target, name, value)
            for put_weights_back in weights:
                put_weights_back()

        return put_back

    def write(self, tracks: tuple[Track, ...], row: tuple[Any, ...]) -> None:
        """Assign each attribute."""
        for track, value in zip(tracks, row, strict=True):
            _write(self._object, track, value)


def _write(target: Any, track: Track, value: Any) -> None:
    if track.keys is None:
        _set(target, track.name, value)
    else:
        write_weights(target, track.name, track.keys, value)


class CountingObjectCycler(Counting, ObjectCycler):
    """The cycler of an object whose plan is not in updates: ``step(tokens=…)`` moves it on."""


def _set(target: Any, name: str, value: float | Real) -> None:
    present = getattr(target, name)
    fill = getattr(present, "fill_", None) or getattr(present, "fill", None)
    # NumPy's scalars have a fill() that fills a copy.
    if fill is None or isinstance(present, Real):
        setattr(target, name, value)
    else:
        fill(value)


def _number(target: Any, name: str) -> float:
    """Return an attribute as a float; refuse what is missing or no number."""
    kind = type(target).__name__
    if not hasattr(target, name):
        known = _numeric_attributes(target)
        if not known:
            raise TypeError(
                f"no plugin can drive a {kind}: pass an optimizer of a supported framework, or an "
                f"object with a numeric attribute {name!r}, got {shown(target)}{plugins.problems()}"
            )
        instead = (
            f"{name} belongs to an optimizer: attach(optimizer, {name}=…); "
            if is_neutral(name)
            else suggestion(name, known)
        )
        raise ValueError(
            f"{kind} has no attribute {name!r}; {instead}its numeric attributes: "
            f"{', '.join(known)}{plugins.problems()}"
        )
    value = getattr(target, name)
    if not _is_number(value):
        raise is_not_a_number(name, kind, value)
    return float(value.item() if hasattr(value, "item") else value)


def _is_number(value: Any) -> bool:
    one_element = getattr(value, "shape", None) in ((), (1,)) and hasattr(value, "dtype")
    kind = str(value.dtype) if one_element else ""
    return is_number(value) or "float" in kind or "int" in kind


def _is_whole(value: Any) -> bool:
    """Return whether a number is an int, or what holds one element holds ints."""
    return isinstance(value, Integral) or "int" in str(getattr(value, "dtype", ""))


def _numeric_attributes(target: Any) -> list[str]:
    names = [name for name in dir(target) if not name.startswith("_")]
    # Properties are not asked: they may do anything.
    return [
        name
        for name in names
        if not isinstance(inspect.getattr_static(target, name, None), property)
        and _is_number(_attribute(target, name))
    ]


def _attribute(target: Any, name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is deprecated is not what is asked for
        try:
            return getattr(target, name, None)
        except Exception:  # noqa: BLE001  (nor is what fails, such as a vector's H)
            return None
