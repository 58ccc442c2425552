"""From points to places: which points count, and that a curve is read once."""

import threading

import numpy as np
import pytest
from range_test_curves import noise, swept

import hypercycle as hc
from hypercycle.range_test import reading
from hypercycle.range_test.reading import place_of, points_of, read, reading_of, value_at
from hypercycle.range_test.suggestions import SUGGESTIONS


def test_a_point_counts_where_every_repeat_is_finite():
    test = swept("one descent")
    twice = np.array([test.losses, test.losses])
    twice[1, 50] = np.nan
    kept = np.arange(test.values.size) != 50
    both = hc.RangeTest(test.values, twice).bounds()
    alone = hc.RangeTest(test.values[kept], np.array([test.losses[kept]] * 2)).bounds()
    assert both == alone


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_points_that_are_not_finite_change_nothing(value):
    test = swept("one descent")
    more = np.append(test.values, [20.0, 30.0, 40.0])
    longer = hc.RangeTest(more, np.append(test.losses, [value] * 3))
    assert longer.bounds() == test.bounds()
    for method in SUGGESTIONS:
        assert longer.suggest(method) == test.suggest(method)


@pytest.fixture
def fits(monkeypatch):
    """What curves were fitted through: the numbers of points, in order."""
    seen = []
    fit_curve = reading.fit_curve

    def counted(places, *arguments, **options):
        seen.append(len(places))
        return fit_curve(places, *arguments, **options)

    monkeypatch.setattr(reading, "fit_curve", counted)
    return seen


def recorded(runs=None):
    test = swept("one descent")
    losses = test.losses if runs is None else np.array([test.losses + i for i in range(runs)])
    return hc.RangeTest(test.values, losses, {"accuracy": -test.losses})


# A reading takes two fits, the curve and its descent; repeated runs take one more each. Bounds tell
# of the other curves too.


def test_one_question_reads_one_curve_once(fits):
    for method in SUGGESTIONS:
        fits.clear()
        recorded().suggest(method)
        assert len(fits) == 2


@pytest.mark.parametrize("runs", [2, 5])
def test_repeated_runs_are_fitted_once_each(fits, runs):
    recorded(runs).bounds()
    assert len(fits) == (2 + runs) + 2


def test_a_curve_is_read_once_whatever_is_asked(fits):
    test = recorded()
    expected = test.bounds()
    assert len(fits) == 4
    for method in SUGGESTIONS:
        test.suggest(method)
    narrower = test.bounds(confidence=0.5)
    assert len(fits) == 4
    assert test.bounds() == expected != narrower


def test_each_curve_and_direction_has_its_own_reading(fits):
    test = recorded()
    rises, falls = test.bounds("accuracy"), test.bounds("accuracy", lower_is_better=True)
    assert len(fits) == 6
    assert rises
    assert not falls
    assert test.bounds("accuracy") == rises
    assert test.bounds("accuracy", lower_is_better=True) == falls
    test.bounds()
    assert len(fits) == 6
    assert recorded().bounds("accuracy") == rises


def test_threads_that_ask_at_once_get_one_answer():
    expected = recorded().bounds()
    for _ in range(5):
        test, found, gate = recorded(), [], threading.Barrier(4)

        def ask(test=test, found=found, gate=gate):
            gate.wait()
            found.append((reading_of(test, "loss", falls=True), test.bounds()))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [bounds for _, bounds in found] == [expected] * 4
        assert len({id(one) for one, _ in found}) == 1


@pytest.mark.parametrize("axis", ["log", "linear"])
def test_places_and_values_are_inverse(axis):
    test = hc.RangeTest(np.geomspace(1e-3, 1.0, 20), np.ones(20), axis=axis)
    places, runs = points_of(test, "loss", falls=True)
    assert runs.shape == (1, 20)
    np.testing.assert_allclose(value_at(test, places), test.values)
    assert place_of(test, 0.01) == (-2.0 if axis == "log" else 0.01)


def test_points_above_a_wall_are_left_out_and_it_is_said():
    places = np.linspace(-3.0, 0.0, 60)
    descent = np.maximum(-places - 1.0, 0.0) + 0.01 * noise(60, 0)
    assert not read(places, descent[None]).diverged
    walled = np.where(places > -0.5, 100.0, descent)
    found = read(places, walled[None])
    assert found.diverged
    assert found.places[-1] < -0.4
    assert found.curve.grid[-1] == found.places[-1]
    assert found.curve.mean.max() < 3.0
