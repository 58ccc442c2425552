"""Tabulated: its values at their steps, on every library, however late."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, steps

from hypercycle.schedules.tabulated import Tabulated

TABLES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9).map(np.array)


def looked_up(table, step):
    size = len(table.values)
    return float(table.values[step % size if table.repeats else min(step, size - 1)])


@examples(50)
@given(st.builds(Tabulated, TABLES, st.booleans()), st.lists(steps, min_size=1, max_size=5))
def test_each_step_has_its_value_and_then_the_last_holds_or_they_begin_again(table, steps):
    expected = [looked_up(table, step) for step in steps]
    assert [table(step) for step in steps] == expected
    assert table(np.array(steps)).tolist() == expected
    assert table(torch.tensor(steps)).tolist() == expected


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("size", [5, 300])  # JAX looks short tables up in another way
def test_jax_has_the_same_values_rounded_once(size, repeats):
    jax = pytest.importorskip("jax")
    table = Tabulated(np.random.default_rng(0).random(size), repeats)
    steps = np.array([0, 3, size - 1, size, size + 2, 10**6, 2**31 - 1])
    expected = np.array([looked_up(table, step) for step in steps.tolist()], np.float32)
    assert np.array_equal(jax.jit(table)(jax.numpy.array(steps)), expected)


def test_it_reaches_the_least_and_the_greatest_value():
    assert Tabulated(np.array([0.2, 0.5, 0.1, 0.3])).reached() == [0.1, 0.5]
