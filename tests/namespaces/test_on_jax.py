"""JAX: values are NumPy's, rounded once, eager and compiled, with 64 bits and without."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spread import FUNCTIONS, LAST_PLACES, NAMES, STEPS, EveryFunction, a_third, schedules

import hypercycle as hc
from hypercycle.namespaces import evaluate_at


@pytest.fixture
def with_64_bits():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def check(schedules, results, steps=STEPS):
    for schedule, got in zip(schedules, results, strict=True):
        assert got.dtype == jnp.float32
        wrong = np.flatnonzero(np.asarray(got) != schedule(steps).astype(np.float32))
        assert wrong.size == 0, (schedule, steps[wrong[:3]])


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_is_numpy_s_rounded_once(name):
    assert not jax.config.jax_enable_x64
    every, some = schedules(name), a_third(name)
    steps = jnp.asarray(STEPS)
    check(every, jax.jit(lambda steps: [schedule(steps) for schedule in every])(steps))
    check(some, jax.jit(jax.vmap(lambda step: [schedule(step) for schedule in some]))(steps))


@pytest.mark.parametrize("name", NAMES[::4])
def test_a_loop_sees_the_same_values(name):
    some = a_third(name)

    def body(carry, step):
        return carry, [schedule(step) for schedule in some]

    _, scanned = jax.jit(partial(jax.lax.scan, body, 0))(jnp.asarray(STEPS))
    check(some, scanned)


@pytest.mark.parametrize("name", NAMES[1::4])
def test_without_a_program_the_values_are_the_same(name):
    some = a_third(name)
    check(some, [schedule(jnp.asarray(STEPS)) for schedule in some])


def test_a_function_is_numpy_s():
    steps = np.arange(64)
    every = [EveryFunction(name) for name in FUNCTIONS]
    results = jax.jit(lambda steps: [evaluate_at(one, steps) for one in every])(steps)
    for one, got in zip(every, results, strict=True):
        expected = evaluate_at(one, steps).astype(np.float32)
        np.testing.assert_array_equal(got, expected, err_msg=one.name)


@pytest.mark.usefixtures("with_64_bits")
def test_with_64_bits_values_are_numpy_s_in_float64():
    late = np.concatenate([STEPS.astype(np.int64), np.arange(10**12, 10**12 + 400)])
    for name in NAMES:
        some = a_third(name)
        got = jax.jit(lambda steps, some=some: [schedule(steps) for schedule in some])(late)
        for schedule, one in zip(some, got, strict=True):
            assert one.dtype == np.float64, one.dtype
            np.testing.assert_allclose(one, schedule(late), **LAST_PLACES, err_msg=repr(schedule))


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        *((dtype, (2, 3)) for dtype in ("uint8", "int8", "int16", "int32")),
        *(("int32", shape) for shape in ((), (0,), (1,))),
    ],
)
def test_the_shape_of_the_steps_is_kept_whatever_their_kind(dtype, shape):
    some = [
        hc.Cycle(0.1, 0.5, 4, cycle_mult=2),
        hc.Constant(0.5),
        hc.Ramp(0, 1, 0),
        hc.Chain(hc.Ramp(0, 1, 3), 0.5),
    ]
    steps = np.arange(np.prod(shape, dtype=int), dtype=dtype).reshape(shape)
    for schedule, got in zip(some, jax.jit(lambda s: [one(s) for one in some])(steps), strict=True):
        assert (isinstance(got, jax.Array), got.dtype, got.shape) == (True, jnp.float32, shape)
        assert np.asarray(got).tolist() == schedule(steps).astype(np.float32).tolist()


def test_the_device_is_kept():
    step = jax.device_put(jnp.int32(3), jax.devices()[-1])
    assert hc.Cycle(0.1, 0.5, 4)(step).devices() == step.devices()


@pytest.mark.parametrize("steps", [jnp.array([0.5]), jnp.array([True]), jnp.array([1j])])
def test_what_are_no_whole_steps_is_refused(steps):
    with pytest.raises(TypeError, match=r"step must be an int or an array of ints .*got "):
        hc.Cycle(0.1, 0.5, 4)(steps)
