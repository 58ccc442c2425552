"""Options: what attach was told, checked, and refused where an adapter does not honour it."""

import re
from dataclasses import fields, replace
from fractions import Fraction

import pytest

import hypercycle as hc
from hypercycle.driving.options import Options

GIVEN = {
    "start_step": 3,
    "relative": True,
    "advance": "optimizer",
    "on_mismatch": "saved",
    "on_event": print,
    "events_of": "lr",
    "marks": (("sample", Fraction(9, 10)),),
    "at_end": "detach",
}


def test_nothing_needs_to_be_said():
    Options().refuse_others(set(), "a kettle")


def test_what_is_left_as_it_is_by_default_is_never_refused():
    told = {field.name for field in fields(Options)}
    assert {*GIVEN, "total_steps", "steps_per_epoch", "clock"} == told
    for name in GIVEN:
        Options(**{name: getattr(Options(), name)}).refuse_others(set(), "a kettle")


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_given_is_honoured_or_refused(name):
    options = Options(**{name: GIVEN[name]})
    options.refuse_others({name}, "a kettle")
    start = re.escape(f"attach() does not take {name}={GIVEN[name]!r} for a kettle")
    with pytest.raises(ValueError, match=f"^{start}$"):
        options.refuse_others(GIVEN.keys() - {name}, "a kettle")
    with pytest.raises(ValueError, match=f"^{start}: it has none$"):
        options.refuse_others([], "a kettle", {name: "it has none"})
    with pytest.raises(ValueError, match=f"^{start}$"):
        options.refuse_others([], "a kettle", {"other": "it has none"})


def test_the_length_of_the_run_is_a_fact_and_no_wish():
    Options(total_steps=100, steps_per_epoch=10).refuse_others([], "a kettle")


def test_a_clock_that_is_not_honoured_is_refused_with_what_to_do():
    Options(clock="tokens").refuse_others(["clock"], "a kettle")
    message = (
        "attach() does not take clock='tokens' for a kettle: its updates are counted, and the plan'"
        "s lengths are in tokens: give tokens_per_step=…, how many there are in an update"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Options(clock="tokens").refuse_others(GIVEN, "a kettle")


def test_what_is_refused_is_shown_cut_short():
    options = Options(events_of=hc.Chain(*[hc.Ramp(0, 1, 4)] * 50))
    with pytest.raises(ValueError, match=r"events_of=Chain\(Ramp.{50} for a kettle"):
        options.refuse_others([], "a kettle")


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("start_step", -1, ValueError, "start_step must be at least 0, got start_step=-1"),
        ("start_step", 0.5, ValueError, "start_step must be a whole number, got start_step=0.5"),
        ("start_step", True, TypeError, "start_step must be a whole number, got True (bool)"),
        ("relative", 1, TypeError, "relative must be True or False, or names in the plan, got 1"),
        ("advance", "epoch", ValueError, "advance must be 'step' or 'optimizer', got 'epoch'"),
        ("on_mismatch", "warn", ValueError, "on_mismatch must be 'error', 'saved', 'current' or "),
        ("at_end", "stop", ValueError, "at_end must be 'hold' or 'detach', got 'stop'"),
        ("on_event", "print", TypeError, "on_event must be a function on_event(name, cycle, step)"),
    ],
)
def test_what_is_no_option_is_refused(name, value, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Options(**{name: value})
    with pytest.raises(error, match=re.escape(message)):
        replace(Options(), **{name: value})


def test_a_step_of_any_kind_becomes_an_int():
    assert type(Options(start_step=3.0).start_step) is int
