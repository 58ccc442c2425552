"""What is looked up, where many steps share few places, has the bits of what is computed."""

import numpy as np
import pytest
from compositions import COMPOSED, SCALES, SHAPES

import hypercycle as hc


@pytest.mark.parametrize("start", [0, 10**12])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("composed", COMPOSED)
def test_many_steps_have_the_bits_of_few(composed, scale, start):
    steps = np.arange(start, start + 9000)  # more than are computed at once
    shuffled = np.random.default_rng(0).permutation(9000)
    for waveform in SHAPES[:: 1 if composed == "cycle" else 4]:
        schedule = COMPOSED[composed](waveform, SCALES[scale])
        values = schedule(steps)
        assert schedule(steps[shuffled]).tobytes() == values[shuffled].tobytes()
        for few in (slice(0, 5), slice(8190, 8195), slice(8995, 9000)):
            # Fewer than there are in a cycle.
            assert schedule(steps[few]).tobytes() == values[few].tobytes()


def test_a_function_without_a_name_is_asked_for_every_step():
    asked = []

    def counted(x, xp):
        asked.append(np.size(x))
        return x

    schedule = hc.Cycle(0.0, 1.0, 4, waveform=counted)
    asked.clear()
    for _ in range(2):
        schedule(np.arange(100))
    assert asked == [100, 100]


def test_factors_of_few_cycles_and_of_many():
    halving = hc.Cycle(0.0, 1.0, 0, 1, scale="halving")
    assert halving(np.arange(1100)).tolist() == [0.5**k for k in range(1100)]
    slow = hc.Cycle(0.0, 1.0, 0, 10, scale="halving")
    assert slow(np.arange(0, 11_000, 10)).tolist() == [0.5**k for k in range(1100)]
    assert slow(np.array([], dtype=np.int64)).tolist() == []
