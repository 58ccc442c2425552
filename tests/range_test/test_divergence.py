"""When a range test stops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from range_test_curves import diverging

from hypercycle.range_test.divergence import Divergence, points_to_keep


@pytest.mark.parametrize("deviation", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("shift", [0.0, -2.0, -500.0, 3.0])
def test_stops_on_divergence_and_not_before(deviation, shift):
    for seed in range(5):
        losses = diverging(200, seed, deviation) + shift
        kept = points_to_keep(losses)
        assert kept > 140
        if shift != -500.0:  # there |start| allows a rise of hundreds
            assert losses[kept - 1] < losses[0] + 40 * max(abs(losses[0]), 1)
            assert kept < 200


def test_noise_spikes_and_small_rises_do_not_stop():
    rng = np.random.default_rng(0)
    assert points_to_keep(rng.standard_normal(4000)) == 4000
    assert points_to_keep(1e-9 * rng.standard_normal(4000)) == 4000
    spiked = 2.3 + 0.02 * rng.standard_normal(300)
    spiked[[50, 51, 120, 200]] = 1e6
    assert points_to_keep(spiked) == 300
    assert points_to_keep(np.linspace(2.3, 4.5, 300)) == 300
    assert points_to_keep(np.full(50, 0.7)) == 50


@given(st.lists(st.floats(-100, 100), min_size=5, max_size=80), st.floats(0.1, 1000))
def test_the_stop_does_not_depend_on_the_unit_of_the_loss(losses, factor):
    losses = np.array(losses).round(3)
    scaled = points_to_keep(losses * 2.0 ** round(math.log2(factor)))
    assert scaled == points_to_keep(losses)


def test_stops_at_what_is_not_finite_and_counts_it():
    losses = [2.0, 2.0, math.nan, 2.0]
    assert points_to_keep(losses) == points_to_keep(losses, stop_early=False) == 3


def test_the_rule_is_the_documented_one():
    divergence = Divergence()
    assert [divergence.after(loss) for loss in (1.0, 1.1, 1.0, 1.1, 1.0)] == [False] * 5
    assert divergence.smoothed == 1.0
    # start 1, lowest 1, noise 0.1 / 0.954: above 2.05 the median of five has diverged
    assert [divergence.after(2.0) for _ in range(5)] == [False] * 5
    assert [divergence.after(2.1) for _ in range(3)] == [False, False, True]
