"""Tracks: values computed ahead are those of the schedules, and end before an error."""

import copy
import pickle

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.driving.interval import Interval
from hypercycle.driving.tracks import BLOCK_FLOATS, BLOCK_STEPS, SINGLE_STEPS, Track, Tracks
from hypercycle.schedules.function import Function

WAVE = hc.Cycle(0.1, 0.7, 7, 3, waveform="hann", scale=hc.Exponential(0.999))


def one_by_one(track, step):
    factors = track.factors or (1.0,) * len(track.schedules)
    values = [schedule(step) * f for schedule, f in zip(track.schedules, factors, strict=True)]
    return values[0] if len(values) == 1 else values


@strategies.examples(40)
@given(
    st.lists(strategies.schedules(depth=1), min_size=1, max_size=4),
    strategies.steps,
    st.sampled_from([None, 0.5]),
)
def test_columns_hold_the_values_of_a_step_and_of_some_after_it(schedules, step, factor):
    tracks = [
        Track(f"p{i}", (one,), factors=factor and (factor,)) for i, one in enumerate(schedules)
    ]
    columns = Tracks(tracks).block(step)
    assert len({len(column) for column in columns}) == 1
    for track, column in zip(tracks, columns, strict=True):
        for later in {0, min(1, len(column) - 1), len(column) // 2, len(column) - 1}:
            assert column[later] == one_by_one(track, step + later)


def test_cycles_that_differ_in_their_bounds_share_a_wave_and_keep_their_bits():
    schedules = [WAVE, WAVE.opposite(0.85, 0.95), hc.Cycle(0, 1, 7, 3, waveform="hann"), WAVE]
    tracks = Tracks([Track(f"p{i}", (one,)) for i, one in enumerate(schedules)])
    assert [alike.members for alike in tracks._alike] == [[0, 1, 3], [2]]
    columns = tracks.block(10**6)
    steps = np.arange(10**6, 10**6 + len(columns[0]))
    assert columns == [schedule(steps).tolist() for schedule in schedules]


def test_keys_have_a_list_of_values_at_each_step():
    decay = Track("decay", (WAVE, hc.Constant(0.5)), keys=("weights", "biases"), factors=(2.0, 3.0))
    lr = Track("lr", (WAVE,))
    columns = Tracks([decay, lr]).columns(5)
    assert columns[0][:2] == [[2 * WAVE(5), 1.5], [2 * WAVE(6), 1.5]]
    assert columns[1][0] == WAVE(5)
    assert decay.value(columns[0][0]) == {"weights": 2 * WAVE(5), "biases": 1.5}
    assert lr.value(columns[1][0]) == WAVE(5)


def test_one_key_has_a_list_of_one_value_at_each_step():
    (column,) = Tracks([track := Track("decay", (WAVE,), keys=("weights",))]).columns(5)
    assert column[:2] == [[WAVE(5)], [WAVE(6)]]
    assert track.value(column[0]) == {"weights": WAVE(5)}


@pytest.mark.parametrize("count", [1, 9, 1000])
def test_so_much_is_computed_ahead_as_stays_in_the_cache(count):
    tracks = Tracks([Track("lr", (WAVE,) * count, keys=tuple(range(count)))])
    (column,) = tracks.block(0)
    assert len(column) == min(BLOCK_STEPS, BLOCK_FLOATS // count)


def test_the_columns_of_a_later_step_go_on_with_the_block():
    tracks = Tracks([Track("lr", (WAVE,))])
    first, later = tracks.block(10)[0], tracks.block(17)[0]
    assert later[:100] == first[7:107]
    assert tracks.block(9)[0][1:100] == first[:99]  # from before it, another


def test_after_a_jump_steps_are_computed_alone_and_then_in_a_block():
    tracks = Tracks([Track("lr", (WAVE,)), Track("momentum", (WAVE.opposite(0.85, 0.95),))])
    for first in (0, 10**6, 5):
        for step in range(first, first + SINGLE_STEPS):
            assert tracks.columns(step) == [[WAVE(step)], [WAVE.opposite(0.85, 0.95)(step)]]
        step = first + SINGLE_STEPS
        column, _ = tracks.columns(step)
        assert len(column) == BLOCK_STEPS
        assert len(tracks.columns(step + BLOCK_STEPS)[0]) == BLOCK_STEPS  # goes on in blocks


def test_who_jumps_always_never_computes_a_block():
    tracks = Tracks([Track("lr", (WAVE,))])
    assert all(len(tracks.columns(step)[0]) == 1 for step in range(0, 2000, 3))


@pytest.mark.parametrize(
    "track",
    [
        Track("lr", (WAVE,), keys=(0,)),
        Track("lr", (hc.Cycle(0, 1, 7, scale=hc.Exponential(1.0001)),)),
        Track("lr", (hc.Cycle(0, 1, 7, waveform=lambda x, xp: x),)),
    ],
    ids=["groups", "what grows", "a function"],
)
def test_others_are_computed_in_blocks_at_once(track):
    tracks = Tracks([track])
    assert tracks.row(5) is None
    assert tracks.columns(5) == tracks.block(5)


@pytest.mark.parametrize("start", [0, 900, 999])
def test_columns_end_before_the_first_step_that_is_not_accepted(start):
    track = Track("p", (hc.Ramp(0.0, 2.0, 2000),), interval=Interval(most=1.0, most_included=False))
    tracks = Tracks([track])
    step = start
    while step < 1000:
        (column,) = tracks.block(step)
        assert column == [number / 1000 for number in range(step, step + len(column))]
        step += len(column)
    assert step == 1000
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^p accepts values in \(-inf, 1\), its schedule giv"):
            tracks.block(1000)


def test_what_is_multiplied_by_is_checked_too_and_its_group_named():
    track = Track(
        "lr",
        (hc.Constant(0.5), hc.Constant(0.5)),
        keys=(0, "head"),
        factors=(1.0, -1.0),
        interval=Interval(least=0.0),
    )
    message = r"^lr of group 'head' accepts values in \[0, inf\), its schedule gives -0\.5$"
    with pytest.raises(ValueError, match=message):
        Tracks([track]).block(0)


def test_columns_end_before_a_value_that_overflows():
    grows = hc.Cycle(0.0, 1.0, 1, 0, scale=hc.Exponential(2.0))
    tracks = Tracks([Track("p", (grows,)), Track("q", (WAVE,))])
    columns = tracks.block(1000)
    last = 1000 + len(columns[0]) - 1
    assert last < 1024
    assert columns[0][-1] == grows(last)
    with pytest.raises(OverflowError, match="at step=1024; a scale that grows"):
        tracks.block(1024)


def test_a_function_of_the_user_s_is_asked_for_its_step_each_time():
    asked = []
    tracks = Tracks(
        [Track("p", (Function(lambda s: asked.append(s) or len(asked)),)), Track("q", (WAVE,))]
    )
    assert [tracks.columns(5) for _ in range(2)] == [[[1.0], [WAVE(5)]], [[2.0], [WAVE(5)]]]
    assert asked == [5, 5]


@pytest.mark.parametrize("copied", [lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy])
def test_a_copy_computes_again(copied):
    tracks = Tracks([Track("lr", (WAVE,), factors=(0.5,))])
    columns = tracks.columns(3)
    again = copied(tracks)
    assert again.columns(3) == columns
    assert again.tracks == tracks.tracks


@strategies.examples(30)
@given(
    st.lists(strategies.schedules(depth=1), min_size=2, max_size=4),
    st.lists(strategies.steps, min_size=1, max_size=4),
)
def test_where_each_step_jumps_one_is_computed_with_the_same_bits(schedules, steps):
    factors = (2.0, 3.0, 5.0)[: len(schedules) - 1]
    tracks = [
        Track("all", tuple(schedules[1:]), keys=tuple(range(len(factors))), factors=factors),
        Track("one", (schedules[0],), factors=(0.5,)),
    ]
    jumping, blocks = Tracks(tracks, jumps=True), Tracks(tracks)
    for step in steps:
        columns = jumping.columns(step)
        assert [len(column) for column in columns] == [1, 1]
        assert [column[0] for column in columns] == [column[0] for column in blocks.block(step)]


def test_where_each_step_jumps_what_is_not_accepted_is_named():
    tracks = [
        Track("lr", (hc.Ramp(0.0, 3.0, 10), hc.Constant(1.0)), ("a", "b"), None, Interval(0.0, 2.0))
    ]
    jumping = Tracks(tracks, jumps=True)
    assert jumping.row(5) == [[1.5, 1.0]]
    assert jumping.row(9) is None
    with pytest.raises(ValueError, match="lr of group 'a'"):
        jumping.block(9)


@pytest.mark.parametrize("jumps", [False, True])
def test_whole_numbers_are_those_of_their_own_track_beside_one_with_keys(jumps):
    rates = Track("lr", (hc.Cycle(0.1, 0.5, 7), hc.Cycle(0.2, 0.7, 7)), ("a", "b"))
    counts = Track("n", (hc.Rounded(hc.Ramp(2, 9, 30)),), whole=True)
    tracks = Tracks([rates, counts], jumps=jumps)
    for step in (3, 99, 12):
        own, count = (column[0] for column in tracks.columns(step))
        assert own == [schedule(step) for schedule in rates.schedules]
        assert (count, type(count)) == (counts.schedules[0](step), int)
