"""What a Cycle refuses, with the texts; other records' refusals are beside their tests."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest

import hypercycle as hc

GOOD = {"low": 0.1, "high": 0.5, "step_size_up": 4}
NO_NUMBER = [
    (math.nan, ValueError, "must be finite, got {}=nan"),
    (math.inf, ValueError, "must be finite, got {}=inf"),
    (-math.inf, ValueError, "must be finite, got {}=-inf"),
    (10**400, ValueError, "must be finite, got {}=1000"),
    (np.float32("nan"), ValueError, "must be finite, got {}="),
    (True, TypeError, "must be a number, got True (bool)"),
    # NumPy 1 has other names for it
    (np.False_, TypeError, f"must be a number, got {np.False_!r} ({type(np.False_).__name__})"),
    ("0.1", TypeError, "must be a number, got '0.1' (str)"),
    (None, TypeError, "must be a number, got None (NoneType)"),
    (1j, TypeError, "must be a number, got 1j (complex)"),
    ([0.1], TypeError, "must be a number, got [0.1] (list)"),
    (np.array([0.1]), TypeError, "must be a number, got array([0.1]) (ndarray)"),
]
NO_LENGTH = [
    (-1, ValueError, "must be at least 0, got {}=-1"),
    (2.5, ValueError, "must be a whole number, got {}=2.5"),
    (math.nan, ValueError, "must be a whole number, got {}=nan"),
    (math.inf, ValueError, "must be a whole number, got {}=inf"),
    (2**53 + 1, ValueError, "must be at most 2**53, got {}=9007199254740993"),
    (10**400, ValueError, "must be at most 2**53, got {}=1000"),
    (True, TypeError, "must be a whole number, got True (bool)"),
    ((4,), TypeError, "must be a whole number, got (4,) (tuple)"),
    ("4", ValueError, "must be a whole number of steps or a number with a unit such as '2000it'"),
]


def refuses(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.Cycle(**{**GOOD, **change})


@pytest.mark.parametrize("name", ["low", "high", "phase", "cycle_mult"])
@pytest.mark.parametrize(("value", "error", "message"), NO_NUMBER)
def test_what_is_no_finite_number_is_refused(name, value, error, message):
    refuses({name: value}, error, f"{name} {message.format(name)}")


@pytest.mark.parametrize("name", ["step_size_up", "step_size_down"])
@pytest.mark.parametrize(("value", "error", "message"), NO_LENGTH)
def test_what_is_no_length_is_refused(name, value, error, message):
    refuses({name: value}, error, f"{name} {message.format(name)}")


def function_of_one(x):
    return x


def never_1(x, xp):
    return 0.5 * x


def without_xp(x, xp):
    return math.sin(x)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"low": 0.5, "high": 0.1},
            ValueError,
            "low must not be above high, got low=0.5, high=0.1; to start at the top use inverted=T",
        ),
        ({"step_size_up": 0}, ValueError, "step_size_up and step_size_down must not both be 0"),
        (
            {"step_size_up": "0it", "step_size_down": 0},
            ValueError,
            "step_size_up and step_size_down must not both be 0",
        ),
        ({"step_size_up": None}, TypeError, "step_size_up must be a whole number, got None (None"),
        ({"phase": 1.0}, ValueError, "phase must be in [0, 1), a part of the first cycle, got pha"),
        ({"phase": -0.1}, ValueError, "phase must be in [0, 1), a part of the first cycle, got ph"),
        ({"cycle_mult": 0.0}, ValueError, "cycle_mult must be above 0 and at most 100, got cycle_"),
        ({"cycle_mult": -2}, ValueError, "cycle_mult must be above 0 and at most 100, got cycle_m"),
        ({"cycle_mult": 101}, ValueError, "cycle_mult must be above 0 and at most 100, got cycle_"),
        ({"cycles": 0}, ValueError, "cycles must be at least 1, got cycles=0"),
        ({"cycles": 1.5}, ValueError, "cycles must be a whole number, got cycles=1.5"),
        ({"cycles": True}, TypeError, "cycles must be a whole number, got True (bool)"),
        ({"inverted": 1}, TypeError, "inverted must be True or False, got 1"),
        ({"inverted": None}, TypeError, "inverted must be True or False, got None"),
        ({"scale_of": "amp"}, ValueError, "scale_of must be 'amplitude' or 'bounds', got 'amp'"),
        ({"scale_of": None}, ValueError, "scale_of must be 'amplitude' or 'bounds', got None"),
        ({"waveform": "han"}, ValueError, "unknown waveform 'han'; did you mean 'hann'?"),
        ({"waveform": None}, TypeError, "waveform=None must be a function waveform(x, xp), got"),
        ({"waveform": ()}, ValueError, "waveform must be one waveform or a pair (rise, fall), got"),
        ({"waveform": ("hann",) * 3}, ValueError, "or a pair (rise, fall), got 3 of them"),
        ({"waveform": ("hann", 5)}, TypeError, "waveform=5 must be a function waveform(x, xp)"),
        ({"waveform": function_of_one}, TypeError, "takes 1 positional argument but 2 were given"),
        (
            {"waveform": never_1},
            ValueError,
            "must run from waveform(0) = 0 to waveform(1) = 1, got",
        ),
        ({"waveform": without_xp}, TypeError, "compute with xp (xp.sin, not math.sin) and choose"),
        ({"scale": None}, TypeError, "scale must be a registered name or a function, got None"),
        (
            {"scale": hc.Exponential},
            TypeError,
            "a scale policy is called as scale(cycle, step, xp)",
        ),
    ],
)
def test_what_makes_no_cycle_is_refused(change, error, message):
    refuses(change, error, message)


@pytest.mark.parametrize("name", ["waveform", "scale", "inverted", "phase", "cycles"])
def test_options_are_named(name):
    with pytest.raises(TypeError, match="takes from 4 to 5 positional arguments but 6 were given"):
        hc.Cycle(0.1, 0.5, 4, 4, "hann")
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}s_'"):
        hc.Cycle(**GOOD, **{f"{name}s_": 1})


def test_numbers_of_every_kind_become_plain_ones():
    cycle = hc.Cycle(
        np.float32(0.5), Fraction(3, 2), np.int16(4), 6.0, phase=np.float64(0.25), cycles=2.0
    )
    assert repr(cycle) == ("Cycle(0.5, 1.5, 4, step_size_down=6, phase=0.25, cycles=2)")
    kinds = {name: type(getattr(cycle, name)) for name in ("low", "high", "step_size_up", "cycles")}
    assert kinds == {"low": float, "high": float, "step_size_up": int, "cycles": int}
    assert hc.Cycle(-1, 1, 2**53, 0) == hc.Cycle(-1.0, 1.0, 2**53, 0)
    assert hc.Cycle(0.5, 0.5, 1).low == 0.5
