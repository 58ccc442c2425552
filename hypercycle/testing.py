"""What the author of a waveform runs in a test.

>>> from hypercycle.testing import check_waveform
>>> from hypercycle.waveform_functions import hann
>>> check_waveform(hann)["numpy"]
'checked'
"""

from __future__ import annotations

import importlib
import importlib.util
import pickle
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hypercycle.namespaces.evaluation import evaluate_at
from hypercycle.namespaces.namespace import NUMPY, Namespace
from hypercycle.shapes.registry import endpoints, validated_entry

if TYPE_CHECKING:
    from hypercycle.namespaces.namespace import Waveform

_Floats = npt.NDArray[np.float64]

__all__ = ["check_endpoints", "check_waveform"]

# What a file says of a waveform beside its parameters.
_KEYS_OF_FILES = {"name", "package"}
# Two units in the last place of values just below 1.
_TOLERANCE = 2.0 * np.finfo(np.float64).eps


def check_endpoints(fn: Waveform, label: str = "waveform") -> None:
    """Raise AssertionError unless ``fn`` runs from exactly 0 to exactly 1."""
    try:
        bottom, top = endpoints(fn, label)
    except (TypeError, ValueError) as error:
        raise AssertionError(str(error)) from error
    _require(
        bottom == 0.0 and top == 1.0,
        f"{label} must run from waveform(0) = 0 to waveform(1) = 1 exactly, got {bottom!r} and "
        f"{top!r}; choose a form of the formula that rounds to them, or use xp.where(x < 1, …, 1)",
    )


def check_waveform(fn: Waveform | type[Waveform]) -> dict[str, str]:
    """Raise AssertionError, with what to do, unless ``fn`` is a waveform everywhere.

    A waveform with parameters, a frozen dataclass, is checked with the parameters that it has;
    hand over the class for its defaults. Its parameters must be such as files hold: numbers, texts,
    true or false.

    It must be callable as ``fn(x, xp)``; run from exactly 0 to exactly 1 and stay finite and
    within [0, 1]; return float64 of the shape of ``x``, the same at every call, for arrays and
    (within two units in the last place) Python floats, and leave ``x`` as it was; survive pickle;
    and give on PyTorch and, compiled, on JAX, where these are installed, the values that it gives
    on NumPy: the same within two units in the last place and after rounding to float32.

    Returns
    -------
    dict
        For ``"numpy"``, ``"torch"`` and ``"jax"``: ``"checked"``, or why not.
    """
    if isinstance(fn, type):
        fn = _of_defaults(fn)
    check_endpoints(fn)
    _check_parameters(fn)
    x = _points()
    values = _checked_values(fn, x)
    _check_other_calls(fn, x, values)
    _check_pickle(fn, x, values)
    report = {"numpy": "checked"}
    for framework, evaluate in (("torch", _on_torch), ("jax", _on_jax)):
        report[framework] = _importable(framework)
        if report[framework] == "checked":
            try:
                theirs = evaluate(_AtPoints(fn, x), x.size)
            except Exception as error:
                raise AssertionError(
                    f"waveform fails on {framework} with {type(error).__name__}: {error}; compute "
                    "with the functions of xp and operators alone (xp.sin, not numpy.sin), and "
                    "choose with xp.where (not if)"
                ) from error
            _check_agreement(x, values, theirs, framework)
    return report


def _of_defaults(kind: type[Waveform]) -> Waveform:
    try:
        made: Waveform = validated_entry(kind, "waveform")()
    except (TypeError, ValueError) as error:
        raise AssertionError(str(error)) from error
    return made


def _check_parameters(fn: Any) -> None:
    for field in fields(fn) if is_dataclass(fn) else ():
        value = getattr(fn, field.name)
        _require(
            isinstance(value, (bool, int, float, str)) and field.name not in _KEYS_OF_FILES,
            f"waveform has the parameter {field.name}={value!r}, which a plan file cannot hold: "
            "take numbers, texts, True or False, by other names than 'name' and 'package'",
        )


@dataclass(frozen=True)
class _AtPoints:
    """A schedule: the waveform at the points, one a step."""

    fn: Waveform
    points: _Floats

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        return self.fn(xp.take(self.points, step), xp)


def _on_torch(at_points: _AtPoints, size: int) -> Any:
    import torch

    return evaluate_at(at_points, torch.arange(size)).numpy()


def _on_jax(at_points: _AtPoints, size: int) -> Any:
    import jax

    # Compiled: a function that leaves JAX works on its arrays, but not on traced ones.
    return np.asarray(jax.jit(lambda steps: evaluate_at(at_points, steps))(jax.numpy.arange(size)))


def _points() -> _Floats:
    # Powers of two, and numbers between them, which sums and products have to round.
    near = np.outer([1.0, 0.7], 0.5 ** np.arange(1, 61)).ravel()
    return np.unique(np.concatenate([np.linspace(0.0, 1.0, 4097), [1e-300], near, 1.0 - near]))


def _checked_values(fn: Waveform, x: _Floats) -> _Floats:
    given = x.copy()
    values = fn(given, NUMPY)
    _require(
        isinstance(values, np.ndarray) and values.dtype == np.float64 and values.shape == x.shape,
        f"waveform must return a float64 array of shape {x.shape} for one, got "
        f"{getattr(values, 'dtype', type(values).__name__)} of shape {np.shape(values)}",
    )
    _require(
        np.array_equal(given, x),
        "waveform must not change x; write y = x + 1, not x += 1",
    )
    values = np.array(values)  # some waveforms return x itself
    good = (values >= 0.0) & (values <= 1.0)  # false for NaN
    first = int(np.argmin(good))
    _require(
        bool(good.all()),
        f"waveform must be finite and stay within [0, 1], got {float(values[first])!r} at "
        f"x={float(x[first])!r}; limit it with xp.minimum and xp.maximum, or choose a form of the "
        "formula in which nothing cancels",
    )
    return values


def _check_other_calls(fn: Waveform, x: _Floats, values: _Floats) -> None:
    _require(
        np.array_equal(np.asarray(fn(x.copy(), NUMPY)), values),
        "waveform must return the same values at every call; it may neither draw random numbers "
        "nor keep a state",
    )
    table = np.asarray(fn(x[: x.size // 2 * 2].reshape(2, -1), NUMPY))
    _require(
        table.shape == (2, x.size // 2) and np.array_equal(table.ravel(), values[: table.size]),
        f"waveform must work on each element of an array of any shape, got shape {table.shape} "
        f"or other values for shape {(2, x.size // 2)}",
    )
    some = slice(None, None, 41)
    try:
        numbers = np.array([float(fn(float(one), NUMPY)) for one in x[some]])
    except Exception as error:
        raise AssertionError(
            f"waveform fails for a Python float with {type(error).__name__}: {error}; it is "
            "called with arrays and with single numbers"
        ) from error
    _check_agreement(x[some], values[some], numbers, "Python floats")


def _check_pickle(fn: Waveform, x: _Floats, values: _Floats) -> None:
    try:
        again = pickle.loads(pickle.dumps(fn))  # noqa: S301  (our own bytes)
    except Exception as error:
        raise AssertionError(
            f"waveform cannot be pickled ({type(error).__name__}: {error}), which checkpoints and "
            "worker processes need; define it at the top of a module, or, if it has parameters, "
            "as a frozen dataclass with __call__(self, x, xp)"
        ) from error
    _require(
        np.array_equal(np.asarray(again(x.copy(), NUMPY)), values),
        "waveform must give the same values after pickling",
    )


def _check_agreement(x: _Floats, ours: _Floats, theirs: npt.NDArray[Any], where: str) -> None:
    _require(
        theirs.shape == ours.shape,
        f"waveform must return the shape of x on {where}, got {theirs.shape} for {ours.shape}",
    )
    single = np.finfo(np.float32)
    # Below the smallest normal float32 some processors and compilers flush to zero.
    good = np.abs(theirs.astype(np.float32) - ours.astype(np.float32)) <= single.tiny
    if theirs.dtype == np.float64:
        good &= np.abs(theirs - ours) <= _TOLERANCE
    first = int(np.argmin(good))
    _require(
        bool(good.all()),
        f"waveform must give the same values everywhere, got {float(ours[first])!r} on NumPy and "
        f"{float(theirs[first])!r} on {where} at x={float(x[first])!r}; use a form in which no two "
        "large terms cancel (sin²(πx/2) for (1 − cos πx)/2) and which a compiler cannot simplify "
        "(as it does log(exp(u)))",
    )


def _importable(framework: str) -> str:
    if importlib.util.find_spec(framework) is None:
        return "not installed"
    try:
        importlib.import_module(framework)
    except Exception as error:  # noqa: BLE001  (a broken installation is not the waveform's fault)
        return f"not importable: {type(error).__name__}: {error}"
    return "checked"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
