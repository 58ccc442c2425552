"""Points: values at given steps, against NumPy's interp, PyTorch's milestones and RLlib's lists."""

import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import strategies
import tensorflow as tf
import torch
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc

BETWEEN = st.sampled_from(["linear", "hold"])


@strategies.examples(100)
@given(strategies.points(), strategies.steps)
def test_a_value_is_that_of_the_line_or_of_the_last_point(schedule, step):
    steps, values = (list(column) for column in zip(*schedule.points, strict=True))
    if schedule.between == "hold":
        before = [value for at, value in schedule.points if at <= step]
        assert schedule(step) == (before or values)[-1 if before else 0]
    else:
        assert schedule(step) == pytest.approx(np.interp(step, steps, values), rel=1e-12, abs=1e-9)


@strategies.examples(60)
@given(strategies.points())
def test_points_are_hit_exactly_and_their_range_is_never_left(schedule):
    for step, value in schedule.points:
        assert schedule(step) == value
    near = np.unique([max(at + more, 0) for at, _ in schedule.points for more in range(-3, 4)])
    least, most = schedule.reached()
    assert least <= schedule(near).min() <= schedule(near).max() <= most
    assert schedule.length == schedule.points[-1][0]


def test_the_lists_of_rllib():
    # The formula of ray.rllib.utils.schedules.piecewise_schedule.PiecewiseSchedule.
    endpoints = [(0, 0.1), (700, 0.01), (3000, 0.0)]

    def value(t):
        for (l_t, left), (r_t, right) in itertools.pairwise(endpoints):
            if l_t <= t < r_t:
                alpha = float(t - l_t) / (r_t - l_t)
                return left + alpha * (right - left)
        return endpoints[-1][1]

    schedule = hc.Points([list(pair) for pair in endpoints])
    for step in range(0, 3200, 7):
        assert schedule(step) == pytest.approx(value(step), abs=1e-16)


def test_held_points_are_pytorch_s_milestones():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    milestones = torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 80], gamma=0.5)
    schedule = hc.Points({0: 0.5, 30: 0.25, 80: 0.125}, between="hold")
    for step in range(100):
        assert schedule(step) == optimizer.param_groups[0]["lr"]
        optimizer.step()
        milestones.step()


@pytest.mark.parametrize("between", ["linear", "hold"])
def test_thousands_of_points_are_one_table(between):
    random = np.random.default_rng(0)
    steps = np.sort(random.choice(10**6, 5000, replace=False))
    values = random.random(5000)
    schedule = hc.Points(dict(zip(steps.tolist(), values.tolist(), strict=True)), between=between)
    asked = random.integers(0, 10**6 + 100, 1000)
    expected = schedule(asked)
    assert expected.tolist() == [schedule(int(step)) for step in asked]
    assert schedule(torch.from_numpy(asked)).numpy().tobytes() == expected.tobytes()
    assert schedule(tf.constant(asked)).numpy().tobytes() == expected.tobytes()
    got = jax.jit(schedule)(jnp.asarray(asked))
    assert np.asarray(got).tolist() == expected.astype(np.float32).tolist()
    fewer = hc.Points(dict(schedule.points[:1000]), between=between)
    sizes = [len(str(jax.make_jaxpr(one)(jnp.int32(3)))) for one in (fewer, schedule)]
    assert sizes[1] < 1.1 * sizes[0]


def test_late_points_are_as_exact_as_early_ones():
    early = hc.Points({0: 0.1, 7: 0.5, 30: 0.2})
    late = hc.Points({10**12: 0.1, 10**12 + 7: 0.5, 10**12 + 30: 0.2})
    steps = np.arange(40)
    assert late(10**12 + steps).tobytes() == early(steps).tobytes()
    assert late(0) == 0.1


def test_points_are_a_record_from_a_mapping_or_pairs():
    points = hc.Points({0: 0.1, "2ep": 0.5})
    assert points == hc.Points([[0, 0.1], ("2ep", 0.5)]) == hc.Points(points.points)
    assert repr(points) == "Points({0: 0.1, '2ep': 0.5})"
    assert repr(hc.Points({0: 8}, between="hold")) == "Points({0: 8.0}, between='hold')"
    assert repr(hc.Points([("2ep", 1), ("2ep", 2)])) == "Points([('2ep', 1.0), ('2ep', 2.0)])"
    assert list(hc.Points({0: 0, 5: 1, 9: 2}).ends(0, 20)) == [5, 9]
    assert list(hc.Points({0: 0, 5: 1, 9: 2}).ends(5, 8)) == []


def test_lengths_with_units_are_steps_too():
    points = hc.Points({"10it": 0.1, "2ep": 0.5, "75%": 0.2})
    with pytest.raises(ValueError, match="a step of Points='2ep' has a unit that is not resolved"):
        points(3)
    resolved = points.resolve(steps_per_epoch=7, total_steps=100)
    assert resolved == hc.Points({10: 0.1, 14: 0.5, 75: 0.2})
    with pytest.raises(ValueError, match="the steps of Points must increase, got 14 before 8"):
        points.resolve(steps_per_epoch=7, total_steps=11)


def test_a_point_that_jax_cannot_count_to_is_refused_where_it_has_32_bits():
    points = hc.Points({0: 0.1, 2**40: 0.5})
    assert np.asarray(points(jnp.int32(5))).item() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Points({}), ValueError, "Points needs at least one point, such as {0: 0.1}"),
        (lambda: hc.Points(3), TypeError, "points must be {step: value} or pairs, got 3"),
        (lambda: hc.Points("abc"), TypeError, "points must be {step: value} or pairs, got 'abc'"),
        (lambda: hc.Points([1, 2]), TypeError, "a point must be a pair (step, value), got 1"),
        (lambda: hc.Points({0: "x"}), TypeError, "a value must be a number, got 'x' (str)"),
        (lambda: hc.Points({-1: 1}), ValueError, "a step of Points must be at least 0, got"),
        (lambda: hc.Points({0.5: 1}), ValueError, "a step of Points must be a whole number, got"),
        (lambda: hc.Points({5: 1, 3: 2}), ValueError, "must increase, got 5 before 3"),
        (lambda: hc.Points([(5, 1), (5, 2)]), ValueError, "must increase, got 5 before 5"),
        (lambda: hc.Points({0: 1}, "cubic"), ValueError, "'linear' or 'hold', got 'cubic'"),
    ],
)
def test_what_makes_no_points_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_steps_are_no_tokens():
    assert hc.Points({0: 0.1, "2Mtok": 0.5}).resolve(clock="tokens")(1_000_000) == 0.3
    for points in ({0: 0.1, 1000: 0.5}, {0: 0.1, 1000: 0.3, "2Mtok": 0.5}):
        with pytest.raises(ValueError, match="a step of Points=1000 does not count tokens"):
            hc.Points(points).resolve(clock="tokens")
