"""Built-in waveforms: SciPy's windows, high-precision values, ends, monotony, small arguments."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.special
from scipy.signal import windows

import hypercycle as hc
from hypercycle.namespaces.namespace import NUMPY
from hypercycle.shapes.waveforms import WAVEFORMS

HALF = 500
X = np.arange(HALF + 1) / HALF


def rising_half(window, *arguments):
    """Return SciPy's window of 2·HALF + 1 points from its edge to its centre."""
    return getattr(windows, window)(2 * HALF + 1, *arguments)[: HALF + 1]


@pytest.mark.parametrize(
    ("name", "window", "arguments"),
    [
        ("triangular", "bartlett", ()),
        ("hann", "hann", ()),
        ("blackman", "blackman", ()),
        ("bartlett_hann", "barthann", ()),
        ("lanczos", "lanczos", ()),
        ("tukey", "tukey", (0.5,)),
    ],
)
def test_a_waveform_is_half_of_scipy_s_window(name, window, arguments):
    # SciPy's own cancellation near the edge is what the absolute tolerance is for.
    np.testing.assert_allclose(
        WAVEFORMS[name](X, NUMPY), rising_half(window, *arguments), rtol=1e-13, atol=2e-16
    )


def test_parzen_is_scipy_s_sampled_half_a_point_inwards():
    # SciPy's Parzen window of N points reaches 0 half a point outside: x = 1 − |n| / (N / 2).
    points = 2 * HALF + 1
    x = 1.0 - np.arange(HALF, -1, -1) / (points / 2)
    np.testing.assert_allclose(
        WAVEFORMS["parzen"](x, NUMPY), rising_half("parzen"), rtol=1e-13, atol=1e-15
    )


def test_sine_is_scipy_s_cosine_window_sampled_half_a_point_inwards():
    # SciPy's cosine window is sin(π (n + ½) / N).
    points = 2 * HALF + 1
    x = (np.arange(HALF + 1) + 0.5) / (points / 2)
    np.testing.assert_allclose(WAVEFORMS["sine"](x, NUMPY), rising_half("cosine"), rtol=1e-14)


@pytest.mark.parametrize("name", WAVEFORMS)
def test_a_cycle_is_the_whole_window(name):
    cycle = hc.Cycle(0.0, 1.0, HALF, waveform=name)
    values = cycle(np.arange(2 * HALF + 1))
    assert values.tolist() == values[::-1].tolist()
    np.testing.assert_array_equal(values[: HALF + 1], WAVEFORMS[name](X, NUMPY))


EXACT = {
    "triangular": lambda x: x,
    "welch": lambda x: 1 - (1 - x) ** 2,
    "parzen": lambda x: 2 * x**3 if 2 * x < 1 else 1 - 6 * (1 - x) ** 2 * x,
    "hold": lambda x: min(2 * x, Fraction(1)),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_rational_waveform_is_the_exact_value(name):
    for x, value in zip(X.tolist(), WAVEFORMS[name](X, NUMPY).tolist(), strict=True):
        exact = EXACT[name](Fraction(x))
        assert abs(Fraction(value) - exact) <= 3 * Fraction(math.ulp(float(exact)))


def test_welch_hann_and_exponential_are_what_the_documentation_says():
    np.testing.assert_allclose(WAVEFORMS["hann"](X, NUMPY), (1 - np.cos(np.pi * X)) / 2, atol=3e-16)
    np.testing.assert_allclose(WAVEFORMS["sqrt"](X, NUMPY), X**0.5, rtol=0)
    np.testing.assert_allclose(
        WAVEFORMS["exponential"](X, NUMPY), np.expm1(5 * X) / np.expm1(5.0), rtol=4e-15
    )
    assert WAVEFORMS["linear"] is WAVEFORMS["triangular"]
    assert WAVEFORMS["cosine"] is WAVEFORMS["hann"]


@pytest.mark.parametrize("name", WAVEFORMS)
def test_a_waveform_rises_from_exactly_0_to_exactly_1(name):
    values = WAVEFORMS[name](np.linspace(0.0, 1.0, 100_001), NUMPY)
    assert (values[0], values[-1]) == (0.0, 1.0)
    assert values.min() == 0.0
    assert values.max() == 1.0
    # Rounding may turn a plateau around by a unit in the last place, not more.
    assert np.diff(values).min() >= -2.3e-16


LEADING = {
    "triangular": lambda x: x,
    "welch": lambda x: 2 * x,
    "hann": lambda x: (math.pi * x / 2) ** 2,
    "sine": lambda x: math.pi * x / 2,
    "blackman": lambda x: 0.36 * (math.pi * x / 2) ** 2,
    "bartlett_hann": lambda x: 0.24 * x,
    "parzen": lambda x: 2 * x**3,
    "lanczos": lambda x: x,
    "exponential": lambda x: 5 * x / math.expm1(5.0),
    "sqrt": math.sqrt,
    "hold": lambda x: 2 * x,
    "tukey": lambda x: (math.pi * x) ** 2,
    "polynomial": lambda x: x * x,
    "kaiser": lambda x: x * 4.3**2 * 2 / (float(scipy.special.i0(8.6)) - 1),
    "rex": lambda x: 2 * x,
}


@pytest.mark.parametrize("name", sorted(set(WAVEFORMS) - {"linear", "cosine"}))
def test_nothing_cancels_near_0(name):
    x = np.array([1e-9, 1e-12, 1e-15, 1e-30])
    expected = [LEADING[name](number) for number in x.tolist()]
    np.testing.assert_allclose(WAVEFORMS[name](x, NUMPY), expected, rtol=1e-8)
    # 0.25 ulp of 1 apart from what a cancelling form gives: relative accuracy where it is tiny.
    np.testing.assert_allclose(WAVEFORMS[name](x, NUMPY)[1:3], expected[1:3], rtol=1e-11)
