"""Rounded: whole multiples, halves up, in every library alike."""

import math
import re

import jax.numpy as jnp
import numpy as np
import pytest
import strategies
import tensorflow as tf
import torch
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc


@strategies.examples(100)
@given(st.integers(-(10**6), 10**6), st.integers(1, 64))
def test_a_value_is_rounded_to_the_nearest_multiple_a_half_up(sixteenths, multiple):
    value = sixteenths / 16
    got = hc.Rounded(value, multiple)(0)
    assert got == math.floor(value / multiple + 0.5 + 2**-30) * multiple
    assert got % multiple == 0
    assert abs(got - value) <= multiple / 2


def test_halves_go_up_also_where_roundings_have_made_less_of_them():
    halves = hc.Rounded(hc.Ramp(-2, 2, 8))
    assert halves(np.arange(9)).tolist() == [-2, -1, -1, 0, 0, 1, 1, 2, 2]
    # 12 in every seventh of a step, were it not for roundings.
    ramp = hc.Ramp(8, 64, 14)
    assert {hc.Rounded(hc.Sum(ramp, error), multiple_of=8)(1) for error in (0, -1e-12)} == {16.0}
    assert hc.Rounded(hc.Sum(ramp, -1e-6), multiple_of=8)(1) == 8.0


def as_deepspeed(step, least, most, total, difficulty_step):
    """fixed_linear of DeepSpeed's curriculum scheduler, which rounds down."""
    difficulty = math.floor(step / total * (most - least) + least)
    difficulty -= difficulty % difficulty_step
    return min(difficulty, most)


@pytest.mark.parametrize(("least", "most", "total"), [(64, 1024, 1000), (8, 2048, 15_000)])
def test_half_a_multiple_less_is_deepspeed_s_curriculum(least, most, total):
    steps = np.arange(0, total + 100, 7)
    down = hc.Rounded(hc.Sum(hc.Ramp(least, most, total), -4), multiple_of=8)
    expected = [as_deepspeed(step, least, most, total, 8) for step in steps.tolist()]
    # Where a value is a multiple, what is left of it by roundings is rounded down by them.
    exact = [(most - least) * step % (8 * total) == 0 and step < total for step in steps.tolist()]
    differ = down(steps) != np.array(expected)
    assert not differ[~np.array(exact)].any()


@strategies.examples(15)
@given(
    strategies.schedules(depth=1, bounds=st.sampled_from([0.0, 8.0, 100.0, 64.5, -3.0])),
    st.sampled_from([1, 3, 8]),
)
def test_every_library_gives_the_same_whole_numbers(schedule, multiple):
    rounded, steps = hc.Rounded(schedule, multiple), np.arange(40)
    expected = rounded(steps)
    assert rounded(torch.from_numpy(steps)).tolist() == expected.tolist()
    assert rounded(tf.constant(steps)).numpy().tolist() == expected.tolist()
    assert np.asarray(rounded(jnp.asarray(steps))).tolist() == expected.tolist()


def test_bounds_are_rounded():
    assert hc.Rounded(hc.Ramp(9, 61, 4), 8).reached() == [8.0, 64.0]
    assert hc.Rounded(lambda step: 3 * step).reached() == []
    assert hc.Rounded(lambda step: step / 2, 2)(3) == 2.0


def test_what_is_not_finite_is_still_an_error():
    for step in (4, np.array([0, 4])):
        with pytest.raises(OverflowError, match="gives inf at step=4;"):
            hc.Rounded(hc.Product(1e200, hc.Ramp(1, 1e200, 4)))(step)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Rounded("x"), TypeError, "the schedule must be a schedule (such as Cycle"),
        (lambda: hc.Rounded(1, 0), ValueError, "multiple_of must be at least 1, got multiple_of=0"),
        (lambda: hc.Rounded(1, 2.5), ValueError, "multiple_of must be a whole number, got mult"),
    ],
)
def test_what_is_no_multiple_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
