"""What is recorded, update by update."""

import io
import math
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from range_test_curves import diverging

from hypercycle.range_test.divergence import points_to_keep
from hypercycle.range_test.recorder import Recorder
from hypercycle.range_test.sweep import Sweep


def recorded(losses, **options):
    recorder = Recorder(Sweep(1e-7, 10.0, steps=len(losses)), **options)
    for loss in losses:
        if recorder.record(loss):
            break
    return recorder


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
        if stop_early:
            assert test.stopped_because == recorder.stopped_because


def test_says_why_it_stopped():
    assert recorded(diverging()).stopped_because.startswith("the loss diverged at lr=")
    assert recorded(np.ones(20)).stopped_because == "the sweep reached its end at lr=10"
    losses = np.ones(20)
    losses[3] = math.nan
    recorder = recorded(losses, stop_early=False)
    assert recorder.stopped_because == "the loss of update 4 is nan, at lr=1.83e-06"
    with pytest.raises(
        RuntimeError, match="the sweep is over: the loss of update 4 is nan, at lr=1"
    ):
        recorder.record(1.0)
    assert recorded(diverging(), stop_early=False).stopped_because.endswith("its end at lr=10")


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
    message = (
        "nothing was recorded: the loss of update 1 is inf, at lr=0.001, before any update was "
        "made: it is the batch or the model, not the rate"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        recorder.range_test()


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
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    Recorder(Sweep(1e-3, 1.0, steps=10)).close()
    with pytest.raises(ImportError, match="progress=True needs tqdm: pip install tqdm"):
        Recorder(Sweep(1e-3, 1.0, steps=10), progress=True)
