"""Chain: its parts one after the other, against exact fractions."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import reference
import strategies
from hypothesis import example, given
from hypothesis import strategies as st

import hypercycle as hc

NO_SCHEDULE = "must be a schedule (such as Cycle, Ramp, or a function of the step) or a number, got"


@strategies.examples(150)
@given(strategies.chains(**strategies.EXACT), strategies.near_steps)
@example(hc.Chain(hc.Ramp(0, 1, 0), (hc.Constant(1), 0), hc.Ramp(1, 0, 0)), 0)
@example(hc.Chain(hc.Ramp(0, 1, 4), (hc.Constant(0.5), 0), hc.Cycle(0.1, 0.5, 3)), 4)
@example(hc.Chain((hc.Cycle(0.1, 0.5, 4, 0), 8), hc.Constant(0.9)), 8)
@example(hc.Chain((hc.Cycle(0.1, 0.5, 4, 0), 8)), 8)
def test_a_chain_is_its_parts_one_after_the_other(chain, step):
    assert abs(chain(step) - float(reference.value(chain, step))) <= 32 * math.ulp(1.0)


@strategies.examples(100)
@given(strategies.chains())
def test_where_a_part_starts_the_next_one_is_in_force(chain):
    start = 0
    for number, part in enumerate(chain.parts):
        schedule, steps = part if isinstance(part, tuple) else (part, part.length)
        if steps != 0 or number == len(chain.parts) - 1:
            assert chain(start) == schedule(0)
        if steps is None:
            assert chain.length is None
            return
        if steps:
            assert chain(start + steps - 1) == schedule(steps - 1)
        start += steps
    assert chain.length == start
    last = chain.schedules[-1]
    held = last(reference.length(chain.parts[-1]))
    assert chain(start) == chain(start + 1) == chain(10**12) == held


def test_a_chain_of_a_thousand_parts_finds_its_part():
    chain = hc.Chain(*(hc.Ramp(k, k + 1, 7) for k in range(1000)))
    assert chain.length == 7000
    assert [chain(s) for s in (0, 6993, 6999, 7000, 10**9)] == [0, 999, 999 + 6 / 7, 1000, 1000]
    steps = np.random.default_rng(0).integers(0, 8000, 500)
    np.testing.assert_allclose(chain(steps), np.minimum(steps / 7, 1000), rtol=1e-14)


def test_a_part_is_a_schedule_a_number_or_a_pair():
    chain = hc.Chain((1, 3), 0.5)
    assert chain.parts == ((hc.Constant(1.0), 3), hc.Constant(0.5))
    assert chain.schedules == (hc.Constant(1.0), hc.Constant(0.5))
    assert hc.Chain([hc.Constant(1), 3], 2) == hc.Chain((1, 3), 2)
    assert repr(chain) == "Chain((Constant(1.0), 3), Constant(0.5))"


def test_it_reaches_what_its_parts_reach():
    cycle = hc.Cycle(0.1, 0.5, 4)
    assert hc.Chain((cycle, 3), hc.Ramp(1, 2, 3)).reached() == [0.1, 0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (hc.Chain, ValueError, "Chain needs at least one part"),
        (lambda: hc.Chain(1, 2), ValueError, "part 0 of Chain never ends, so nothing can follow"),
        (lambda: hc.Chain((1, 2), hc.Cycle(0, 1, 3), 2), ValueError, "give its length as (schedu"),
        (lambda: hc.Chain((1, 2, 3)), TypeError, "a schedule or a pair (schedule, steps), got"),
        (lambda: hc.Chain((1,)), TypeError, "part 0 of Chain must be a schedule or a pair"),
        *(
            (lambda parts=parts: hc.Chain(parts), TypeError, "one by one, Chain(*parts), got")
            for parts in (
                [hc.Ramp(0, 1, 3), hc.Cycle(0, 1, 3)],
                [(hc.Cycle(0, 1, 3), 3), (0.1, 4)],
                ((0.1, 3), hc.Ramp(0, 1, 3), 0.1),
            )
        ),
        (lambda: hc.Chain((1, -2)), ValueError, "steps must be at least 0, got steps=-2"),
        (lambda: hc.Chain((1, 2.5)), ValueError, "steps must be a whole number, got steps=2.5"),
        (lambda: hc.Chain((1, True)), TypeError, "steps must be a whole number, got True (bool)"),
        (lambda: hc.Chain("x"), TypeError, f"part 0 of Chain {NO_SCHEDULE} 'x'"),
        (lambda: hc.Chain((1, 2), None), TypeError, f"part 1 of Chain {NO_SCHEDULE} None"),
        (lambda: hc.Chain(hc.Cycle), TypeError, f"part 0 of Chain {NO_SCHEDULE} <class"),
        (lambda: hc.Chain(hc.Groups({0: 1})), TypeError, f"part 0 of Chain {NO_SCHEDULE} Groups"),
    ],
)
def test_what_makes_no_chain_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


WSD = hc.warmup_stable_decay(1.0, "5%", "75%", "20%")
WITH_REST = hc.warmup_stable_decay(1.0, "5%", "rest", "20%")


def test_parts_of_the_run_end_with_it_whatever_its_length():
    for total in range(1, 2001):
        bounds = [math.floor(Fraction(total * share, 100) + Fraction(1, 2)) for share in (5, 80)]
        for chain in (WSD.resolve(total_steps=total), WITH_REST.resolve(total_steps=total)):
            assert chain.length == total
            assert chain(total) == 0.0
            if total >= 10:
                assert chain(bounds[0]) == chain(bounds[1]) == 1.0
                assert chain(bounds[0] - 1) < 1.0 > chain(bounds[1] + 1)


def test_the_issue_s_run_of_110_steps():
    expected = hc.warmup_stable_decay(1.0, 6, 82, 22)
    assert WSD.resolve(total_steps=110) == WITH_REST.resolve(total_steps=110) == expected
    assert expected(110) == 0.0


def test_a_run_shorter_than_its_parts_leaves_some_out():
    assert WSD.resolve(total_steps=2) == hc.warmup_stable_decay(1.0, 1, 1, 0)
    assert WSD.resolve(total_steps=1) == hc.warmup_stable_decay(1.0, 0, 1, 0)


@strategies.examples(50)
@given(st.lists(st.integers(1, 60), min_size=2, max_size=5), st.integers(5, 3000))
def test_chains_in_a_chain_have_the_boundaries_of_one(shares, total):
    parts = [hc.Ramp(0.0, 1.0, f"{share}%") for share in shares]
    flat = hc.Chain(*parts).resolve(total_steps=total)
    nested = hc.Chain(parts[0], hc.Chain(*parts[1:])).resolve(total_steps=total)
    flattened = (*nested.parts[:1], *nested.parts[1].parts)
    exact = [Fraction(share * total, 100) for share in shares]
    if min(exact) >= 1:  # what is rounded to nothing is looked after in each chain
        assert flattened == flat.parts
        assert flat.length == math.floor(sum(exact) + Fraction(1, 2))


@pytest.mark.parametrize(
    ("chain", "facts", "steps"),
    [
        (("500it", "rest", "20%"), {"total_steps": 3000}, (500, 1900, 600)),
        (("1ep+500it", "75% - 2000it"), {"total_steps": 8000, "steps_per_epoch": 10}, (510, 4000)),
        (("rest", 10), {"total_steps": 10}, (0, 10)),
        (("2ep", "rest"), {"total_steps": "5ep", "steps_per_epoch": 10}, (20, 30)),
        (("500Mtok", "rest"), {"total_steps": "2Btok", "tokens_per_step": 10**6}, (500, 1500)),
        (("5min", "0.5 h"), {"seconds_per_step": 0.1}, (3000, 18_000)),
        (("1.5ksamples+3it", 4), {"samples_per_step": 500}, (6, 4)),
    ],
)
def test_lengths_of_every_unit(chain, facts, steps):
    resolved = hc.Chain(*(hc.Ramp(0.0, 1.0, one) for one in chain)).resolve(**facts)
    assert tuple(part.steps for part in resolved.parts) == steps
    pairs = hc.Chain(*((0.5, one) for one in chain)).resolve(**facts)
    assert tuple(steps for _, steps in pairs.parts) == steps


def test_a_cycle_keeps_its_own_rounding_and_rest_takes_what_is_left():
    chain = hc.Chain(hc.Cycle(0.0, 1.0, "10%", cycles=3), (0.5, "rest"))
    assert chain.resolve(total_steps=105).parts[0] == hc.Cycle(0.0, 1.0, 11, cycles=3)
    assert chain.resolve(total_steps=105).parts[1] == (hc.Constant(0.5), 39)


CHAIN_IN_CHAIN = (
    "'rest' is what the parts of a Chain leave of the run, and this one is inside anoth"
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: hc.Chain((1, "rest"), hc.Ramp(1, 0, "rest")),
            "only one part of Chain can be as long as the 'rest' of the run, got 2 of them: give",
        ),
        (lambda: hc.Chain((1, 5), hc.Chain((1, "rest"))), CHAIN_IN_CHAIN),
        (lambda: hc.Chain((hc.Ramp(0, 1, "rest"), "5%")), CHAIN_IN_CHAIN),
        (lambda: hc.Chain((hc.Product(1, hc.Chain((1, "rest"))), 5)), CHAIN_IN_CHAIN),
        (
            lambda: hc.Ramp(1, 0, "rest").resolve(total_steps=5),
            "steps='rest' is what the other parts of a Chain leave of the run, so only one of its",
        ),
        (
            lambda: hc.Chain((1, "rest")).resolve(steps_per_epoch=3),
            "steps='rest' cannot be turned into steps without total_steps: pass total_steps=… to",
        ),
        (
            lambda: hc.Chain((1, 120), (1, "rest")).resolve(total_steps=110),
            "steps='rest' would be below 0: the other parts of Chain take 120 steps, and the run h",
        ),
        (
            lambda: hc.Chain((1, "rest"), hc.Cycle(0, 1, 5)).resolve(total_steps=110),
            "steps='rest' is what the other parts of Chain leave of the run, and part 1 never ends",
        ),
        (
            lambda: hc.Chain(hc.Cycle(0, 1, 5), hc.Ramp(0, 1, "5%")).resolve(total_steps=110),
            "part 0 of Chain never ends, so nothing can follow it",
        ),
        (
            lambda: hc.Cycle(0, 1, "rest"),
            "step_size_up must be a number with a unit such as '2000it', '4ep' or '30%' ('rest' is",
        ),
        (
            lambda: hc.Chain((1, "5%-20it")).resolve(total_steps=200),
            "steps='5%-20it' is below 0: -10 steps",
        ),
    ],
)
def test_lengths_that_do_not_add_up_are_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    "made",
    [
        lambda ramp: hc.Product(0.1, ramp),
        lambda ramp: hc.Maximum(ramp, 0.5),
        lambda ramp: hc.Rounded(hc.Sum(ramp, 64)),
        lambda ramp: hc.Reference("lr", ramp, times=0.1),
        lambda ramp: ramp.opposite(0.85, 0.95),
    ],
)
def test_what_is_made_of_one_ramp_has_its_length(made):
    up, down = hc.Ramp(0.1, 1.0, "5%"), hc.Ramp(1.0, 0.1, "20%")
    shares = hc.Chain(made(up), (0.9, "75%"), made(down))
    rest = hc.Chain(made(up), made(hc.Ramp(1.0, 0.1, "rest")))
    for total in range(1, 300):
        assert shares.resolve(total_steps=total).length == total
        assert rest.resolve(total_steps=total).length == total
    with pytest.raises(ValueError, match="'rest' is what the other parts of a Chain leave"):
        made(hc.Ramp(1.0, 0.1, "rest")).resolve(total_steps=9)
    with pytest.raises(TypeError, match="has no length of its own"):
        hc.Sum(up, down).with_length(9)


def test_bounds_are_known_if_those_of_all_parts_are():
    chain = hc.Chain((lambda step: 5.0, 4), hc.Ramp(0.1, 1.0, 9))
    for schedule in (
        chain,
        hc.Chain((hc.PowerLaw(0.1, 0.5), 4), 0.1),
        hc.Repeat(chain, 3),
        hc.Held(chain, 3),
        hc.Reference("lr", chain),
        hc.Product(chain, 0.5),
        hc.Product(0.5, chain),
        hc.Rounded(chain),
    ):
        assert schedule.known_range() is None
        with pytest.raises(ValueError, match="has no opposite: it is not known between which"):
            schedule.opposite(0.0, 1.0)


def test_chains_deep_in_others_are_resolved_once():
    schedule = hc.Ramp(0.1, 1.0, "5%")
    for _ in range(40):  # twice at each level would be for ever
        schedule = hc.Chain(hc.Rounded(hc.Sum(schedule, hc.Ramp(0.1, 1.0, 3))), (0.5, "1ep"))
    short = schedule.resolve(total_steps=100, steps_per_epoch=3)
    assert short.length == 5 + 40 * 3
    assert schedule.resolve(total_steps=100, steps_per_epoch=4).length == 5 + 40 * 4
    assert schedule.resolve(total_steps=100, steps_per_epoch=3) == short


def test_a_decay_that_is_one_cycle_ends_with_the_run():
    for total in range(2, 300):
        for decay in (
            hc.Cycle(0.001, 0.1, 0, "95%", waveform=hc.Polynomial(0.9), cycles=1),
            hc.Cycle(0.001, 0.1, "95%", 0, inverted=True, cycles=1),
        ):
            chain = hc.Chain(hc.Ramp(0.001, 0.1, "5%"), decay).resolve(total_steps=total)
            assert chain.length == total
            assert chain(total) == 0.001
    assert hc.Cycle(0.1, 0.5, "95%", cycles=1).own_length is None
    assert hc.Cycle(0.1, 0.5, 0, "95%").own_length is None
    with pytest.raises(TypeError, match="Cycle has no length of its own"):
        hc.Cycle(0.1, 0.5, 0, "95%").with_length(3)
