"""Cycles whose length is multiplied: exact starts, one table for equal clocks."""

import gc
import math
import pickle
import re
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import reference

import hypercycle as hc


def test_multiplied_halves_are_rounded_half_up_from_the_first_length():
    def ups(length, cycle_mult):
        starts = hc.Cycle(0, 1, length, 0, cycle_mult=cycle_mult).boundaries(6)
        return np.diff(starts).tolist()

    assert ups(5, 1.5) == [5, 8, 11, 17, 25]  # 5, 7.5, 11.25, 16.875, 25.3125
    assert ups(1, 1.5) == [1, 2, 2, 3, 5]  # never 1, 1.5, 2.25, … rounded from the last one
    # 1.7 means seventeen tenths: 8.5 rounds up, though the float 1.7 lies below.
    assert ups(5, 1.7)[1] == 9
    assert ups(5, 0.5) == [5, 3, 1, 1, 1]
    # Exact to the last step of cycles of 10¹⁵ steps, where a float power is steps away.
    long = hc.Cycle(0, 1, 2**40, 3, cycle_mult=1.1)
    assert long.boundaries(60).tolist() == reference.boundaries(long, 60)
    both = hc.Cycle(0, 1, 5, 1, cycle_mult=0.5)
    assert np.diff(both.boundaries(5)).tolist() == [6, 4, 2, 2]
    assert hc.Cycle(0, 1, 0, 5, cycle_mult=0.1).locate(10**6).rising is False


@pytest.mark.parametrize("cycle_mult", [2, 3, 5, 7, 10])
def test_restarts_stay_whole_numbers_where_float_logarithms_miss_them(cycle_mult):
    cycle = hc.sgdr(0.0, 1.0, 10, cycle_mult=cycle_mult)
    count = 15
    exact = [10 * (cycle_mult**k - 1) // (cycle_mult - 1) for k in range(count)]
    assert cycle.boundaries(count).tolist() == exact
    for number, start in enumerate(exact):
        assert cycle(start) == 1.0
        assert cycle.locate(start)[:2] == (number, 0)
        if number:
            assert cycle.locate(start - 1).cycle == number - 1


def test_the_peers_float_logarithm_does_miss_a_restart():
    # What CosineAnnealingWarmRestarts.step(epoch) and optax-like closed forms compute: the reason
    # for whole numbers, kept as a check that the test above looks where they fail.
    exact = [10 * (3**k - 1) // 2 for k in range(1, 15)]
    computed = [int(math.log(start / 10 * 2 + 1, 3)) for start in exact]
    assert computed != list(range(1, 15))


def test_what_cannot_be_tabulated_is_refused():
    message = (
        "with cycle_mult=2.0, cycles that start after step 2**53 are not computed, got step "
        f"{2**53 + 1}; ask for fewer cycles or steps"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        hc.Cycle(0, 1, 5, cycle_mult=2)(2**53 + 1)
    with pytest.raises(ValueError, match="ask for fewer cycles or steps"):
        hc.Cycle(0, 1, 5, cycle_mult=2).boundaries(100)
    with pytest.raises(ValueError, match="ask for fewer cycles or steps"):
        hc.Cycle(0, 1, 5, cycle_mult=2, cycles=100)
    message = "cycle_mult=1.000001 makes more than 100,000 cycles before step 1000000000;"
    with pytest.raises(ValueError, match=re.escape(message)):
        hc.Cycle(0, 1, 5, cycle_mult=1.000001)(10**9)
    assert hc.Cycle(0, 1, 5, cycle_mult=2)(2**53) >= 0.0


def test_many_clocks_of_changing_length_keep_their_tables():
    cycles = [hc.Cycle(0.0, 1.0, 100 + k, cycle_mult=1.01) for k in range(40)]
    expected = [cycle(10**5) for cycle in cycles]
    tables = [cycle.clock._table for cycle in cycles]
    made = [len(table.ups) for table in tables]
    assert [cycle(10**5) for cycle in cycles] == expected
    assert [cycle.clock._table for cycle in cycles] == tables
    assert [len(table.ups) for table in tables] == made
    assert cycles[0].opposite(0.0, 2.0).clock._table is tables[0]


def test_a_table_goes_with_the_last_cycle_that_has_it():
    cycle = hc.Cycle(0.0, 1.0, 12_345, cycle_mult=1.5)
    cycle(10**6)
    table = weakref.ref(cycle.clock._table)
    other = pickle.loads(pickle.dumps(cycle))
    other(10)
    del cycle
    gc.collect()
    assert table() is not None
    del other
    gc.collect()
    assert table() is None


def test_threads_make_one_table():
    cycle = hc.Cycle(0.0, 1.0, 3, cycle_mult=1.0003)
    steps = [[k * 997 % 40_000 for k in range(i, 400, 7)] for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda some: [cycle(step) for step in some], steps))
    for some, values in zip(steps, got, strict=True):
        for step, value in list(zip(some, values, strict=True))[:5]:
            assert value == pytest.approx(float(reference.spot(cycle, step).x), abs=1e-15)
