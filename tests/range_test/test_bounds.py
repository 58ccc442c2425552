"""The record of a range test, the bounds read off it, and what is made of them."""

import copy
import pickle
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.range_test.divergence import points_to_keep
from hypercycle.range_test.suggestions import SUGGESTIONS, _longest_descent


def _benchmark():
    folder = Path(__file__).parents[2] / "benchmarks"
    spec = spec_from_file_location("range_test_benchmark", folder / "range_test.py")
    module = module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


family = _benchmark()
AIMS = family.AIMS
VALUES = np.geomspace(1e-7, 10.0, 100)


def sweep_of(name, points=100, deviation=0.02, noise=family.white, seed=0):
    return family.analysed(*family.recorded(family.CURVES[name], points, deviation, noise, seed))


def found(bounds):
    return np.log10([getattr(bounds, aim) for aim in AIMS])


def true(name):
    return np.array([family.truth(family.CURVES[name])[aim] for aim in AIMS])


@pytest.mark.parametrize(("points", "deviation", "noise"), family.SETTINGS, ids=str)
def test_bounds_are_those_of_the_curve_without_noise(points, deviation, noise):
    errors, held = [], []
    for seed, name in enumerate(family.CURVES):
        bounds = sweep_of(name, points, deviation, noise, seed).bounds()
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
    assert np.all(np.abs(found(sweep_of(name, 300, 0.0).bounds()) - true(name)) < 0.17)


@pytest.mark.parametrize("name", ["one descent", "flat start", "later slope greater"])
def test_the_number_of_points_does_not_move_the_bounds(name):
    results = [found(sweep_of(name, points).bounds()) for points in (60, 200, 1000, 4000)]
    assert np.all(np.ptp(results, axis=0) < 0.35)


def test_bounds_do_not_change_with_the_unit_of_the_loss():
    test = sweep_of("one descent")
    expected = test.bounds()
    for factor, shift in [(100.0, 0.0), (1e-6, 0.0), (1.0, -50.0), (3.0, 7.0)]:
        other = hc.RangeTest(test.values, factor * test.losses + shift).bounds()
        np.testing.assert_allclose(found(other), found(expected), atol=0.01)
        np.testing.assert_allclose(other.high, expected.high, rtol=0.02)


def test_bounds_move_with_the_unit_of_the_value():
    test = sweep_of("one descent")
    moved = hc.RangeTest(1000.0 * test.values, test.losses).bounds()
    np.testing.assert_allclose(found(moved), found(test.bounds()) + 3.0, atol=0.01)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_points_that_are_not_finite_change_nothing(value):
    test = sweep_of("one descent")
    more = np.append(test.values, [20.0, 30.0, 40.0])
    longer = hc.RangeTest(more, np.append(test.losses, [value] * 3))
    assert longer.bounds() == test.bounds()
    for method in SUGGESTIONS:
        assert longer.suggest(method) == test.suggest(method)


def test_the_same_losses_give_the_same_bounds():
    assert sweep_of("wall").bounds() == sweep_of("wall").bounds()


def test_high_lies_the_documented_factor_below_best_and_above_low():
    bounds = sweep_of("one descent").bounds()
    assert bounds.factor == 3.0
    assert bounds.high == pytest.approx(bounds.best / 3.0)
    assert bounds.high_interval == pytest.approx(tuple(np.array(bounds.best_interval) / 3.0))
    near = sweep_of("early divergence", 300).bounds()
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
    bounds = sweep_of("one descent").bounds()
    assert set(bounds.reasons) == {"low", "steepest", "best", "high"}
    assert re.fullmatch(
        r"a tenth of the descent of the loss from 2\.\d+ to 0\.\d+ is done", bounds.reasons["low"]
    )
    assert bounds.reasons["high"] == "a factor of 3 below where the loss is lowest"
    shown = str(bounds).splitlines()
    assert shown[0] == "lr, read off the loss"
    parts = [line.split()[0] for line in shown[1:] if line[2] != " "]
    assert parts == ["low", "steepest", "best", "high"]
    assert max(map(len, shown)) <= 80
    assert " ".join(line[44:].strip() for line in shown[-2:]) == bounds.reasons["high"]


# No bounds.


def noise(n, seed):
    return np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_noise_shows_no_bounds(n):
    values = np.geomspace(1e-7, 10.0, n)
    results = [hc.RangeTest(values, noise(n, seed)).bounds() for seed in range(12)]
    assert sum(map(bool, results)) == 0


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
        (-np.log10(VALUES) + 0.1 * noise(100, 0), "the loss still falls, or has only just stopped"),
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
    test = sweep_of("one descent", 200)
    cut = test.values < 0.02
    reason = hc.RangeTest(test.values[cut], test.losses[cut]).bounds().reason
    assert re.search(r"sweep further \(the low bound is about 0\.000\d+\)", reason)


def test_a_loss_that_ends_without_a_rise_in_what_is_not_finite_has_bounds():
    test = sweep_of("one descent", 200)
    cut = test.values < 0.1
    values, losses = test.values[cut], test.losses[cut].copy()
    assert not hc.RangeTest(values, losses).bounds()
    losses[-1] = np.nan
    bounds = hc.RangeTest(values, losses).bounds()
    assert np.log10(bounds.best) == pytest.approx(-1.0, abs=0.3)
    assert np.log10(bounds.low) == pytest.approx(true("one descent")[0], abs=0.2)


# Metrics, repeats, axes.


def accuracy(x, seed=0):
    rise = 0.1 + 0.8 / (1 + np.exp(-3 * (x + 2.6))) - 0.8 / (1 + np.exp(-8 * (x + 0.2)))
    return rise + 0.01 * noise(x.size, seed)


def test_bounds_of_an_accuracy_measured_now_and_then():
    test = sweep_of("one descent", 300)
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


def test_an_accuracy_that_slows_has_bounds_and_one_that_still_rises_has_none():
    x = np.linspace(-6, 0, 100)
    losses = np.ones(100)
    slows = 0.1 + 0.8 / (1 + np.exp(-4 * (x + 3))) + 0.01 * noise(100, 1)
    bounds = hc.RangeTest(10**x, losses, slows).bounds("metric")
    assert np.log10(bounds.high) == pytest.approx(-3 + np.log(9) / 4, abs=0.25)
    rises = 0.1 + 0.1 * (x + 6) + 0.01 * noise(100, 1)
    assert "still rises" in hc.RangeTest(10**x, losses, rises).bounds("metric").reason


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


def test_a_point_counts_where_every_repeat_is_finite():
    test = sweep_of("one descent")
    twice = np.array([test.losses, test.losses])
    twice[1, 50] = np.nan
    kept = np.arange(test.values.size) != 50
    both = hc.RangeTest(test.values, twice).bounds()
    alone = hc.RangeTest(test.values[kept], np.array([test.losses[kept]] * 2)).bounds()
    assert both == alone


@pytest.mark.parametrize(
    ("values", "name", "axis"),
    [
        (np.geomspace(1e-5, 1, 20), "lr", "log"),
        (np.linspace(0.0, 0.02, 20), "weight_decay", "log"),
        (np.linspace(0.01, 0.05, 20), "lr", "linear"),
        (np.linspace(0.0, 0.99, 20), "momentum", "linear"),
        (np.linspace(0.0, 0.99, 20), "beta1", "linear"),
        (np.linspace(-1.0, 1.0, 20), "shift", "log"),
        (np.linspace(-1.0, 0.0, 20), "shift", "linear"),
    ],
)
def test_the_axis_is_that_of_the_hyperparameter(values, name, axis):
    assert hc.RangeTest(values, np.ones(20), name=name).axis == axis
    assert hc.RangeTest(values, np.ones(20), name=name, axis="linear").axis == "linear"


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


# Cycles and plans.


def some_bounds(name="lr"):
    test = sweep_of("one descent")
    return hc.RangeTest(test.values, test.losses, name=name).bounds()


def test_bounds_make_a_cycle():
    bounds = some_bounds()
    cycle = bounds.cycle("2ep", waveform="hann")
    assert cycle == hc.Cycle(bounds.low, bounds.high, "2ep", waveform="hann")


@given(
    epochs=st.integers(1, 300),
    steps_per_epoch=st.integers(2, 5000),
    cycles=st.none() | st.integers(1, 4),
)
@settings(max_examples=100)
def test_a_plan_fills_the_run_with_whole_cycles(epochs, steps_per_epoch, cycles):
    if epochs * steps_per_epoch < 8:
        return
    bounds = FOUND
    plan = bounds.plan(epochs, steps_per_epoch, cycles=cycles)
    lr = plan["lr"]
    total = epochs * steps_per_epoch
    rest = total - lr.cycles * lr.period
    assert 0 <= rest < 2 * lr.cycles
    assert lr.is_cycle_end(lr.cycles * lr.period)
    assert lr(total) == lr.low == bounds.low
    assert (f"the last {rest} of {total} steps stay" in plan.explanation) == (rest > 0)
    assert plan["momentum"] == lr.opposite(0.85, 0.95)
    if cycles is None and epochs >= 4:
        assert 2 - 1 / steps_per_epoch <= lr.step_size_up / steps_per_epoch <= 10


FOUND = some_bounds()


@pytest.mark.parametrize(
    ("epochs", "cycles", "hint"),
    [
        (1, 1, "step sizes below 2 epochs are short"),
        (3, 1, "step sizes below 2 epochs are short"),
        (4, 1, "they need 12 epochs"),
        (8, 2, "they need 12 epochs"),
        (12, 3, ""),
        (16, 4, ""),
        (80, 4, ""),
        (100, 5, ""),
        (200, 10, ""),
    ],
)
def test_the_rule_gives_four_cycles_where_the_step_size_allows(epochs, cycles, hint):
    plan = FOUND.plan(epochs, 100)
    assert plan["lr"].cycles == cycles
    assert hint in plan.explanation
    assert ("; " in plan.explanation) == bool(hint)


def test_the_plan_says_how_it_was_rounded_and_is_a_plan():
    plan = FOUND.plan(epochs=30, steps_per_epoch=391, waveform="hann")
    assert plan.explanation == (
        "4 cycles of 2 × 1466 steps (3.75 epochs up, 3.75 down) in 30 epochs of 391 steps; the "
        "last 2 of 11730 steps stay where the last cycle ends"
    )
    assert isinstance(plan, hc.Plan)
    assert plan == hc.Plan(**plan)
    assert plan["lr"].waveform == "hann"
    assert pickle.loads(pickle.dumps(plan)).explanation == plan.explanation
    assert list(FOUND.plan(30, 391, momentum=None)) == ["lr"]
    assert list(some_bounds("weight_decay").plan(30, 391)) == ["weight_decay"]


def test_what_makes_no_plan_is_refused():
    with pytest.raises(ValueError, match=r"3 steps \(epochs=1, steps_per_epoch=3\) are too few"):
        FOUND.plan(1, 3, cycles=2)
    with pytest.raises(ValueError, match="too few for 1 cycle of at least 2 steps"):
        FOUND.plan(1, 1)
    with pytest.raises(ValueError, match="epochs must be greater than 0, got epochs=0"):
        FOUND.plan(0, 100)
    with pytest.raises(ValueError, match="steps_per_epoch must be at least 1"):
        FOUND.plan(10, 0)
    with pytest.raises(ValueError, match="cycles must be at least 1"):
        FOUND.plan(10, 100, cycles=0)
    for momentum in (0.9, (0.8, 0.9, 0.95)):
        with pytest.raises(TypeError, match=r"momentum must be its bounds \(low, high\), or None"):
            FOUND.plan(10, 100, momentum=momentum)


# Suggestions.


def test_classic_suggestions_are_near_what_they_aim_at():
    test = sweep_of("one descent", 200)
    bounds = test.bounds()
    _, steepest, best = true("one descent")
    assert test.suggest("steepest") == bounds.steepest
    assert test.suggest("minimum/10") == bounds.best / 10
    assert test.suggest("max/3") == bounds.high / 3
    assert test.suggest("max/4") == bounds.high / 4
    assert steepest - 1.0 < np.log10(test.suggest("slide")) < best
    assert steepest - 0.5 < np.log10(test.suggest("valley")) < best


def test_a_loss_that_still_falls_has_a_steepest_point_but_no_maximum():
    test = sweep_of("one descent", 200)
    cut = test.values < 0.02
    test = hc.RangeTest(test.values[cut], test.losses[cut])
    assert np.log10(test.suggest("steepest")) == pytest.approx(-2.5, abs=0.3)
    with pytest.raises(ValueError, match="there is no high: no bounds found for lr"):
        test.suggest("max/3")


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=25))
def test_the_longest_descent_is_that_of_the_quadratic_search(numbers):
    lengths = []
    for i, number in enumerate(numbers):
        before = [lengths[j] for j in range(i) if numbers[j] > number]
        lengths.append(1 + max(before, default=0))
    expected = int(np.argmax(lengths))
    assert _longest_descent(np.array(numbers, float)) == (expected, max(lengths))


def test_what_cannot_be_suggested_is_refused():
    test = sweep_of("one descent")
    message = "unknown method 'steep'; did you mean 'steepest'? there are 'steepest', 'valley'"
    with pytest.raises(ValueError, match=re.escape(message)):
        test.suggest("steep")
    with pytest.raises(ValueError, match="the loss of this sweep of lr never falls"):
        hc.RangeTest(VALUES, np.log10(VALUES)).suggest("steepest")
    with pytest.raises(ValueError, match="there are 3 finite points"):
        hc.RangeTest([1, 2, 3], [1, 2, 3]).suggest("valley")


# The record.


def test_the_record_is_a_read_only_copy_that_compares_and_pickles():
    losses = np.linspace(2, 1, 100)
    test = hc.RangeTest(VALUES, losses, {"accuracy": np.full(100, np.nan)}, name="lr")
    losses[0] = 99.0
    assert test.losses[0] == 2.0
    with pytest.raises(ValueError, match="read-only"):
        test.losses[0] = 1.0
    assert pickle.loads(pickle.dumps(test)) == copy.deepcopy(test) == test
    assert test != hc.RangeTest(VALUES, losses)
    assert repr(test) == "<RangeTest of lr from 1e-07 to 10: 100 points, accuracy>"
    runs = hc.RangeTest(VALUES, np.ones((3, 100)))
    assert repr(runs) == "<RangeTest of lr from 1e-07 to 10: 100 points, 3 runs>"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"values": VALUES[::-1]}, ValueError, "values must be finite and increasing, one for"),
        ({"values": np.ones(100)}, ValueError, "values must be finite and increasing"),
        ({"values": np.append(VALUES[:-1], np.nan)}, ValueError, "values must be finite and incr"),
        ({"values": []}, ValueError, "values must be of shape (n,), not empty, got shape (0,)"),
        ({"values": "abc"}, TypeError, "values must be an array of numbers"),
        ({"losses": [[1.0], [1.0, 2.0]]}, TypeError, "losses must be an array of numbers: "),
        ({"losses": np.full(100, 1j)}, TypeError, "losses must be an array of numbers: Casting co"),
        ({"losses": np.ones(99)}, ValueError, "losses must be of shape (100,) or (runs, 100), one"),
        ({"losses": 1.0}, ValueError, "losses must be of shape (100,) or (runs, 100)"),
        ({"metrics": {"acc": np.ones(5)}}, ValueError, "metrics['acc'] must be of shape (100,) or"),
        ({"metrics": {"loss": np.ones(100)}}, ValueError, "a metric cannot be called 'loss'"),
        ({"name": 3}, TypeError, "name must be a string such as 'lr', got 3"),
        ({"axis": "logarithmic"}, ValueError, "axis must be 'log' or 'linear', got 'logarithmic'"),
    ],
)
def test_what_makes_no_record_is_refused(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.RangeTest(**{"values": VALUES, "losses": np.ones(100), **change})


def test_what_cannot_be_read_is_refused():
    test = hc.RangeTest(VALUES, np.ones(100), {"accuracy": np.ones(100)})
    with pytest.raises(ValueError, match="no curve 'acc': recorded were 'loss', 'accuracy'"):
        test.bounds("acc")
    with pytest.raises(
        ValueError, match=r"confidence must be between 0 and 1, got confidence=1\.0"
    ):
        test.bounds(confidence=1)


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


def test_a_wider_confidence_gives_wider_intervals():
    test = sweep_of("one descent")
    narrow, wide = test.bounds(confidence=0.5), test.bounds(confidence=0.99)
    assert narrow.low == wide.low
    assert wide.low_interval[0] < narrow.low_interval[0]
    assert wide.best_interval[1] > narrow.best_interval[1]


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


@pytest.mark.parametrize(("points", "deviation", "noise"), family.ACCURACY_SETTINGS, ids=str)
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
    assert np.all(np.median(errors, axis=0) <= 0.2)
    assert np.all(np.mean(np.array(errors) <= 0.5, axis=0) >= 0.85)
    assert np.mean(held) >= 0.85
