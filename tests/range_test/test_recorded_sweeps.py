"""Range tests of real models, as recorded for the benchmark: well formed, and read."""

import math

import numpy as np
import pytest
from range_test_sweeps.records import BUILD, FOLDER, HELD_OUT, read, read_all, write
from range_test_sweeps.sweeps import SPECS

# Of the sweeps from which something can be learnt, those that show bounds; of the others, those
# that show none.
LEAST_ANSWERED = 0.95
LEAST_REFUSED = 0.95

SWEEPS = list(read_all())


@pytest.mark.parametrize("recorded", SWEEPS, ids=[one.spec.name for one in SWEEPS])
def test_a_file_is_well_formed(recorded):
    spec, test = recorded.spec, recorded.test
    assert test.values.size == test.losses.size <= spec.steps
    assert test.values[0] == pytest.approx(spec.start)
    assert np.all(np.isfinite(test.losses[:-1]))
    full = test.losses.size == spec.steps
    expected = {"end", "diverged", "not finite"} if full else {"diverged", "not finite"}
    assert recorded.stopped in expected
    assert (recorded.stopped == "not finite") == (not math.isfinite(test.losses[-1]))
    assert set(test.metrics) == ({spec.metric} if spec.metric else set())
    assert recorded.updates % 8 == 0
    rates = list(recorded.fixed)
    assert rates == sorted(rates)
    assert (rates[0], rates[-1]) == (spec.start, spec.end)
    assert {"hypercycle", "numpy", "python"} < set(recorded.versions)


def test_a_file_is_what_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("range_test_sweeps.records.FOLDER", tmp_path)
    recorded = SWEEPS[0]
    path = write(recorded)
    name = f"{recorded.spec.name}.json"
    assert path.read_text(encoding="utf-8") == (FOLDER / name).read_text(encoding="utf-8")
    again = read(path)
    assert again.test == recorded.test
    assert again.fixed == pytest.approx(recorded.fixed, nan_ok=True)


def test_each_sweep_of_the_list_is_there_once_and_no_other():
    assert sorted(one.name for one in SPECS) == sorted(path.stem for path in FOLDER.iterdir())
    assert {one.name: one for one in SPECS} == {one.spec.name: one.spec for one in SWEEPS}


def test_the_truth_is_what_it_is_said_to_be():
    for recorded in SWEEPS:
        learnt = (recorded.initial - recorded.best) / abs(recorded.initial)
        assert (learnt > 0.02) == recorded.spec.learnable, recorded.spec.name


def test_the_sweeps_are_many_and_split_in_halves():
    learnable = [one for one in SWEEPS if one.spec.learnable]
    assert len(learnable) >= 60
    assert len(SWEEPS) - len(learnable) >= 20
    for half in (BUILD, HELD_OUT):
        assert sum(one.spec.split == half for one in learnable) >= 0.3 * len(learnable)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_500_000


def test_most_sweeps_that_show_something_are_answered():
    answers = [bool(one.test.bounds()) for one in SWEEPS if one.spec.learnable]
    assert np.mean(answers) >= LEAST_ANSWERED


def test_sweeps_from_which_nothing_can_be_learnt_are_refused():
    refused = [not one.test.bounds() for one in SWEEPS if not one.spec.learnable]
    assert np.mean(refused) >= LEAST_REFUSED
