"""One value alone has the bits that it has in an array, a block and after a jump."""

import itertools

import numpy as np
import pytest
import strategies
from compositions import COMPOSED, HIGH, LOW, SCALES, SHAPES, cycle
from hypothesis import given

import hypercycle as hc
from hypercycle.driving.tracks import Track, Tracks

COUNT = 24
STARTS = [0, 10**6 + 3, 10**12 + 7]


def in_all_ways(schedule, start):
    """Return the bytes of the values of some steps, by the way that they are asked for."""
    steps = range(start, start + COUNT)
    track = Track("p", (schedule,))
    ways = {
        "alone": [schedule(step) for step in steps],
        "through arrays": [schedule(np.int64(step)) for step in steps],
        "an array of one": [schedule(np.array([step])).item() for step in steps],
        "an array": schedule(np.array(steps)),
        "few of an array": schedule(np.array(steps[:5])).tolist()
        + schedule(np.array(steps[5:])).tolist(),
    }
    tracks = Tracks([track])
    if schedule.precomputable:
        ways["a block"] = tracks.block(start)[0][:COUNT]
    if schedule.at_one_step is not None:
        backwards = [tracks.row(step)[0] for step in reversed(steps)]
        ways["jumps"] = backwards[::-1]
    return {way: np.array(values).tobytes() for way, values in ways.items()}


@pytest.mark.parametrize("composed", COMPOSED)
@pytest.mark.parametrize("scale", SCALES)
def test_a_value_has_the_same_bits_however_it_is_asked_for(composed, scale):
    for waveform, start in itertools.product(SHAPES, STARTS):
        schedule = COMPOSED[composed](waveform, SCALES[scale])
        assert schedule.at_one_step is not None
        ways = in_all_ways(schedule, start)
        different = [way for way, values in ways.items() if values != ways["through arrays"]]
        assert different == [], (schedule, start)


@pytest.mark.parametrize("scale", SCALES)
def test_tracks_that_share_a_wave_have_its_bits_after_a_jump(scale):
    for waveform, start in itertools.product(SHAPES, STARTS):
        one = cycle(waveform, SCALES[scale], 5, 9)
        schedules = [one, one.opposite(0.85, 0.95), hc.Constant(-0.0), one.opposite(-1.0, 0.1)]
        factors = [None, 0.3, None, 3.0]
        tracks = Tracks(
            [
                Track(f"p{i}", (own,), factors=None if factor is None else (factor,))
                for i, (own, factor) in enumerate(zip(schedules, factors, strict=True))
            ]
        )
        rows = [tracks.row(step) for step in reversed(range(start, start + COUNT))]
        columns = [column[:COUNT] for column in tracks.block(start)]
        assert np.array(rows[::-1]).T.tobytes() == np.array(columns).tobytes()


@strategies.examples(100)
@given(strategies.schedules(), strategies.steps)
def test_so_have_schedules_of_every_kind(schedule, step):
    ways = in_all_ways(schedule, step)
    assert len(set(ways.values())) == 1


def test_a_power_of_two_is_not_squared():
    # NumPy squares a number where it takes the power of an array.
    rates = np.random.default_rng(0).uniform(0.5, 1.0, 2000)
    for rate in rates.tolist():
        one = hc.Cycle(0.0, 1.0, 0, 1, scale=hc.Exponential(rate))
        assert one(2) == one(np.arange(9))[2]


def test_what_numpy_is_told_of_rounding_changes_nothing():
    one = hc.Cycle(0.0, 1.0, 0, 1, scale=hc.Exponential(0.5))
    with np.errstate(all="raise"):
        assert [one(step) for step in (1000, 1074, 1075, 5000)] == [2.0**-1000, 5e-324, 0.0, 0.0]


def test_errors_are_those_of_arrays():
    with pytest.raises(OverflowError, match="at a step of 401 digits"):
        cycle("hann", hc.Exponential(0.5))(10**400)
    with pytest.raises(OverflowError, match="gives inf at step=3; a scale that grows"):
        hc.Product(1e200, 1e200)(3)
    with pytest.raises(ValueError, match=r"cycles that start after step 2\*\*53 are not computed"):
        cycle("hann", "halving", cycle_mult=2.0)(2**60)
    with pytest.raises(ValueError, match="step must be at least 0"):
        cycle("hann", "halving")(-1)
    with pytest.raises(ValueError, match="4ep"):
        hc.Cycle(LOW, HIGH, "4ep")(1)
