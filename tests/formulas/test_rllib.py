"""RLlib's lists of [time step, value], as one description.

Read: ray-project/ray, rllib/utils/schedules/scheduler.py at 089a71879e1f and
rllib/utils/schedules/piecewise_schedule.py at 01433cf7b62c. The formula is written again here.
"""

import itertools

from beside import cases, same, steps

import hypercycle as hc

# The recipe: their list as it is, which starts at time step 0; [1e6, 0.5] too.


def rllib(points):
    return hc.Points(points)


# Their formula.


def theirs(t, *, points):
    for (start, first), (end, last) in itertools.pairwise(points):
        if start <= t < end:
            return first + (t - start) / (end - start) * (last - first)
    return points[-1][-1]


def test_piecewise():
    for rng in cases():
        times = sorted(rng.choice(range(1, 300), steps(rng, 1, 9), replace=False).tolist())
        points = [[float(t), float(rng.uniform(-1.0, 1.0))] for t in [0, *times]]
        same(rllib(points), theirs, range(310), points=points)


def test_far_points():
    points = [[0, 0.1], [1e6, 0.01], [2e9, 0.0]]
    ours = rllib(points)
    # Units of what is there, a tenth of what the line comes from.
    same(ours, theirs, range(10**6 - 50, 10**6 + 50), units=40, points=points)
    assert ours(2 * 10**9) == ours(10**12) == 0.0
