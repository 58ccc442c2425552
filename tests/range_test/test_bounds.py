"""The bounds read off a range test, and the reasons where there are none."""

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from range_test_curves import family, noise, swept, true

import hypercycle as hc
from hypercycle.range_test.divergence import points_to_keep

AIMS = family.AIMS


def found(bounds):
    return np.log10([getattr(bounds, aim) for aim in AIMS])


@pytest.mark.parametrize(("points", "deviation", "noise"), family.SETTINGS)
def test_bounds_are_those_of_the_curve_without_noise(points, deviation, noise):
    errors, held = [], []
    for seed, name in enumerate(family.CURVES):
        bounds = swept(name, points, deviation, noise, seed).bounds()
        if not bounds:
            assert points == 30 or deviation >= 0.05, bounds
            continue
        errors.append(np.abs(found(bounds) - true(name)))
        intervals = np.log10([getattr(bounds, f"{aim}_interval") for aim in AIMS])
        held.append((intervals[:, 0] <= true(name)) & (true(name) <= intervals[:, 1]))
    assert len(errors) >= 7
    assert np.all(np.median(errors, axis=0) <= 0.15)
    assert np.max(np.array(errors)[:, :2]) <= 0.5
    assert np.mean(np.array(errors)[:, 2] <= 0.5) >= 0.85
    assert np.mean(held) >= 0.8


@pytest.mark.parametrize("name", family.CURVES)
def test_bounds_of_a_curve_without_noise_are_exact_but_for_the_grid(name):
    assert np.all(np.abs(found(swept(name, 300, 0.0).bounds()) - true(name)) < 0.17)


@pytest.mark.parametrize("name", ["one descent", "flat start", "later slope greater"])
def test_the_number_of_points_does_not_move_the_bounds(name):
    results = [found(swept(name, points).bounds()) for points in (60, 200, 1000, 4000)]
    assert np.all(np.ptp(results, axis=0) < 0.35)


def test_bounds_do_not_change_with_the_unit_of_the_loss():
    test = swept("one descent")
    expected = test.bounds()
    for factor, shift in [(100.0, 0.0), (1e-6, 0.0), (1.0, -50.0), (3.0, 7.0)]:
        other = hc.RangeTest(test.values, factor * test.losses + shift).bounds()
        np.testing.assert_allclose(found(other), found(expected), atol=0.01)
        np.testing.assert_allclose(other.high, expected.high, rtol=0.02)


def test_bounds_move_with_the_unit_of_the_value():
    test = swept("one descent")
    moved = hc.RangeTest(1000.0 * test.values, test.losses).bounds()
    np.testing.assert_allclose(found(moved), found(test.bounds()) + 3.0, atol=0.01)


def test_the_same_losses_give_the_same_bounds():
    assert swept("wall").bounds() == swept("wall").bounds()


def test_high_lies_the_documented_factor_below_best_and_above_low():
    bounds = swept("one descent").bounds()
    assert bounds.factor == 3.0
    assert bounds.high == pytest.approx(bounds.best / 3.0)
    assert bounds.high_interval == pytest.approx(tuple(np.array(bounds.best_interval) / 3.0))
    near = swept("early divergence", 300).bounds()
    values = np.geomspace(1e-4, 1.0, 400)
    x = np.log10(values)
    steep = 2.0 - 1.0 / (1 + np.exp(-12 * (x + 2))) + np.exp(20 * (x + 1.55))
    close = hc.RangeTest(values, steep).bounds()
    for one in (bounds, near, close):
        assert one.low < one.high < one.best
        assert one.high == pytest.approx(one.best / one.factor)
    assert close.factor < 3.0
    assert "halfway down to low" in close.reasons["high"]


def test_reasons_say_what_was_read():
    bounds = swept("one descent").bounds()
    assert set(bounds.reasons) == {"low", "steepest", "best", "high"}
    assert re.fullmatch(
        r"a tenth of the descent of the loss from 2\.\d+ to 0\.\d+ is done", bounds.reasons["low"]
    )
    assert bounds.reasons["high"] == "a factor of 3 below where the loss is lowest"
    shown = str(bounds).splitlines()
    assert shown[0] == "lr, read off the loss"
    parts = [line.split()[0] for line in shown[1:-1] if line[2] != " "]
    assert parts == ["low", "steepest", "best", "high"]
    assert max(map(len, shown)) <= 80
    assert " ".join(line[44:].strip() for line in shown[-3:-1]) == bounds.reasons["high"]
    assert shown[-1] == (
        f"Training at a fixed rate begins to work after {bounds.sum_to_low:.2g} / rate updates."
    )


def test_the_rates_up_to_low_add_up_to_the_same_whatever_the_number_of_steps():
    # Gradient descent on a parabola: what is left is a matter of the sum of the rates.
    sums = []
    for steps in (100, 400, 1600):
        values = np.geomspace(1e-6, 1.0, steps)
        left = np.append(1.0, np.cumprod(1.0 - 0.3 * values)[:-1])
        bounds = hc.RangeTest(values, 0.1 + left**2 + 10 * values**6).bounds()
        sums.append(bounds.sum_to_low)
        assert sums[-1] == values[values <= bounds.low].sum()
    # A tenth of the descent: exp(−2 · 0.3 · sum) = 0.9.
    np.testing.assert_allclose(sums, -np.log(0.9) / 0.6, rtol=0.3)


def accuracy(x, seed=0):
    rise = 0.1 + 0.8 / (1 + np.exp(-3 * (x + 2.6))) - 0.8 / (1 + np.exp(-8 * (x + 0.2)))
    return rise + 0.01 * noise(x.size, seed)


def test_bounds_of_an_accuracy_measured_now_and_then():
    test = swept("one descent", 300)
    x = np.log10(test.values)
    measured = np.where(np.arange(x.size) % 6 == 0, accuracy(x), np.nan)
    bounds = hc.RangeTest(test.values, test.losses, {"accuracy": measured}).bounds("accuracy")
    assert bounds.on == "accuracy"
    assert bounds.factor == 1.0
    # 10 % and 90 % of a logistic step of 3 a decade lie ln(9) / 3 decades about its middle.
    assert np.log10(bounds.low) == pytest.approx(-2.6 - np.log(9) / 3, abs=0.15)
    assert np.log10(bounds.steepest) == pytest.approx(-2.6, abs=0.15)
    assert np.log10(bounds.high) == pytest.approx(-2.6 + np.log(9) / 3, abs=0.25)
    assert "nine tenths of the rise of the accuracy are done: it slows" in bounds.reasons["high"]
    error = hc.RangeTest(test.values, test.losses, {"error": 1 - measured})
    same = error.bounds("error", lower_is_better=True)
    assert np.log10(same.low) == pytest.approx(np.log10(bounds.low), abs=0.05)


def test_repeats_are_averaged_and_their_spread_widens_the_intervals():
    curve = family.CURVES["one descent"]
    x = np.linspace(-7, 0.3, 100)
    quiet = np.array([curve(x) + 0.1 * noise(100, seed) for seed in range(6)])
    one, six = (hc.RangeTest(10**x, runs).bounds() for runs in (quiet[:1], quiet))
    width = np.diff(np.log10([one.low_interval, six.low_interval]))[:, 0]
    assert width[1] < width[0]
    lucky = np.array([curve(x + 0.3 * offset) for offset in (-2, -1, 0, 1, 2)])
    lucky = lucky + 0.02 * noise(lucky.size, 9).reshape(lucky.shape)
    spread = hc.RangeTest(10**x, lucky).bounds()
    assert np.log10(spread.low_interval[1] / spread.low_interval[0]) > 0.25


def test_bounds_make_a_cycle():
    bounds = swept("one descent").bounds()
    cycle = bounds.cycle("2ep", waveform="hann")
    assert cycle == hc.Cycle(bounds.low, bounds.high, "2ep", waveform="hann")


@given(st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=60))
@example([0.0] * 9 + [5e-324])
@example([0.0] * 5 + [2e-311, 0.0, 1.0, 0.0, 1.0])
@example([0.0] * 9 + [3e-297])
@settings(max_examples=60)
def test_any_losses_give_bounds_in_order_or_a_reason(losses):
    values = np.geomspace(1e-5, 1.0, len(losses))
    bounds = hc.RangeTest(values, losses).bounds()
    if bounds:
        assert bounds.low < bounds.high <= bounds.best
        assert bounds.steepest <= bounds.best
        assert bounds.steepest_interval[1] <= bounds.best_interval[1]
        for part in ("low", "high", "best", "steepest"):
            first, last = getattr(bounds, f"{part}_interval")
            assert first <= getattr(bounds, part) <= last
    else:
        assert bounds.reason


def test_the_stop_rule_keeps_what_the_bounds_need():
    x, losses = family.recorded(family.CURVES["one descent"], 200, 0.02, family.white, 0)
    whole = hc.RangeTest(10**x, losses).bounds()
    kept = points_to_keep(losses)
    assert kept < 200
    np.testing.assert_allclose(
        found(hc.RangeTest(10 ** x[:kept], losses[:kept]).bounds()), found(whole), atol=0.05
    )


# Accuracies of a small network on scikit-learn's digits, measured after every tenth update of
# sweeps that begin at 1e-6: where they end, how many updates they have, what was measured.
DIGITS = [
    (
        100.0, 300,
        [0.098, 0.098, 0.098, 0.098, 0.098, 0.098, 0.098, 0.099, 0.1, 0.104, 0.105, 0.109, 0.129,
         0.218, 0.377, 0.566, 0.767, 0.791, 0.814, 0.913, 0.843, 0.879, 0.439, 0.097, 0.099, 0.1,
         0.101],
    ),
    (
        1.0, 300,
        [0.101, 0.101, 0.101, 0.101, 0.101, 0.101, 0.101, 0.101, 0.101, 0.101, 0.101, 0.101, 0.101,
         0.101, 0.101, 0.101, 0.101, 0.111, 0.431, 0.414, 0.162, 0.535, 0.721, 0.764, 0.747, 0.801,
         0.832, 0.697, 0.098, 0.098],
    ),
    (
        100.0, 300,
        [0.074, 0.074, 0.074, 0.074, 0.074, 0.074, 0.071, 0.071, 0.074, 0.074, 0.071, 0.101, 0.192,
         0.239, 0.148, 0.414, 0.387, 0.192, 0.855, 0.865, 0.246, 0.397, 0.101, 0.098, 0.101, 0.101],
    ),
    (
        100.0, 300,
        [0.084, 0.084, 0.084, 0.084, 0.084, 0.084, 0.084, 0.084, 0.088, 0.088, 0.114, 0.152, 0.168,
         0.182, 0.195, 0.259, 0.552, 0.744, 0.764, 0.882, 0.636, 0.098, 0.101, 0.101, 0.098, 0.101],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("end", "steps", "accuracy"), DIGITS)
def test_an_accuracy_that_rises_and_collapses_has_bounds_before_its_turn(end, steps, accuracy):
    values = np.geomspace(1e-6, end, steps)[9::10][: len(accuracy)]
    bounds = hc.RangeTest(values, np.ones(len(values)), {"accuracy": accuracy}).bounds("accuracy")
    assert bounds, bounds
    # NumPy 1 draws other curves, in one case the steepest place behind nine tenths of the rise.
    high = bounds.best if np.__version__.startswith("1.") else bounds.high
    assert 5e-4 < bounds.low < bounds.steepest <= high <= bounds.best < 1.0
    assert bounds.low < bounds.high <= bounds.best
    assert bounds.steepest_interval[1] <= bounds.best_interval[1] < 1.0
    assert bounds.low_interval[0] > 1e-4


@pytest.mark.parametrize(("points", "deviation", "noise"), family.ACCURACY_SETTINGS)
def test_bounds_of_an_accuracy_are_those_of_the_curve_without_noise(points, deviation, noise):
    errors, held = [], []
    for name, curve in family.ACCURACIES.items():
        truth = family.truth(lambda x, curve=curve: -curve(x))
        expected = np.array([truth["low"], truth["steepest"], truth["slowed"]])
        for seed in range(4):
            x, y = family.recorded(curve, points, deviation, noise, seed)
            bounds = hc.RangeTest(10**x, np.ones(points), np.clip(y, 0, 1)).bounds("metric")
            if not bounds:
                assert points == 30, (name, seed, bounds)
                continue
            aims = family.ACCURACY_AIMS
            errors.append(np.abs(np.log10([getattr(bounds, aim) for aim in aims]) - expected))
            intervals = np.log10([getattr(bounds, f"{aim}_interval") for aim in aims])
            held.append((intervals[:, 0] <= expected) & (expected <= intervals[:, 1]))
    assert len(errors) >= 18
    # The steepest place is that of a node of the grid, which are 0.08 decades apart.
    assert np.all(np.median(errors, axis=0) <= [0.1, 0.35, 0.2])
    assert np.all(np.mean(np.array(errors) <= 0.5, axis=0) >= 0.85)
    assert np.mean(held) >= 0.85
