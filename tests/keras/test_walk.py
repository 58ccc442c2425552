"""Every optimizer × every hyperparameter × every way of running, against values by hand."""

from itertools import cycle

import keras_walk
import pytest
from keras_models import BACKEND
from keras_walk import EFFECT, MODES, TOLERANCE, by_attach, by_hand, distance, same

CASES = keras_walk.cases()
RUNS = keras_walk.runs()
REFUSALS = keras_walk.refusals()
# torch.compile takes a quarter of a minute each time; test_optimizer.py has one.
FAST = [mode for mode in MODES if (BACKEND, mode) != ("torch", "jit")]
SPREAD = CASES[:: len(CASES) // {"jax": 24, "tensorflow": 16, "torch": 70}[BACKEND]]
SAMPLE = list(zip(SPREAD, cycle(FAST), strict=False))

pytestmark = pytest.mark.filterwarnings("ignore:Dynamo:UserWarning", "ignore::DeprecationWarning")


def check(case, mode):
    expected = by_hand(case)
    driven = by_attach(case, mode)
    assert same(case, mode, driven, expected), distance(driven, expected)
    alone = distance(expected, keras_walk.left_alone(case))
    if keras_walk.counts_for_nothing(case):
        assert alone <= TOLERANCE
    else:
        assert alone > EFFECT


def named(runs):
    return {"argvalues": runs, "ids": [f"{case}-{mode}" for case, mode in runs]}


@pytest.mark.parametrize(("case", "mode"), **named(SAMPLE))
def test_a_driven_hyperparameter_is_one_assigned_by_hand(case, mode):
    check(case, mode)


@pytest.mark.walk
@pytest.mark.parametrize(("case", "mode"), **named(RUNS))
def test_every_hyperparameter_of_every_optimizer_in_every_mode(case, mode):
    check(case, mode)


@pytest.mark.walk
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_walk_would_see_a_plan_that_is_one_step_late(case):
    late = distance(by_hand(case, late=1), by_hand(case))
    assert late > EFFECT or keras_walk.counts_for_nothing(case)


def test_the_walk_leaves_nothing_out():
    walked = {(case.optimizer, case.name) for case in CASES}
    told = {(kind, name) for kind, name, reason in REFUSALS if reason != "unused"}
    everything = {(kind, name) for kind, name, _ in keras_walk.members()}
    assert not walked & told
    together = walked | told
    assert {one for one in together if one[0] not in keras_walk.WRAPPERS} == everything
    assert {kind for kind, _ in together} == set(keras_walk.optimizers())
    assert {mode for _, mode in RUNS} == set(MODES)
    assert {mode for _, mode in SAMPLE} == set(FAST)
    # What an optimizer takes that is none of its constructor's arguments would be missed.
    for kind in {kind for kind, _ in everything}:
        config = keras_walk.optimizers()[kind]().get_config()
        assert {(kind, name) for name in config if name != "name"} <= everything


@pytest.mark.parametrize(("kind", "name", "reason"), REFUSALS)
def test_what_cannot_cycle_is_refused_with_the_reason(kind, name, reason):
    error = keras_walk.refused(kind, name)
    assert isinstance(error, (TypeError, ValueError))
    assert keras_walk.REFUSED[reason] in str(error)
    assert name in str(error) or reason == "several"
