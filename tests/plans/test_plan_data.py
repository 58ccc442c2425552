"""A plan as plain data, and back."""

import json
import pickle
import re
from collections import UserDict, UserList

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from plan_texts import PLANS

import hypercycle as hc
from hypercycle.plan_files import PlanFileError

SOME = strategies.examples(60)

LR = hc.Cycle(0.1, 0.5, 4)


def of_another_library(data):
    """The same data in mappings and sequences that are neither dicts nor lists, as OmegaConf's."""
    if isinstance(data, dict):
        return UserDict({key: of_another_library(one) for key, one in data.items()})
    return UserList(map(of_another_library, data)) if isinstance(data, list) else data


@SOME
@given(PLANS)
def test_the_data_of_a_plan_make_an_equal_one(plan):
    data = plan.to_dict()
    assert data == json.loads(json.dumps(data))
    for same in (data, of_another_library(data)):
        again = hc.Plan.from_dict(same)
        assert again == plan
        assert list(again) == list(plan)


@SOME
@given(strategies.with_units(waveform=strategies.waveform_names, scale=st.just("halving")))
def test_lengths_keep_their_units_in_data(pair):
    plan = hc.Plan(lr=pair[0])
    assert hc.Plan.from_dict(plan.to_dict()) == plan


def test_the_data_are_those_of_a_file(tmp_path):
    decay = hc.Groups({"norms": None, 0: hc.Chain((hc.Ramp(0, 0.05, 1000), "10%"), LR)})
    plan = hc.Plan(lr=LR, momentum=0.9, weight_decay=decay)
    plan.save(tmp_path / "plan.json")
    assert plan.to_dict() == json.loads((tmp_path / "plan.json").read_text())
    lr = {"low": 0.1, "high": 0.5, "step_size_up": 4}
    assert plan.to_dict()["lr"] == lr
    data = {"$schema": "x", "lr": lr, "beta1": {"opposite": "lr", "low": 0.85, "high": 0.95}}
    assert hc.Plan.from_dict(data) == hc.Plan(lr=LR, beta1=LR.opposite(0.85, 0.95))
    assert list(data) == ["$schema", "lr", "beta1"]


def test_all_that_is_wrong_with_data_is_told_at_once():
    wrong = {"lr": UserDict(low=0.1, hihg=0.5, step_size_up=4), "eps": {"kind": "chain"}}
    with pytest.raises(PlanFileError) as caught:
        hc.Plan.from_dict(wrong)
    first, *others = str(caught.value).splitlines()
    assert first == "plan data: 3 problems"
    assert others == [f"  {problem}" for problem in caught.value.problems]
    assert [problem.path for problem in caught.value.problems] == [
        "lr.high",
        "lr.hihg",
        "eps.parts",
    ]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def within_itself():
    data = {}
    data["lr"] = data
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "is empty; a plan has at least one entry, such as lr"),
        ({}, "is empty; a plan has at least one entry, such as lr"),
        ([1], "must be a table of names and schedules, got [1]"),
        ({1: 0.5}, "names of hyperparameters must be texts, got 1"),
        ({"lr": LR}, "lr: must be a table that describes a schedule, or a number, got Cycle(0.1,"),
        ({"lr": "0.1"}, "lr: must be a table that describes a schedule, or a number, got '0.1'"),
        ({"lr": {"kind": "chain", "parts": range(10**12)}}, "holds more than 10,000 values"),
        ({"lr": {"kind": "chain", "parts": "ab"}}, "lr.parts: must be a list of schedules, got 'a"),
        (within_itself(), "is nested more than 24 deep"),
    ],
    ids=lambda one: f"{one!r:.40}",
)
def test_data_that_are_no_plan_are_refused(data, message):
    with pytest.raises(PlanFileError, match=re.escape(f"plan data: {message}")):
        hc.Plan.from_dict(data)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (hc.Plan(eps=strategies.every_third), "plan data: eps: is the function strategies:every_t"),
        (hc.Plan(**{"$schema": 1.0, "lr": 1.0}), "plan data: would not be read back equal"),
        (hc.Plan(lr=hc.Chain(*[hc.Ramp(0, 1, 5)] * 3_000)), "plan data: holds more than 10,000 va"),
        (hc.Plan(lr=hc.Groups({"0": 1.0})), "cannot tell the group named '0' from the group of th"),
    ],
)
def test_what_would_not_be_read_back_gives_no_data(plan, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        plan.to_dict()
