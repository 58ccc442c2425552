"""What attach refuses, before anything is changed."""

import re
from collections import UserDict
from types import SimpleNamespace

import numpy as np
import pytest

import hypercycle as hc
from hypercycle.plan_files import PlanFileError

P = hc.Cycle(0.1, 0.5, 4)


class Guarded:
    p = 0.5
    flag = True
    text = "x"
    many = np.ones(3)
    whole = np.array(3)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (
            (),
            {},
            ValueError,
            "attach() needs at least one schedule, such as lr=Cycle(…), or a Plan",
        ),
        (
            (P,),
            {},
            TypeError,
            "the second argument of attach() is a Plan, or a plan file; say which",
        ),
        ((hc.Plan(p=P),), {"p": P}, ValueError, "p given twice: in the plan and as a keyword"),
        ((), {"q": P}, ValueError, "Guarded has no attribute 'q'; "),
        (
            (),
            {"flag": P},
            TypeError,
            "flag of Guarded must be a number to follow a schedule",
        ),
        (
            (),
            {"text": P},
            TypeError,
            "text of Guarded must be a number to follow a schedule",
        ),
        (
            (),
            {"many": P},
            TypeError,
            "many of Guarded must be a number to follow a schedule",
        ),
        (
            (),
            {"whole": P},
            TypeError,
            "whole of Guarded is a whole number, array(3), and it is not known that Cycle(0.1",
        ),
        ((), {"p": hc.Groups({0: P})}, ValueError, "p has Groups, but a Guarded has no parameter"),
        ((), {"p": None}, TypeError, "p must be a schedule (such as Cycle, Ramp, or a function"),
        ((), {"p": "0.1"}, TypeError, "p must be a schedule (such as Cycle, Ramp, or a function"),
        ((), {"p": P, "start_step": -1}, ValueError, "start_step must be at least 0, got start_s"),
        ((), {"p": P, "start_step": 0.5}, ValueError, "start_step must be a whole number, got"),
        ((), {"p": P, "start_step": True}, TypeError, "start_step must be a whole number, got"),
        (
            (),
            {"p": P, "relative": 1},
            TypeError,
            "relative must be True or False, or names in the pl",
        ),
        (
            (),
            {"p": P, "advance": "epoch"},
            ValueError,
            "advance must be 'step' or 'optimizer', got",
        ),
        (
            (),
            {"p": P, "advance": "optimizer"},
            ValueError,
            "attach() does not take advance='optimizer' for a Guarded: it makes",
        ),
        (
            (),
            {"p": P, "on_mismatch": "warn"},
            ValueError,
            "on_mismatch must be 'error', 'saved', 'current' or 'rescale'",
        ),
        ((), {"p": P, "on_event": "print"}, TypeError, "on_event must be a function on_event(name"),
        ((), {"p": P, "on_event": print, "events_of": "q"}, ValueError, "events follow the plan's"),
        ((), {"p": hc.Ramp(0, 1, "1ep")}, ValueError, "cannot be turned into steps without steps_"),
        ((), {"p": P, "steps_per_epoch": 0}, ValueError, "steps_per_epoch must be at least 1, got"),
        ((), {"p": lambda step: float("nan")}, ValueError, "p accepts values in (-inf, inf), its"),
    ],
)
def test_what_cannot_be_attached_is_refused_before_anything_is_changed(
    arguments, options, error, message
):
    target = Guarded()
    with pytest.raises(error, match=re.escape(message)):
        hc.attach(target, *arguments, **options)
    assert vars(target) == {}
    assert (Guarded.p, Guarded.many.tolist()) == (0.5, [1.0, 1.0, 1.0])


def test_a_name_that_is_nearly_right_is_guessed():
    target = SimpleNamespace(dropout=0.5, alpha=1.0)
    message = "did you mean 'dropout'?"
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        hc.attach(target, droput=P)
    assert "its numeric attributes: alpha, dropout" in str(caught.value)


def test_what_nobody_drives_is_told_so():
    with pytest.raises(TypeError, match="no plugin can drive a list: pass an optimizer of a supp"):
        hc.attach([1, 2], p=P)
    with pytest.raises(TypeError, match=r"attach\(\) drives an instance, got the class Guarded"):
        hc.attach(Guarded, p=P)


# A plan as a file, as data.

DATA = {"p": {"low": 0.1, "high": 0.5, "step_size_up": 4}}


def test_the_path_of_a_plan_file_is_a_plan(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("[p]\nlow = 0.1\nhigh = 0.5\nstep_size_up = '2ep'\n")
    for one in (path, str(path)):
        cycler = hc.attach(SimpleNamespace(p=0.5, q=0.5), one, q=P, steps_per_epoch=2)
        assert cycler.plan == hc.Plan(p=P, q=P)


@pytest.mark.parametrize("plan", [DATA, UserDict(p=UserDict(DATA["p"])), {"p": P}, UserDict(p=P)])
def test_a_mapping_of_schedules_or_of_plain_data_is_a_plan(plan):
    cycler = hc.attach(SimpleNamespace(p=0.5, q=0.5), plan, q=0.25)
    assert cycler.plan == hc.Plan(p=P, q=0.25)


@pytest.mark.parametrize(
    ("plan", "error", "message"),
    [
        ("plan", ValueError, "a plan file ends in .toml, .json, .yaml, .yml, got 'plan'"),
        ("no.toml", FileNotFoundError, "no.toml"),
        ({"p": {"low": 0.1, "high": 0.5}}, PlanFileError, "p.step_size_up: is missing; cycle nee"),
        (DATA | {"q": "0.1"}, PlanFileError, "plan data: q: must be a table that describes a sche"),
        (
            DATA | {"q": P},
            TypeError,
            (
                "p is plain data, as in a plan file, and q is not, got Cycle(0.1, 0.5, 4): give "
                "all of the plan as plain data (Plan(…).to_dict() shows how), or all as schedules"
            ),
        ),
        (
            DATA | {"q": hc.Groups({0: P})},
            TypeError,
            "p is plain data, as in a plan file, and q is",
        ),
        (DATA | {"q": lambda step: 0.5}, TypeError, "p is plain data, as in a plan file, and q is"),
        ({"p": hc.Groups({0: P})}, ValueError, "p has Groups, but a SimpleNamespace has no"),
        ({"p": hc.Plan(p=P)}, TypeError, "p must be a schedule (such as Cycle, Ramp, or a func"),
        ({}, ValueError, "Plan needs at least one schedule"),
    ],
)
def test_what_is_no_plan_is_refused(plan, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = SimpleNamespace(p=0.5, q=0.5)
    with pytest.raises(error, match=re.escape(message)):
        hc.attach(target, plan)
    assert vars(target) == {"p": 0.5, "q": 0.5}


def test_a_name_in_the_data_and_as_a_keyword():
    with pytest.raises(ValueError, match="p given twice: in the plan and as a keyword"):
        hc.attach(SimpleNamespace(p=0.5), DATA, p=P)
