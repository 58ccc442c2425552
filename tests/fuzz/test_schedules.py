"""Descriptions of schedules, by way of a plan file: the values are those of the exact model."""

import math

import numpy as np
import pytest
import reference
import strategies
from hypothesis import given
from hypothesis import strategies as st
from plan_texts import SUFFIXES

import hypercycle as hc
from hypercycle.schedules.description import describe, schedule_from

# Bounds of at most 1 in size: products of up to 2 · 2 · 2 of them, each a few roundings away.
TOLERANCE = 32 * math.ulp(1.0)

SCHEDULES = strategies.schedules(depth=3, of=strategies.short_lengths, **strategies.EXACT)
LATE = strategies.schedules(depth=2, **strategies.EXACT)


def check_values(schedule, exact, steps):
    values = schedule(np.array(steps)).tolist()
    for step, value in zip(steps, values, strict=True):
        assert value == schedule(step)
        assert abs(value - float(reference.value(exact, step))) <= TOLERANCE


@strategies.examples(60)
@given(SCHEDULES, st.lists(strategies.near_steps, min_size=1, max_size=5))
def test_what_a_description_says_near_the_start(schedule, steps):
    check_values(schedule_from(describe(schedule)), schedule, steps)


@strategies.examples(60)
@given(LATE, st.lists(strategies.steps, min_size=1, max_size=3))
def test_what_a_description_says_late(schedule, steps):
    check_values(schedule_from(describe(schedule)), schedule, steps)


@pytest.mark.parametrize("suffix", SUFFIXES)
@strategies.examples(20)
@given(schedule=SCHEDULES, step=strategies.near_steps)
def test_what_a_file_says(schedule, step, suffix, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / f"plan{suffix}"
    hc.Plan(p=schedule).save(path)
    check_values(hc.Plan.load(path)["p"], schedule, [step])


@strategies.examples(60)
@given(strategies.chains(depth=2, of=strategies.short_lengths, ends=True, **strategies.EXACT))
def test_how_long_a_chain_is(chain):
    length = reference.length(chain)
    assert chain.length == length
    check_values(chain, chain, [max(length - 1, 0), length, length + 1, 10**9])
