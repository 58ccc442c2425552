"""Waveforms with parameters: SciPy's windows, papers' formulas, exact values, what is refused."""

import copy
import itertools
import math
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import jsonschema
import numpy as np
import pytest
from scipy.signal import windows

import hypercycle as hc
from hypercycle.namespaces.namespace import NUMPY
from hypercycle.plan_schema import json_schema
from hypercycle.shapes.parametrised import _kaiser_coefficients
from hypercycle.shapes.waveforms import WAVEFORMS
from hypercycle.testing import check_waveform

HALF = 500
X = np.arange(HALF + 1) / HALF

SOME = [
    *(hc.Polynomial(power) for power in (1e-3, 0.5, 0.9, 1.0, 2.0, 3.0, 7.3, 1e3)),
    *(hc.Hold(part) for part in (1e-9, 0.3, 0.5, 0.8, 1.0)),
    *(hc.Tukey(alpha) for alpha in (1e-9, 0.1, 0.3, 0.5, 1.0)),
    *(hc.Kaiser(beta) for beta in (0.0, 0.1, 5.0, 8.6, 14.0, 50.0)),
    *(hc.Rex(d) for d in (-999.0, -1.0, 0.0, 0.1, 0.5, 0.9, 0.999)),
]
OTHERS = [hc.Polynomial(0.9), hc.Hold(0.8), hc.Tukey(0.3), hc.Kaiser(14.0), hc.Rex(-1.0)]


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft202012Validator(json_schema())


def rising_half(window, *arguments):
    """Return SciPy's window of 2·HALF + 1 points from its edge to its centre."""
    return getattr(windows, window)(2 * HALF + 1, *arguments)[: HALF + 1]


@pytest.mark.parametrize("waveform", SOME, ids=repr)
def test_each_is_a_waveform_on_every_library(waveform):
    assert set(check_waveform(waveform).values()) == {"checked"}
    assert np.diff(waveform(np.linspace(0.0, 1.0, 20_001), NUMPY)).min() >= -2.3e-16


@pytest.mark.parametrize("alpha", [0.1, 0.3, 0.5, 0.77, 1.0])
def test_tukey_is_half_of_scipy_s_window(alpha):
    np.testing.assert_allclose(
        hc.Tukey(alpha)(X, NUMPY), rising_half("tukey", alpha), rtol=1e-13, atol=2e-16
    )


@pytest.mark.parametrize("beta", [0.1, 2.0, 5.0, 6.0, 8.6, 14.0, 30.0, 50.0])
def test_kaiser_is_half_of_scipy_s_window_above_its_edge(beta):
    window = rising_half("kaiser", beta)
    edge = 1.0 / float(np.i0(beta))
    assert window[0] == pytest.approx(edge, rel=1e-13)
    # What is taken off SciPy's has the window's own roundings, of which 1 − edge is left.
    accuracy = (4.0 + beta) * 2.3e-16 / (1.0 - edge)
    np.testing.assert_allclose(
        hc.Kaiser(beta)(X, NUMPY), (window - edge) / (1.0 - edge), rtol=0, atol=accuracy
    )


def exact_kaiser(beta, x):
    """Return (I₀(β√(x(2 − x))) − 1) / (I₀(β) − 1) by the series, to 60 digits."""
    with localcontext(prec=60):
        x, beta = Decimal(x), Decimal(beta)

        def less_one(square):
            return sum(square**k / (4**k * math.factorial(k) ** 2) for k in range(1, 130))

        return less_one(beta**2 * x * (2 - x)) / less_one(beta**2)


@pytest.mark.parametrize("beta", [0.5, 8.6, 50.0])
def test_kaiser_is_the_exact_value_to_a_few_units_in_the_last_place(beta):
    x = [1e-300, 1e-12, 1e-3, 0.1, 0.37, 0.5, 0.9, 0.999]
    values = hc.Kaiser(beta)(np.array(x), NUMPY).tolist()
    for value, one in zip(values, x, strict=True):
        exact = exact_kaiser(beta, one)
        # Both roundings of x·(2 − x) count as often as its power, which is up to about β/2.
        assert abs(Decimal(value) - exact) <= Decimal((2 + beta) * math.ulp(float(exact)))


def test_the_series_of_kaiser_ends_where_nothing_is_left():
    for beta in (0.0, 1e-3, 1.0, 20.0, 50.0):
        coefficients = _kaiser_coefficients(beta)
        assert sum(coefficients) == pytest.approx(1.0, abs=1e-15)
        assert min(coefficients) >= 0.0
    np.testing.assert_array_equal(hc.Kaiser(0.0)(X, NUMPY), WAVEFORMS["welch"](X, NUMPY))
    np.testing.assert_allclose(hc.Kaiser(1e-3)(X, NUMPY), WAVEFORMS["welch"](X, NUMPY), rtol=1e-6)


@pytest.mark.parametrize("d", [0.5, 0.9, 0.3])
def test_falling_rex_is_the_paper_s(d):
    # Chen et al.: (1 − t/T) / (1 − d·t/T); the paper has d = ½, its users' code has 0.9 too.
    t = np.arange(HALF + 1) / HALF
    paper = (1.0 - t) / (1.0 - d * t)
    cycle = hc.Cycle(0.0, 1.0, 0, HALF, waveform=hc.Rex(d), cycles=1)
    steps = np.arange(HALF + 1)
    np.testing.assert_allclose(cycle(steps), paper, rtol=1e-14)
    ramp = hc.Ramp(1.0, 0.0, HALF, hc.Rex(-d / (1.0 - d)))
    np.testing.assert_allclose(ramp(steps), paper, rtol=0, atol=4e-16)


@pytest.mark.parametrize("d", [-999.0, -3.0, 0.0, 0.1, 0.5, 0.999])
def test_rex_is_the_exact_value_to_a_few_units_in_the_last_place(d):
    x = [1e-300, 1e-12, 1e-3, 0.1, 0.37, 0.5, 0.9, 0.999]
    for value, one in zip(hc.Rex(d)(np.array(x), NUMPY).tolist(), map(Fraction, x), strict=True):
        exact = one / (1 - Fraction(d) * (1 - one))
        assert abs(Fraction(value) - exact) <= 4 * Fraction(math.ulp(float(exact)))


def test_hold_and_polynomial_are_what_they_say():
    for part in (0.25, 0.3, 1.0):
        np.testing.assert_array_equal(hc.Hold(part)(X, NUMPY), np.minimum(X / part, 1.0))
    for power in (0.9, 3.0):
        exact = [float(x) ** power for x in X]
        np.testing.assert_allclose(hc.Polynomial(power)(X, NUMPY), exact, rtol=5e-16)


def test_a_parameter_at_an_end_is_another_waveform():
    for one, other in [
        (hc.Polynomial(1.0), "linear"),
        (hc.Hold(1.0), "linear"),
        (hc.Rex(0.0), "linear"),
        (hc.Tukey(1.0), "hann"),
    ]:
        np.testing.assert_array_equal(one(X, NUMPY), WAVEFORMS[other](X, NUMPY))
    # What "hold" and "tukey" were before they had a parameter.
    np.testing.assert_array_equal(hc.Hold()(X, NUMPY), np.minimum(2.0 * X, 1.0))
    np.testing.assert_array_equal(
        hc.Tukey()(X, NUMPY), WAVEFORMS["hann"](np.minimum(2.0 * X, 1.0), NUMPY)
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Polynomial(0), ValueError, "power must be from 0.001 to 1000, got power=0"),
        (lambda: hc.Polynomial("2"), TypeError, "power must be a number, got '2' (str)"),
        (lambda: hc.Hold(0.0), ValueError, "part must be from 1e-09 to 1, got part=0.0"),
        (lambda: hc.Hold(1.5), ValueError, "part must be from 1e-09 to 1, got part=1.5"),
        (lambda: hc.Tukey(-0.1), ValueError, "alpha must be from 1e-09 to 1, got alpha=-0.1"),
        (lambda: hc.Tukey(True), TypeError, "alpha must be a number, got True (bool)"),
        (lambda: hc.Kaiser(51), ValueError, "beta must be from 0 to 50, got beta=51"),
        (lambda: hc.Kaiser(math.nan), ValueError, "beta must be finite, got beta=nan"),
        (lambda: hc.Rex(1.0), ValueError, "d must be from -999 to 0.999, got d=1.0"),
    ],
)
def test_what_is_out_of_range_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


@pytest.mark.parametrize("waveform", OTHERS, ids=repr)
def test_they_are_records(waveform):
    for again in (pickle.loads(pickle.dumps(waveform)), copy.deepcopy(waveform), replace(waveform)):
        assert again == waveform
        assert hash(again) == hash(waveform)
        assert eval(repr(again), vars(hc)) == waveform
    assert waveform != type(waveform)()
    (name,) = vars(waveform)
    with pytest.raises(AttributeError, match=f"cannot assign to field '{name}'"):
        setattr(waveform, name, 0.5)


@pytest.mark.parametrize("waveform", OTHERS, ids=repr)
def test_a_default_has_its_plain_name_in_schedules_and_others_are_kept(waveform):
    name = type(waveform).__name__.lower()
    default = hc.Cycle(0, 1, 4, waveform=(type(waveform)(), "hann"))
    assert default == hc.Cycle(0, 1, 4, waveform=(name, "hann"))
    assert default.waveform == (name, "hann")
    assert hc.Ramp(0, 1, 4, type(waveform)()).waveform == name
    assert hc.Ramp(0, 1, 4, waveform).waveform is waveform
    assert repr(hc.Ramp(0, 1, 4, waveform)) == f"Ramp(0.0, 1.0, 4, waveform={waveform!r})"


@pytest.mark.parametrize(("rise", "fall"), list(itertools.pairwise([*OTHERS, "hann"])))
def test_files_states_and_dotted_keys_have_the_parameters(tmp_path, schema, rise, fall):
    plan = hc.Plan(lr=hc.Cycle(0, 1, 4, waveform=(rise, fall)), dropout=hc.Ramp(0, 0.5, 9, rise))
    for name in ("plan.toml", "plan.json", "plan.yaml"):
        plan.save(tmp_path / name)
        assert hc.Plan.load(tmp_path / name) == plan
    data = plan.to_dict()
    (parameter,) = vars(rise)
    described = {"name": type(rise).__name__.lower(), parameter: getattr(rise, parameter)}
    assert data["dropout"]["waveform"] == data["lr"]["waveform"][0] == described
    assert hc.Plan.from_dict(data) == plan
    assert plan.flat()[f"dropout.waveform.{parameter}"] == getattr(rise, parameter)
    other = plan.override({f"dropout.waveform.{parameter}": 0.45})
    assert other["dropout"].waveform == type(rise)(0.45)
    schema.validate(data)


def test_another_process_has_them():
    plan = hc.Plan(lr=hc.Cycle(0.1, 0.5, 40, waveform=(hc.Kaiser(14.0), hc.Rex(0.9))))
    script = "import pickle, sys; plan = pickle.load(sys.stdin.buffer); print(plan, plan(13))"
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(plan), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == f"{plan} {plan(13)}"


def test_they_are_read_ahead_and_have_a_value_of_one_step():
    for waveform in OTHERS:
        for schedule in (hc.Cycle(0.1, 0.5, 7, waveform=waveform), hc.Ramp(0.5, 0.1, 7, waveform)):
            assert schedule.precomputable
            assert schedule.at_one_step is not None
            steps = np.arange(20)
            assert schedule(steps).tolist() == [schedule(step) for step in steps.tolist()]


@pytest.mark.parametrize("power", [0.5, 0.9, 1.5, 2.0, 3.0, 7.3])
def test_a_power_of_one_number_is_that_of_an_array(power):
    ramp = hc.Ramp(0.0, 1.0, 3001, hc.Polynomial(power))
    steps = np.arange(3001)
    assert ramp(steps).tolist() == [ramp(step) for step in steps.tolist()]
