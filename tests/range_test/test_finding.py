"""Whether a curve has bounds: why not, and what is said where it only just has."""

import copy
import pickle
import re

import numpy as np
import pytest
from range_test_curves import VALUES, family, noise, swept, true

import hypercycle as hc


def test_bounds_tell_where_the_other_curve_begins():
    x = np.linspace(-6, 0, 200)
    losses = 2.3 - 1.5 / (1 + np.exp(-4 * (x + 2)))
    accuracy = 0.1 + 0.8 / (1 + np.exp(-4 * (x + 3)))
    test = hc.RangeTest(10**x, losses, {"accuracy": accuracy})
    by_loss, by_accuracy = test.bounds(), test.bounds("accuracy")
    assert by_loss.reasons["low"].endswith(f"; by the accuracy it is {by_accuracy.low:.3g}")
    assert by_accuracy.reasons["low"].endswith(f"; by the loss it is {by_loss.low:.3g}")
    alone = hc.RangeTest(10**x, losses, {"accuracy": np.full(200, 0.1)}).bounds()
    assert alone.reasons["low"].endswith("is done")


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_noise_shows_no_bounds(n):
    values = np.geomspace(1e-7, 10.0, n)
    results = [hc.RangeTest(values, noise(n, seed)).bounds() for seed in range(40)]
    assert sum(map(bool, results)) <= 2


def test_correlated_noise_shows_no_bounds():
    values = np.geomspace(1e-7, 10.0, 300)
    for seed in range(8):
        losses = family.correlated(np.zeros(300), np.random.default_rng(seed))
        assert not hc.RangeTest(values, losses).bounds()


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        (np.log10(VALUES), "the loss never falls clearly from where it starts"),
        (np.log10(VALUES) + 0.1 * noise(100, 0), "the loss never falls clearly"),
        (np.full(100, 0.7), "the loss never changes"),
        (-(VALUES**3) + 10 * noise(100, 0), "the loss still falls, or has only just stopped"),
        (np.where(np.arange(100) < 9, 1.0, np.nan), "there are 9 finite points of the loss, and a"),
        (np.full(100, np.nan), "there are 0 finite points of the loss"),
    ],
)
def test_what_shows_no_bounds_says_why(losses, reason):
    nothing = hc.RangeTest(VALUES, losses).bounds()
    assert not nothing
    assert nothing.reason.startswith(reason)
    assert str(nothing) == f"no bounds found for lr, because {nothing.reason}"
    for attribute in ("low", "high", "steepest", "best", "high_interval", "cycle", "plan"):
        with pytest.raises(ValueError, match=f"there is no {attribute}: no bounds found for lr"):
            getattr(nothing, attribute)
    with pytest.raises(AttributeError, match="'NoBounds' object has no attribute 'other'"):
        _ = nothing.other
    assert pickle.loads(pickle.dumps(nothing)) == copy.copy(nothing) == nothing


def test_a_sweep_that_ends_too_early_still_tells_its_low_bound():
    test = swept("one descent", 200)
    cut = test.values < 0.003
    reason = hc.RangeTest(test.values[cut], test.losses[cut]).bounds().reason
    assert re.search(r"sweep further \(the low bound is about 0\.000\d+\)", reason)


def test_a_sweep_that_ends_late_in_a_descent_has_bounds_that_say_so():
    test = swept("one descent", 200)
    cut = test.values < 0.02
    values, losses = test.values[cut], test.losses[cut].copy()
    bounds = hc.RangeTest(values, losses).bounds()
    assert bounds.best == pytest.approx(values[-1], rel=0.1)
    assert bounds.high == pytest.approx(bounds.best / 3)
    assert np.log10(bounds.low) == pytest.approx(true("one descent")[0], abs=0.2)
    assert bounds.reasons["best"] == "the loss still falls at the end of the sweep: sweep further"
    assert bounds.reasons["high"] == (
        "a factor of 3 below the end of the sweep, where the loss still falls"
    )
    losses[-1] = np.nan  # a wall that no loss shows
    bounds = hc.RangeTest(values, losses).bounds()
    assert bounds.reasons["best"] == "the loss is lowest"
    assert bounds.best == pytest.approx(values[-1], rel=0.3)


def test_an_accuracy_that_slows_has_bounds_and_so_has_one_that_still_rises():
    x = np.linspace(-6, 0, 100)
    losses = np.ones(100)
    slows = 0.1 + 0.8 / (1 + np.exp(-4 * (x + 3))) + 0.01 * noise(100, 1)
    bounds = hc.RangeTest(10**x, losses, slows).bounds("metric")
    assert np.log10(bounds.high) == pytest.approx(-3 + np.log(9) / 4, abs=0.25)
    rises = 0.1 + 0.1 * (x + 6) + 0.01 * noise(100, 1)
    bounds = hc.RangeTest(10**x, losses, rises).bounds("metric")
    assert np.log10(bounds.high) == pytest.approx(-0.6, abs=0.2)
    assert bounds.reasons["best"].startswith("the metric still rises at the end of the sweep")


def test_on_a_linear_axis_high_is_where_the_loss_is_lowest():
    values = np.linspace(0.0, 0.99, 200)
    losses = 1.0 + 4.0 * (values - 0.8) ** 2 + 0.02 * noise(200, 3)
    bounds = hc.RangeTest(values, losses, name="momentum").bounds()
    assert bounds.axis == "linear"
    assert bounds.high == bounds.best == pytest.approx(0.8, abs=0.05)
    assert bounds.low == pytest.approx(0.8 * (1 - np.sqrt(0.9)), abs=0.05)


def test_a_linear_sweep_of_the_learning_rate_is_read_over_its_logarithm():
    curve = family.CURVES["one descent"]
    values = np.linspace(0.0, 0.9, 1500)
    losses = np.append(2.3, curve(np.log10(values[1:]))) + 0.02 * noise(1500, 4)
    bounds = hc.RangeTest(values, losses).bounds()
    assert np.log10(bounds.best) == pytest.approx(true("one descent")[2], abs=0.2)
    assert 0 < bounds.low < bounds.high


def test_what_cannot_be_read_is_refused():
    test = hc.RangeTest(VALUES, np.ones(100), {"accuracy": np.ones(100)})
    with pytest.raises(ValueError, match="no curve 'acc': recorded were 'loss', 'accuracy'"):
        test.bounds("acc")
    with pytest.raises(
        ValueError, match=r"confidence must be between 0 and 1, got confidence=1\.0"
    ):
        test.bounds(confidence=1)


def test_a_wider_confidence_gives_wider_intervals():
    test = swept("one descent")
    narrow, wide = test.bounds(confidence=0.5), test.bounds(confidence=0.99)
    assert narrow.low == wide.low
    assert wide.low_interval[0] < narrow.low_interval[0]
    assert wide.best_interval[1] > narrow.best_interval[1]
