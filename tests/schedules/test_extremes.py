"""Maximum and Minimum: floors and ceilings, the same bits in every library."""

import math

import jax.numpy as jnp
import numpy as np
import strategies
import torch
from hypothesis import given

import hypercycle as hc


@strategies.examples(60)
@given(strategies.schedules(depth=1), strategies.schedules(depth=1), strategies.steps)
def test_the_greatest_and_the_least(first, second, step):
    values = [first(step), second(step)]
    assert hc.Maximum(first, second)(step) == max(values)
    assert hc.Minimum(first, second)(step) == min(values)
    assert hc.Minimum(first, hc.Maximum(first, second))(step) == values[0]


def test_it_reaches_the_extremes_of_the_bounds():
    parts = hc.Cycle(0.1, 0.5, 4), hc.Ramp(3, -4, 5), 0.2
    assert hc.Maximum(*parts).reached() == [0.2, 3.0]
    assert hc.Minimum(*parts).reached() == [-4.0, 0.2]


def test_of_two_zeros_the_first_is_taken_in_libraries_that_tell_them_apart():
    for kind in (hc.Maximum, hc.Minimum):
        for zeros in ((0.0, -0.0), (-0.0, 0.0)):
            schedule = kind(*(hc.Chain((zero, 1), zero) for zero in zeros))
            got = [
                schedule(1),
                *schedule(np.arange(3)),
                *schedule(torch.arange(3)).tolist(),
                *np.asarray(schedule(jnp.arange(3))),
            ]
            assert {math.copysign(1, value) for value in got} == {math.copysign(1, zeros[0])}


def test_a_part_that_overflows_may_be_held_below():
    ceiling = hc.Minimum(hc.Product(1e200, hc.Ramp(1, 1e200, 4)), 2.0)
    assert ceiling(4) == 2.0
    assert ceiling(np.arange(5)).tolist() == [2.0] * 5
