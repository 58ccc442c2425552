"""TensorFlow: values are NumPy's, rounded once, in a compiled function."""

import numpy as np
import pytest
from spread import FUNCTIONS, LAST_PLACES, NAMES, STEPS, EveryFunction, a_third

import hypercycle as hc
from hypercycle.namespaces import evaluate_at

pytestmark = pytest.mark.slow  # importing it takes seconds


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


def test_a_schedule_is_numpy_s_rounded_once(tf):
    every = [schedule for name in NAMES for schedule in a_third(name)]
    compiled = tf.function(lambda steps: [schedule(steps) for schedule in every])
    for schedule, got in zip(every, compiled(tf.constant(STEPS)), strict=True):
        assert got.dtype == tf.float64
        expected = schedule(STEPS).astype(np.float32)
        assert got.numpy().astype(np.float32).tobytes() == expected.tobytes(), schedule


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_numpy_s(tf, name):
    steps = np.arange(64)
    got = evaluate_at(EveryFunction(name), tf.constant(steps))
    assert got.dtype == tf.float64
    np.testing.assert_allclose(got, evaluate_at(EveryFunction(name), steps), **LAST_PLACES)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
def test_the_shape_of_the_steps_is_kept(tf, shape):
    steps = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    for schedule in (hc.Cycle(0.1, 0.5, 4, cycle_mult=2), hc.Constant(0.5), hc.Chain((1, 2), 0.5)):
        got = schedule(tf.constant(steps, tf.int32))
        assert (tuple(got.shape), got.numpy().tolist()) == (shape, schedule(steps).tolist())


def test_what_are_no_whole_steps_is_refused(tf):
    for steps in ([0.5], [True]):
        with pytest.raises(TypeError, match=r"step must be an int or an array of ints .*got "):
            hc.Cycle(0.1, 0.5, 4)(tf.constant(steps))
