"""check_waveform: what it passes, and each thing it refuses."""

import functools
import itertools
import math
import re
from dataclasses import dataclass

import numpy as np
import pytest

from hypercycle import testing
from hypercycle.shapes.waveforms import WAVEFORMS
from hypercycle.testing import check_endpoints, check_waveform


@pytest.mark.parametrize("name", WAVEFORMS)
def test_every_waveform_passes_everywhere(name):
    assert check_waveform(WAVEFORMS[name]) == {
        "numpy": "checked",
        "torch": "checked",
        "jax": "checked",
    }


@dataclass(frozen=True)
class Power:
    exponent: float

    def __call__(self, x, xp):
        del xp
        return x**self.exponent


def test_a_waveform_with_parameters_passes():
    assert check_waveform(Power(3.0))["numpy"] == "checked"
    assert check_waveform(functools.partial(power, exponent=3.0))["numpy"] == "checked"


@dataclass(frozen=True)
class Named:
    name: str = "a"

    def __call__(self, x, xp):
        del xp
        return x


@dataclass(frozen=True)
class Listed:
    powers: tuple = (2, 3)

    def __call__(self, x, xp):
        del xp
        return x


def test_a_class_of_waveforms_is_checked_with_its_defaults():
    assert check_waveform(type(WAVEFORMS["tukey"]))["torch"] == "checked"
    for kind, message in [
        (Power, "waveform takes (exponent): give each parameter a default"),
        (dict, "waveform is a class, and must be a frozen dataclass with __call__(self, x, xp)"),
        (Named, "waveform has the parameter name='a', which a plan file cannot hold: take num"),
        (Listed, "waveform has the parameter powers=(2, 3), which a plan file cannot hold"),
    ]:
        with pytest.raises(AssertionError, match=re.escape(message)):
            check_waveform(kind)


def power(x, xp, exponent):
    del xp
    return x**exponent


def one_argument(x):
    return x


def half(x, xp):
    del xp
    return 0.5 * x


def nearly(x, xp):
    del xp
    return x * 0.9999999999


def scalars_only(x, xp):
    del xp
    return x if x < 0.5 else 1.0 - (1.0 - x)


def arrays_only(x, xp):
    del xp
    return x.copy()


def overshoots(x, xp):
    return x + 0.5 * xp.sin(math.pi * x) * xp.where(x < 1.0, 1.0, 0.0)


def dips(x, xp):
    return xp.where(x < 0.1, -x, x)


def nan_inside(x, xp):
    return xp.where((x > 0.4) & (x < 0.41), xp.log(x - 1.0 + 1e-300 * x), x)


def single(x, xp):
    del xp
    return x.astype(np.float32)


def changes_x(x, xp):
    del xp
    x *= x
    return x


_calls = itertools.count()


def keeps_state(x, xp):
    del xp
    return x ** (1.0 + next(_calls))


def neighbours(x, xp):
    del xp
    return np.maximum.accumulate(x, axis=-1) * (x == x.ravel()[0] if x.ndim > 1 else 1.0)


def other_for_numbers(x, xp):
    del xp
    return x if isinstance(x, np.ndarray) else x * x


def simplified_by_a_compiler(x, xp):
    # e^x − 1 by W. Kahan's formula, in which JAX's compiler takes log(exp(x)) for x
    e = xp.exp(x)
    flat = e == 1.0
    rise = xp.where(flat, x, (e - 1.0) * x / xp.where(flat, 1.0, xp.log(e))) / math.expm1(1.0)
    return xp.where(x < 1.0, xp.minimum(rise, 1.0), 1.0)


def on_numpy(x, xp):
    del xp
    return np.sin(x * (math.pi / 2)) ** 2


def method_of_numpy(x, xp):
    del xp
    return x.clip(0.0, 1.0, out=None) if isinstance(x, np.ndarray) else min(max(float(x), 0.0), 1.0)


@pytest.mark.parametrize(
    ("fn", "message"),
    [
        (3.0, r"waveform must be a function waveform(x, xp), got 3.0 (float)"),
        (one_argument, "a waveform is called as waveform(x, xp) with an array x"),
        (scalars_only, "choose with xp.where (not if)"),
        (half, "waveform(1) = 1 exactly, got 0.0 and 0.5"),
        (nearly, "waveform(1) = 1 exactly, got 0.0 and 0.9999999999"),
        (arrays_only, "waveform fails for a Python float with AttributeError"),
        (overshoots, "stay within [0, 1], got 1.000"),
        (dips, "stay within [0, 1], got -1e-300 at x=1e-300"),
        (nan_inside, "must be finite and stay within [0, 1], got nan at x=0.4"),
        (single, "must return a float64 array of shape (4"),
        (changes_x, "waveform must not change x"),
        (keeps_state, "the same values at every call"),
        (neighbours, "each element of an array of any shape"),
        (other_for_numbers, "the same values everywhere, got"),
        (lambda x, xp: x, "define it at the top of a module"),
        (on_numpy, "waveform fails on jax with TracerArrayConversionError"),
        (method_of_numpy, "waveform fails on torch with"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in log:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")
def test_what_is_no_waveform_is_told_so(fn, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_waveform(fn)


def test_a_difference_between_libraries_is_seen():
    with pytest.raises(AssertionError, match=r"on NumPy and .* on jax at x=.*use a form in which"):
        check_waveform(simplified_by_a_compiler)


def test_a_difference_of_one_float32_is_seen():
    x = np.array([0.25, 0.5])
    testing._check_agreement(x, x, x.astype(np.float32), "here")
    with pytest.raises(AssertionError, match=r"got 0\.5 on NumPy and 0\.50000005\d+ on here"):
        testing._check_agreement(x, x, np.array([0.25, 0.50000006], np.float32), "here")
    testing._check_agreement(x, x, x + 2.0 * np.finfo(np.float64).eps, "here")
    with pytest.raises(AssertionError, match="the same values everywhere"):
        testing._check_agreement(x, x, x + 3.0 * np.finfo(np.float64).eps, "here")


def test_check_endpoints_is_exact_and_names_what_it_checked():
    check_endpoints(power3 := Power(3.0))
    assert power3.exponent == 3.0
    with pytest.raises(AssertionError, match=r"rise must run from waveform\(0\) = 0"):
        check_endpoints(half, "rise")


def test_a_framework_that_is_missing_is_reported(monkeypatch):
    assert testing._importable("a_package_that_is_not_installed") == "not installed"
    monkeypatch.setattr(testing, "_importable", lambda name: f"no {name} here")
    assert check_waveform(Power(3.0)) == {
        "numpy": "checked",
        "torch": "no torch here",
        "jax": "no jax here",
    }
