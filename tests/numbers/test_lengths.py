"""Lengths with units against exact fractions."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.numbers.lengths import (
    NeedsClockError,
    Units,
    checked_length,
    in_steps,
    resolved_length,
)

BOTH = Units(steps_per_epoch=391, total_steps=31_280)


@given(
    st.decimals(0, 99, places=3),
    st.sampled_from(["ep", "%"]),
    st.integers(1, 10**9),
    st.sampled_from(["", " "]),
)
def test_a_length_is_rounded_half_up_and_at_least_1_unless_0(number, unit, base, space):
    exact = Fraction(number) * base / (1 if unit == "ep" else 100)
    expected = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    text = f"{space}{number}{space}{unit}{space}"
    steps = resolved_length(checked_length(text, "steps"), "steps", Units(base, base))
    assert steps == (max(expected, 1) if number else 0)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("2000it", 2000),
        ("0it", 0),
        ("4ep", 1564),
        ("1.5 ep", 587),  # 586.5
        ("0.001ep", 1),
        ("0ep", 0),
        ("30%", 9384),
        ("0.1%", 31),  # 31.28
        ("100%", 31_280),
        ("0.0%", 0),
        (7, 7),
        ("75%-2000it", 21_460),
        (" 1ep + 500it ", 891),
        ("1ep-100it+0.5%", 447),  # 447.4
        ("10% - 3128it", 0),
        ("0.001%", 1),
    ],
)
def test_the_lengths_of_a_run(text, steps):
    assert resolved_length(checked_length(text, "steps"), "steps", BOTH) == steps


def test_updates_need_no_base():
    assert hc.Cycle(0, 1, "2000it") == hc.Cycle(0, 1, 2000)
    assert hc.Ramp(0, 1, " 5 it ").steps == 5
    assert in_steps(5, "steps") == 5


def test_a_length_keeps_its_unit_until_it_is_resolved():
    cycle = hc.Cycle(0, 1, "4ep", "30%")
    assert repr(cycle) == "Cycle(0.0, 1.0, '4ep', step_size_down='30%')"
    assert not cycle.resolved
    assert cycle.resolve(steps_per_epoch=391, total_steps=31_280) == hc.Cycle(0, 1, 1564, 9384)


FORM = "must be a whole number of steps or a number with a unit such as '2000it', '4ep' or '30%'"


@pytest.mark.parametrize(
    "text",
    [
        *("", "4", "4epochs", "ep", "-4ep", "+4ep", "1e3it", "4.ep", ".5ep", "٣ep", "nanep"),
        *(
            "4 e p",
            "5%-20",
            "5%--20it",
            "5%-",
            "2kit",
            "2k%",
            "3Gtok",
            "2 B tok",
            "1m",
            "+".join(["1ep"] * 9),
        ),
    ],
)
def test_a_text_of_another_form_is_refused(text):
    with pytest.raises(
        ValueError, match=re.escape(f"step_size_up {FORM}, got step_size_up={text!r}")
    ):
        hc.Cycle(0, 1, text)


@pytest.mark.parametrize(
    ("length", "error", "message"),
    [
        ("100.1%", ValueError, "steps must be at most 100% of the run, got steps='100.1%'"),
        ("2.5it", ValueError, "steps must be a whole number of steps, got steps='2.5it'"),
        (2.5, ValueError, "steps must be a whole number, got steps=2.5"),
        (-1, ValueError, "steps must be at least 0, got steps=-1"),
        (float("nan"), ValueError, "steps must be a whole number, got steps=nan"),
        (float("inf"), ValueError, "steps must be a whole number, got steps=inf"),
        (True, TypeError, "steps must be a whole number, got True (bool)"),
        (None, TypeError, "steps must be a whole number, got None (NoneType)"),
        ([5], TypeError, "steps must be a whole number, got [5] (list)"),
        (2**53 + 1, ValueError, f"steps must be at most 2**53, got steps={2**53 + 1}"),
        (10**400, ValueError, "steps must be at most 2**53, got steps=1000000"),
        (f"{2**53 + 1}it", ValueError, "steps must be at most 2**53"),
    ],
)
def test_what_is_no_length_is_refused(length, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.Ramp(0, 1, length)


def test_a_base_that_is_missing_is_named():
    message = (
        "step_size_up='4ep' cannot be turned into steps without steps_per_epoch: pass steps_per"
    )
    with pytest.raises(ValueError, match=message):
        hc.Cycle(0, 1, "4ep").resolve(total_steps=10)
    message = "steps='30%' cannot be turned into steps without total_steps: pass total_steps=… to "
    with pytest.raises(ValueError, match=re.escape(message)):
        hc.Ramp(0, 1, "30%").resolve(steps_per_epoch=10)


@pytest.mark.parametrize("name", ["steps_per_epoch", "total_steps"])
@pytest.mark.parametrize(
    ("base", "error", "message"),
    [
        (0, ValueError, "must be at least 1, got"),
        (-3, ValueError, "must be at least 1, got"),
        (2.5, ValueError, "must be a whole number, got"),
        ("3", TypeError, "must be a whole number, got '3' (str)"),
        (True, TypeError, "must be a whole number, got True (bool)"),
    ],
)
def test_a_base_is_a_whole_number(name, base, error, message):
    with pytest.raises(error, match=re.escape(f"{name} {message}")):
        hc.Plan(lr=1).resolve(**{name: base})


def test_a_length_that_becomes_too_long_or_nothing_is_refused():
    with pytest.raises(ValueError, match=r"steps='9ep' is longer than 2\*\*53 steps"):
        hc.Ramp(0, 1, "9ep").resolve(steps_per_epoch=2**53)
    with pytest.raises(ValueError, match="step_size_up and step_size_down must not both be 0"):
        hc.Cycle(0, 1, "0ep").resolve(steps_per_epoch=3)


@pytest.mark.parametrize(
    ("text", "facts", "steps"),
    [
        ("2Btok", {"tokens_per_step": 2**20}, 1907),  # 1907.3
        ("500 Mtok", {"tokens_per_step": 1000}, 500_000),
        ("1Ttok", {"tokens_per_step": 10**6}, 10**6),
        ("3ktok", {"tokens_per_step": 2000}, 2),  # 1.5
        ("7tok", {"tokens_per_step": 10**6}, 1),
        ("10Msamples", {"samples_per_step": 256}, 39_063),  # 39062.5
        ("100samples", {"samples_per_step": 8}, 13),  # 12.5
        ("90s", {"seconds_per_step": 0.2}, 450),
        ("5min", {"seconds_per_step": 2}, 150),
        ("3h", {"seconds_per_step": 0.1}, 108_000),
        ("3h", {"seconds_per_step": np.float64(0.1)}, 108_000),
        ("7tok", {"tokens_per_step": np.int64(2)}, 4),
        ("1h-50%+2ktok", {"seconds_per_step": 1, "total_steps": 200, "tokens_per_step": 20}, 3600),
        ("50%", {"total_steps": "2Btok", "tokens_per_step": 1000}, 10**6),
    ],
)
def test_what_is_constant_is_turned_into_updates(text, facts, steps):
    assert hc.Ramp(0, 1, text).resolve(**facts).steps == steps
    assert hc.Plan(lr=hc.Ramp(0, 1, text)).resolve(**facts)["lr"].steps == steps


@pytest.mark.parametrize(
    ("text", "counted"), [("2Btok", "tokens"), ("9samples", "samples"), ("3h", "seconds")]
)
def test_what_is_not_known_of_an_update_is_named(text, counted):
    message = (
        f"steps={text!r} cannot be turned into steps without {counted}_per_step: pass "
        f"{counted}_per_step=… to attach() or Plan.resolve(), or attach() a plan that counts "
        f"nothing but {counted} and call step({counted}=…)"
    )
    with pytest.raises(NeedsClockError, match=re.escape(message)) as caught:
        hc.Plan(lr=hc.Ramp(0, 1, text)).resolve(total_steps=100)
    assert caught.value.clock == counted


@pytest.mark.parametrize(
    ("clock", "text", "steps"),
    [
        ("tokens", "2Btok", 2 * 10**9),
        ("tokens", "10%+1ktok", 501_000),
        ("tokens", 0, 0),
        ("samples", "10ksamples", 10_000),
        ("seconds", "0.5s", 500_000),
    ],
)
def test_a_clock_that_counts_them_needs_nothing_else(clock, text, steps):
    units = Units(total_steps="5Mtok" if clock == "tokens" else None, clock=clock)
    assert resolved_length(text, "steps", units) == steps


@pytest.mark.parametrize("text", [5, "2ep", "1h", "3samples", "1ktok+5it"])
def test_a_plan_has_one_clock(text):
    units = Units(steps_per_epoch=3, clock="tokens")
    message = (
        f"steps={text!r} does not count tokens, as other lengths of the plan do, and a plan has "
        "one clock: pass tokens_per_step=… for a clock of updates, or write every length in tokens "
        "or '%'"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        resolved_length(text, "steps", units)


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"tokens_per_step": 0}, ValueError, "tokens_per_step must be at least 1, got"),
        ({"samples_per_step": 2.5}, ValueError, "samples_per_step must be a whole number, got"),
        ({"seconds_per_step": 0}, ValueError, "seconds_per_step must be greater than 0, got"),
        ({"seconds_per_step": "1"}, TypeError, "seconds_per_step must be a number, got '1' (str)"),
        ({"total_steps": "5%"}, ValueError, "total_steps must be a length of its own, not a part"),
        ({"total_steps": "0it"}, ValueError, "total_steps must be at least 1, got"),
        ({"total_steps": "5"}, TypeError, "total_steps must be a whole number, got '5' (str)"),
    ],
)
def test_facts_that_are_none_are_refused(facts, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.Plan(lr=1).resolve(**facts)
