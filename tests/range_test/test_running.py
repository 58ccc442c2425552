"""What the runners of all frameworks share."""

import math
import random
import re

import numpy as np
import pytest

import hypercycle as hc
from hypercycle.range_test.running import Runs, average, endless, once, sweep_of
from hypercycle.range_test.sweep import Sweep


def test_a_learning_rate_needs_no_bounds_and_others_do():
    assert sweep_of("lr", None, 1.0, 100, "exponential") == Sweep(1e-6, 1.0, 100)
    assert sweep_of("learning_rate", 1e-3, None, 50, "exponential").end == 10.0
    with pytest.raises(
        ValueError, match="a range test of 'momentum' needs its start and end: only"
    ):
        sweep_of("momentum", 0.5, None, 100, "linear")


# Arguments.

SWEEP = Sweep(1e-3, 1.0, steps=20)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"repeats": 0}, ValueError, "repeats must be at least 1, got repeats=0"),
        ({"accumulate": 1.5}, ValueError, "accumulate must be a whole number, got accumulate=1.5"),
        ({"metrics_every": True}, TypeError, "metrics_every must be a whole number, got True"),
        ({"metrics": abs}, TypeError, "metrics must be {name: function(model)}, got <built-in"),
        ({"metrics": [3], "metrics_of": "params"}, TypeError, "{name: function(params)}, got [3]"),
        ({"metrics": {"accuracy": 0.5}}, TypeError, "metrics must be {name: function(model)}, got"),
        ({"metrics": {"loss": abs}}, ValueError, "a metric cannot be called 'loss', which names"),
        (
            {"metrics": {"one": abs}, "metrics_every": 21},
            ValueError,
            "metrics_every=21 is more than the 20 steps of the sweep: nothing would be measured",
        ),
    ],
)
def test_wrong_arguments_are_refused(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Runs(SWEEP, **change)


def test_without_metrics_their_distance_may_be_anything():
    runs = Runs(SWEEP, metrics_every=10**6)
    assert (runs.repeats, runs.accumulate, runs.metrics) == (1, 1, {})
    assert not runs.measures_after(10**6, 0.5)


def test_metrics_are_measured_where_asked_and_not_after_what_is_not_finite():
    runs = Runs(SWEEP, metrics={"one": abs}, metrics_every=6)
    assert [n for n in range(1, 21) if runs.measures_after(n, 0.5)] == [6, 12, 18]
    for loss in (math.nan, math.inf, -math.inf):
        assert not runs.measures_after(6, loss)


# Batches.


def test_batches_are_restarted_for_ever():
    stream = endless([1, 2, 3], "batches")
    assert [next(stream) for _ in range(8)] == [1, 2, 3, 1, 2, 3, 1, 2]


class OldSequence:
    """Iterable by ``__getitem__`` alone."""

    def __getitem__(self, index):
        if index == 2:
            raise IndexError
        return index


def test_a_sequence_without_iter_is_a_loader_too():
    stream = endless(OldSequence(), "batches")
    assert [next(stream) for _ in range(5)] == [0, 1, 0, 1, 0]


class Shuffling:
    """Draws as soon as it is asked for an iterator, as PyTorch's loader does."""

    def __init__(self):
        self.asked = 0

    def __iter__(self):
        self.asked += 1
        return iter([random.random(), random.random()])


def test_a_loader_is_asked_for_one_iterator_per_epoch_and_none_before_the_first_batch():
    loader = Shuffling()
    stream = endless(loader, "batches")
    assert loader.asked == 0
    first = [next(stream), next(stream)]
    assert loader.asked == 1
    assert [next(stream), next(stream)] != first
    assert loader.asked == 2


@pytest.mark.parametrize("wrong", [3, None, abs])
def test_what_cannot_be_iterated_is_refused_at_once(wrong):
    message = "x must be a loader, a list or another iterable of batches, got "
    with pytest.raises(TypeError, match=re.escape(message + repr(wrong))):
        endless(wrong, "x")


def test_an_iterator_is_refused_and_keeps_its_batches():
    batches = [1, 2, 3]
    for iterator in (iter(batches), (one for one in batches), map(abs, batches)):
        with pytest.raises(
            TypeError, match=r"batches must give new batches each time .* the iterator <.*consumed"
        ):
            next(endless(iterator, "batches"))
        assert list(iterator) == batches


def test_a_function_that_makes_an_iterator_is_called_at_each_start():
    stream = endless(lambda: iter([1, 2]), "batches")
    assert [next(stream) for _ in range(5)] == [1, 2, 1, 2, 1]


def test_no_batches_at_all_are_refused():
    with pytest.raises(ValueError, match="x is empty: there are no batches to train on"):
        next(endless([], "x"))


def test_a_stream_that_cannot_be_restarted_says_how_far_it_went():
    class Once:
        def __init__(self):
            self.batches = iter(range(3))

        def __iter__(self):
            yield from self.batches

    stream = endless(Once(), "batches")
    assert [next(stream) for _ in range(3)] == [0, 1, 2]
    message = (
        "batches gave 3 batches, and none when iterated again: pass what begins anew, or take no "
        "more steps than there are batches"
    )
    with pytest.raises(ValueError, match=message):
        next(stream)


# Repeats.


def test_one_run_is_itself():
    test = hc.RangeTest(np.geomspace(1e-3, 1.0, 12), np.ones(12))
    assert average([test]) is test


def test_a_repeat_that_stopped_before_its_first_measurement():
    values = np.geomspace(1e-3, 1.0, 12)
    whole = hc.RangeTest(values, np.ones(12), {"accuracy": np.linspace(0.0, 1.0, 12)})
    short = hc.RangeTest(values[:3], np.ones(3))
    both = average([short, whole])
    assert both.losses.shape == (2, 12)
    assert np.isnan(both.losses[0, 3:]).all()
    assert both.metrics["accuracy"][1].tolist() == np.linspace(0.0, 1.0, 12).tolist()


def test_one_pass_is_not_begun_again():
    assert list(once([1, 2], "batches")) == [1, 2]
    assert list(once(lambda: iter([1, 2]), "batches")) == [1, 2]
    with pytest.raises(TypeError, match="must give new batches each time it is iterated"):
        once(iter([1]), "batches")
