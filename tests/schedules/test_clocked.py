"""What a record with a clock answers about its cycles; its places are in numbers/test_clock.py."""

import numpy as np
import reference
import strategies
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.schedules.clocked import Clocked

SHORT = strategies.cycles(of=strategies.short_lengths)


@strategies.examples(80)
@given(SHORT, st.integers(-3, 30), st.integers(0, 60))
def test_ends_are_the_steps_that_complete_a_cycle(cycle, first, more):
    ends = [
        step
        for step in range(max(first, 0) + 1, first + more + 1)
        if any(name == "cycle_end" for name, _, _ in reference.events(cycle, step))
    ]
    assert list(cycle.ends(first, first + more)) == ends


@strategies.examples(40)
@given(SHORT, st.integers(1, 5))
def test_so_many_cycles_are_shown_or_all_that_there_are(cycle, cycles):
    shown = cycle.length if cycle.cycles else reference.boundaries(cycle, cycles + 1)[-1]
    assert cycle.shown_in(cycles) == shown
    assert cycle.least_count == sum(
        reference.half_length(h, cycle.cycle_mult, 0) for h in reference.halves(cycle)
    )
    assert cycle.has_cycles


def test_places_of_arrays_are_arrays():
    cycle = hc.Cycle(0, 1, 3, 4)
    assert isinstance(cycle, Clocked)
    assert cycle.boundaries(3).dtype == np.int64
    place = cycle.locate(np.arange(8))
    assert place.cycle.tolist() == [0] * 7 + [1]
    assert place.rising.tolist() == [True] * 3 + [False] * 4 + [True]
