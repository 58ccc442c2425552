"""The namespaces of NumPy and of one step: the same functions, with the same bits."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spread import FUNCTIONS, EveryFunction
from strategies import examples, harmonic

from hypercycle.namespaces import NUMPY, evaluate_at
from hypercycle.namespaces.namespace import ONE_STEP, Namespace, apply
from hypercycle.shapes.waveforms import WAVEFORMS

STEPS = np.arange(64)


def test_all_functions_are_looked_at():
    others = {"to_float", "largest_step"}
    assert {field.name for field in fields(Namespace)} == {*FUNCTIONS, *others}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_step_has_the_value_that_it_has_in_an_array(name):
    schedule = EveryFunction(name)
    values = evaluate_at(schedule, STEPS)
    assert values.dtype == np.float64
    assert len(set(values.tolist())) > 2
    # math.exp and numpy.exp differ: waveforms and scales go through arrays of one element.
    one_by_one = [evaluate_at(schedule, step) for step in STEPS.tolist()]
    np.testing.assert_allclose(values, one_by_one, rtol=2e-16)


@examples(200)
@given(st.sampled_from(sorted(WAVEFORMS)), st.floats(0.0, 1.0))
def test_a_waveform_of_one_number_has_the_very_bits_of_an_array(name, x):
    one = apply(WAVEFORMS[name], ONE_STEP, x)
    (same,) = apply(WAVEFORMS[name], NUMPY, np.array([x])).tolist()
    assert type(one) is float
    assert (one, str(one)) == (same, str(same))


def test_what_is_applied_gets_all_numbers_and_the_namespace():
    assert apply(harmonic, ONE_STEP, 3.0, 7.0) == 0.25
    seen = []
    assert apply(lambda *given: seen.append(given) or 1, ONE_STEP, 3.0, 7.0) == 1.0
    ((cycle, step, xp),) = seen
    assert (cycle.tolist(), step.tolist(), xp) == ([3.0], [7.0], ONE_STEP)


def test_what_overflows_is_left_to_be_refused_by_the_schedule():
    assert apply(lambda x, xp: xp.exp(x), ONE_STEP, 1e4) == np.inf
