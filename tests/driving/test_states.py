"""The state of a cycler: two numbers and two texts; the first version is read too."""

import json
import re

import pytest

import hypercycle as hc
from hypercycle.driving.states import read_state, state_of
from hypercycle.plans.plan import describe_plan

PLAN = describe_plan(hc.Plan(lr=hc.Cycle(0.1, 0.5, 4, waveform=("hann", "sine")), momentum=0.9))
INITIAL = {"lr": [0.1, 1e-300], "momentum": [0.5, 2.0**-1074]}


@pytest.mark.parametrize("initial", [None, INITIAL])
def test_what_is_written_is_read(initial):
    state = state_of(2**53 - 1, PLAN, initial)
    assert {key: type(value) for key, value in state.items()} == {
        "version": int, "step": int, "plan": str, "initial": str
    }  # fmt: skip
    assert read_state(state) == (2**53 - 1, json.loads(json.dumps(PLAN)), initial)
    assert read_state(json.loads(json.dumps(state))) == read_state(state)


@pytest.mark.parametrize("initial", [None, INITIAL])
def test_the_first_version_held_the_data_itself(initial):
    assert read_state({"version": 1, "step": 3, "plan": PLAN, "initial": initial}) == (
        3,
        PLAN,
        initial,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan": "{"}, "the saved plan must be a text of JSON, got '{'"),
        ({"plan": "[" * 100_000}, "the saved plan must be a text of JSON, got '[[["),
        ({"plan": "null"}, "the saved plan must be the description of a plan, got None"),
        ({"initial": "nul"}, "the saved initial values must be a text of JSON, got 'nul'"),
        ({"initial": '{"lr": [NaN], "momentum": [1]}'}, "must be None or a list of numbers"),
        ({"initial": "{}"}, "must be None or a list of numbers for each name in the plan"),
        ({"version": 3}, "the state has version 3, this hypercycle reads versions 1 and 2: use"),
    ],
)
def test_what_is_no_state_is_refused(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_state(state_of(3, PLAN, INITIAL) | change)
