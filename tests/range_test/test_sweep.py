"""The values of a sweep, and what losses recorded at once become."""

import math
import re

import numpy as np
import pytest
from range_test_curves import diverging

import hypercycle as hc
from hypercycle.range_test.divergence import points_to_keep
from hypercycle.range_test.sweep import Sweep


def test_values_are_spaced_as_asked_and_end_exactly():
    values = Sweep(1e-7, 10.0, steps=81).values
    assert (values[0], values[-1], len(values)) == (1e-7, 10.0, 81)
    np.testing.assert_allclose(np.diff(np.log10(values)), 0.1, rtol=1e-9)
    linear = Sweep(0.0, 0.02, steps=41, spacing="linear")
    np.testing.assert_allclose(linear.values, np.arange(41) * 0.0005, rtol=1e-12)
    assert len(linear) == 41


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"start": 1.0, "end": 0.1}, ValueError, "start must be below end, got start=1.0, end=0.1"),
        ({"start": 1.0, "end": 1.0}, ValueError, "a sweep goes up: start must be below end, got"),
        (
            {"start": 0.0},
            ValueError,
            "an exponential sweep cannot start at 0 or below, got start=0",
        ),
        ({"start": -1}, ValueError, "got start=-1: start higher, or use spacing='linear'"),
        ({"start": math.nan}, ValueError, "start must be finite, got start=nan"),
        ({"end": math.inf}, ValueError, "end must be finite, got end=inf"),
        ({"end": "1"}, TypeError, "end must be a number, got '1' (str)"),
        ({"steps": 9}, ValueError, "a sweep needs at least 10 steps to show a curve, got steps=9"),
        ({"steps": 10.5}, ValueError, "steps must be a whole number, got steps=10.5"),
        ({"spacing": "log"}, ValueError, "spacing must be 'exponential' or 'linear', got 'log'"),
        ({"name": None}, TypeError, "name must be a string such as 'lr', got None"),
    ],
)
def test_what_makes_no_sweep_is_refused(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Sweep(**{"start": 1e-5, "end": 1.0, "steps": 100, **change})


def test_repeated_runs_are_cut_each_by_the_rule():
    runs = [diverging(200, seed) for seed in range(3)]
    runs[1] = np.append(runs[1][:120], np.nan)
    test = Sweep(1e-7, 10.0, steps=200).range_test(runs)
    kept = [points_to_keep(run) for run in runs]
    assert test.losses.shape == (3, max(kept))
    assert kept[1] == 121
    assert np.isfinite(test.losses).sum(1).tolist() == [kept[0], 120, kept[2]]
    stacked = Sweep(1e-7, 10.0, steps=200).range_test(np.array([runs[0], runs[2]]))
    assert isinstance(stacked.bounds(), hc.Bounds)


def test_losses_that_do_not_fit_the_sweep_are_refused():
    sweep = Sweep(1e-7, 10.0, steps=20)
    for losses in (np.ones(21), [np.ones(5), np.ones(30)]):
        with pytest.raises(ValueError, match="a sweep of 20 steps has 1 to 20 losses per run"):
            sweep.range_test(losses)
    with pytest.raises(ValueError, match=r"losses must be of shape \(steps,\) or \(runs, steps\)"):
        sweep.range_test([])
    with pytest.raises(ValueError, match="no loss of any run is finite"):
        sweep.range_test([math.nan, 1.0])


def test_metrics_are_cut_with_the_losses():
    losses = np.append(np.ones(12), [math.nan, 1.0, 1.0])
    accuracy = np.arange(15) / 15
    test = Sweep(1e-3, 1.0, steps=20, name="weight_decay").range_test(
        losses, {"accuracy": accuracy}
    )
    assert (test.name, test.values.size) == ("weight_decay", 13)
    np.testing.assert_array_equal(test.metrics["accuracy"], accuracy[:13])
