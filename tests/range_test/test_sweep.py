"""The values of a sweep, what is recorded, and when it stops."""

import io
import math
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.range_test.divergence import points_to_keep
from hypercycle.range_test.recorder import Recorder
from hypercycle.range_test.running import averaged
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


def curve(n=200, seed=0, deviation=0.02):
    x = np.linspace(-7, 1, n)
    y = 0.8 + 1.5 / (1 + np.exp(3 * (x + 2.5))) + 0.16 * np.exp(6 * (x + 0.3))
    return y + deviation * np.random.default_rng(seed).standard_normal(n)


def recorded(losses, **options):
    recorder = Recorder(Sweep(1e-7, 10.0, steps=len(losses)), **options)
    for loss in losses:
        if recorder.record(loss):
            break
    return recorder


@pytest.mark.parametrize("deviation", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("shift", [0.0, -2.0, -500.0, 3.0])
def test_stops_on_divergence_and_not_before(deviation, shift):
    for seed in range(5):
        losses = curve(200, seed, deviation) + shift
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


@given(
    st.lists(
        st.floats(-1e3, 1e3) | st.sampled_from([math.nan, math.inf]), min_size=10, max_size=60
    ),
    st.booleans(),
)
def test_the_recorder_and_the_array_rule_agree(losses, stop_early):
    recorder = recorded(losses, stop_early=stop_early)
    kept = points_to_keep(losses, stop_early=stop_early)
    assert recorder.stopped_because is not None
    if np.isfinite(losses[0]):
        test = recorder.range_test()
        np.testing.assert_array_equal(test.losses, losses[:kept])
        assert recorder.sweep.range_test(losses, stop_early=stop_early) == test


def test_says_why_it_stopped():
    assert recorded(curve()).stopped_because.startswith("the loss diverged at lr=")
    assert recorded(np.ones(20)).stopped_because == "the sweep reached its end at lr=10"
    losses = np.ones(20)
    losses[3] = math.nan
    recorder = recorded(losses, stop_early=False)
    assert recorder.stopped_because == "the loss was nan at lr=1.83e-06"
    with pytest.raises(RuntimeError, match="the sweep is over: the loss was nan at lr=1"):
        recorder.record(1.0)
    assert recorded(curve(), stop_early=False).stopped_because.endswith("its end at lr=10")


def test_metrics_are_kept_where_they_were_measured():
    recorder = Recorder(Sweep(1e-3, 1.0, steps=10, name="weight_decay"))
    for i in range(10):
        measured = {"accuracy": np.float32(i / 8)} if i % 4 == 0 else {}
        assert recorder.record(np.array([1.0]), **measured) == (i == 9)
    test = recorder.range_test()
    assert test.name == "weight_decay"
    expected = np.full(10, np.nan)
    expected[[0, 4, 8]] = [0.0, 0.5, 1.0]
    np.testing.assert_array_equal(test.metrics["accuracy"], expected)


def test_losses_of_frameworks_are_taken_and_others_refused():
    torch = pytest.importorskip("torch")
    recorder = Recorder(Sweep(1e-3, 1.0, steps=10))
    assert not recorder.record(torch.tensor(2.0, requires_grad=True))
    assert not recorder.record(torch.tensor([2.0]))
    for wrong in ("2.x", None, torch.ones(2), np.ones(3)):
        with pytest.raises(TypeError, match="loss must be a number, got"):
            recorder.record(wrong)
    with pytest.raises(TypeError, match="accuracy must be a number, got 'high'"):
        recorder.record(2.0, accuracy="high")
    np.testing.assert_array_equal(recorder.range_test().losses, [2.0, 2.0])


def test_nothing_recorded_is_an_error():
    recorder = Recorder(Sweep(1e-3, 1.0, steps=10))
    with pytest.raises(ValueError, match=r"nothing was recorded: record\(\) has not been called"):
        recorder.range_test()
    recorder.record(math.inf)
    with pytest.raises(ValueError, match=r"nothing was recorded: the loss was inf at lr=0\.001"):
        recorder.range_test()


def test_repeated_runs_are_cut_each_by_the_rule():
    runs = [curve(200, seed) for seed in range(3)]
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


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_shows_value_and_smoothed_loss_on_a_terminal(monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Recorder(Sweep(1e-3, 1.0, steps=10)) as recorder:
        for loss in (2.0, 9.0, 2.0, 2.0, 2.0):
            recorder.record(loss)
    shown = sys.stderr.getvalue()
    assert "lr range test" in shown
    assert "5/10" in shown
    assert "loss=2" in shown


def test_there_is_no_bar_elsewhere(monkeypatch, capsys):
    with Recorder(Sweep(1e-3, 1.0, steps=10)) as recorder:
        recorder.record(1.0)
    assert capsys.readouterr().err == ""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    Recorder(Sweep(1e-3, 1.0, steps=10)).close()
    with pytest.raises(ImportError, match="progress=True needs tqdm: pip install tqdm"):
        Recorder(Sweep(1e-3, 1.0, steps=10), progress=True)


def test_a_repeat_that_stopped_before_its_first_measurement():
    values = np.geomspace(1e-3, 1.0, 12)
    whole = hc.RangeTest(values, np.ones(12), {"accuracy": np.linspace(0.0, 1.0, 12)})
    short = hc.RangeTest(values[:3], np.ones(3))
    both = averaged([short, whole])
    assert both.losses.shape == (2, 12)
    assert np.isnan(both.losses[0, 3:]).all()
    assert both.metrics["accuracy"][1].tolist() == np.linspace(0.0, 1.0, 12).tolist()
