"""Scale policies: their factors, what counts as a policy, what is refused."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.namespaces.namespace import NUMPY
from hypercycle.shapes.scales import SCALES, Unscaled

COUNTS = np.arange(2000, dtype=np.float64)


def test_halving_is_exact_down_to_the_smallest_float_and_0_after_it():
    factors = hc.Halving()(COUNTS, None, NUMPY)
    assert factors.tolist() == [2.0**-k if k <= 1074 else 0.0 for k in range(2000)]


@given(st.floats(1e-3, 1.0), st.integers(0, 10**6), st.integers(0, 10**6))
def test_exponential_counts_what_it_is_told_to(gamma, cycle, step):
    numbers = np.array([float(cycle)]), np.array([float(step)])
    by_step = hc.Exponential(gamma)(*numbers, NUMPY)
    by_cycle = hc.Exponential(gamma, per="cycle")(*numbers, NUMPY)
    np.testing.assert_allclose(by_step, [gamma**step], rtol=1e-15, atol=1e-323)
    np.testing.assert_allclose(by_cycle, [gamma**cycle], rtol=1e-15, atol=1e-323)


def test_the_step_that_exponential_counts_is_the_global_one():
    cycle = hc.Cycle(0.0, 1.0, 2, scale=hc.Exponential(0.5), phase=0.5)
    assert [cycle(s) for s in (0, 4, 8)] == [1.0, 0.5**4, 0.5**8]
    by_cycle = hc.Cycle(0.0, 1.0, 2, scale=hc.Exponential(0.5, "cycle"), phase=0.5)
    # The partial first cycle is cycle 0.
    assert [by_cycle(s) for s in (0, 4, 8)] == [1.0, 0.5, 0.25]


def test_a_policy_is_a_name_an_instance_or_a_function():
    def tenth(cycle, step, xp):
        del step
        return xp.where(cycle < 1.0, 1.0, 0.1)

    def at_cycle_1(scale):
        return hc.Cycle(0.0, 1.0, 4, scale=scale)(12)

    assert at_cycle_1("constant") == at_cycle_1(Unscaled()) == 1.0
    assert at_cycle_1("halving") == at_cycle_1(hc.Halving()) == 0.5
    assert at_cycle_1(hc.Exponential(0.25, per="cycle")) == 0.25
    assert at_cycle_1(tenth) == 0.1
    assert at_cycle_1(lambda cycle, step, xp: 0.75) == 0.75


def test_a_policy_gets_cycles_and_steps_as_float64_of_the_held_step():
    seen = []

    def watching(cycle, step, xp):
        seen.append((cycle.tolist(), step.tolist(), cycle.dtype, step.dtype))
        return 1.0

    cycle = hc.Cycle(0.0, 1.0, 4, scale=watching, cycles=2)
    seen.clear()
    cycle(np.array([0, 9, 99]))
    assert seen == [([0.0, 1.0, 1.0], [0.0, 9.0, 16.0], np.float64, np.float64)]
    seen.clear()
    cycle(9)
    assert seen == [([1.0], [9.0], np.float64, np.float64)]


def test_the_built_in_names():
    assert list(SCALES) == ["constant", "halving", "exponential"]
    assert set(SCALES) <= set(hc.scales())


HELP = "a scale policy is called as scale(cycle, step, xp) and returns the factor"


@pytest.mark.parametrize(
    ("scale", "error", "message"),
    [
        (5, TypeError, f"scale must be a registered name or a function, got 5; {HELP}"),
        (None, TypeError, "scale must be a registered name or a function, got None"),
        (
            hc.Exponential,
            TypeError,
            "calling scale=<class 'hypercycle.shapes.scales.Exponential'> failed",
        ),
        (lambda x: x, TypeError, "takes 1 positional argument but 3 were given"),
        (lambda cycle, step, xp: 1.0 / cycle, ValueError, f"gives [inf] at step 0; {HELP}"),
        (lambda cycle, step, xp: cycle / cycle, ValueError, f"gives [nan] at step 0; {HELP}"),
        (lambda cycle, step, xp: "x", TypeError, "could not convert string to float"),
        ("halved", ValueError, "unknown scale 'halved'; did you mean 'halving'?"),
        ("exponential", TypeError, "missing a required argument: 'gamma'"),
    ],
)
def test_what_is_no_policy_is_refused(scale, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.Cycle(0, 1, 5, scale=scale)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "gamma must be greater than 0, got gamma=0"),
        ((-0.5,), ValueError, "gamma must be greater than 0, got gamma=-0.5"),
        ((float("nan"),), ValueError, "gamma must be finite, got gamma=nan"),
        ((float("inf"),), ValueError, "gamma must be finite, got gamma=inf"),
        ((True,), TypeError, "gamma must be a number, got True (bool)"),
        (("0.5",), TypeError, "gamma must be a number, got '0.5' (str)"),
        ((0.5, "epoch"), ValueError, "per must be 'step' or 'cycle', got 'epoch'"),
    ],
)
def test_parameters_are_checked(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.Exponential(*arguments)
