"""The record of a range test: what it takes, compares, keeps and leaves out."""

import copy
import dataclasses
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
from range_test_curves import VALUES, swept

import hypercycle as hc


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


def test_copies_compare_and_print_alike_whatever_was_asked_of_them():
    asked, fresh = swept("one descent"), swept("one descent")
    small = len(pickle.dumps(asked)), repr(asked)
    asked.bounds()
    assert (len(pickle.dumps(asked)), repr(asked)) == small
    assert asked == fresh
    for copied in (pickle.loads(pickle.dumps(asked)), copy.copy(asked), copy.deepcopy(asked)):
        assert copied == asked
        assert copied.bounds() == asked.bounds()
    assert list(dataclasses.asdict(asked)) == [
        *("values", "losses", "metrics", "name", "axis", "reference"),
    ]


def test_another_record_made_of_one_is_read_anew():
    test = swept("one descent")
    bounds = test.bounds()
    assert dataclasses.replace(test, losses=2.0 - test.losses).bounds() != bounds
    renamed = dataclasses.replace(test, name="weight_decay").bounds()
    assert renamed == dataclasses.replace(bounds, name="weight_decay")


def test_the_public_paths_are_one_thing_and_importing_hypercycle_loads_none_of_it():
    from hypercycle import range_test, sweep

    assert hc.RangeTest is range_test.RangeTest
    assert (hc.Bounds, hc.NoBounds) == (range_test.Bounds, range_test.NoBounds)
    assert (sweep.Recorder, sweep.Sweep) == (range_test.Recorder, range_test.Sweep)
    assert set(range_test.__all__) >= {"ExplainedPlan"}
    code = """
import hypercycle, sys
print([name for name in sys.modules if name.startswith("hypercycle.range_test")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
