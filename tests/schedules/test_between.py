"""Values between two bounds: hit, not left, geometric in spaces of their own."""

import math
import re
from decimal import Decimal, localcontext

import jax
import numpy as np
import pytest
import strategies
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.driving.tracks import Track, Tracks
from hypercycle.namespaces.namespace import NUMPY, ONE_STEP
from hypercycle.schedules.between import bounds_in, curve_between, value_between

Y = np.linspace(0.0, 1.0, 4001)
BOUNDS = {
    "linear": [(0.0, 1.0), (-0.3, 7.0), (0.1, 0.1)],
    "log": [(1e-5, 0.1), (1e-150, 1e140), (0.1, math.nextafter(0.1, 1.0)), (3.0, 3.0)],
    "log1m": [(0.9, 0.9999), (0.0, 0.5), (-3.0, 0.999999), (0.1, math.nextafter(0.1, 1.0))],
}
PAIRS = [
    (space, pair) for space, pairs in BOUNDS.items() for low, high in pairs
    for pair in ((low, high), (high, low))
]  # fmt: skip


def at(space, pair, y):
    return value_between(y, bounds_in(space, *pair), space, ONE_STEP)


def exact(space, anchor, other, y):
    """Return the value to 50 digits, by the formula of the documentation."""
    with localcontext(prec=50):
        anchor, other, y = Decimal(anchor), Decimal(other), Decimal(y)
        if space == "linear":
            return anchor * (1 - y) + other * y
        if space == "log":
            return anchor ** (1 - y) * other**y
        return 1 - (1 - anchor) ** (1 - y) * (1 - other) ** y


@pytest.mark.parametrize(("space", "pair"), PAIRS)
def test_both_bounds_are_hit_and_no_value_leaves_them(space, pair):
    values = value_between(Y, bounds_in(space, *pair), space, NUMPY)
    assert (values[0], values[-1]) == pair
    assert values.min() == min(pair)
    assert values.max() == max(pair)
    steps = np.diff(values) * (1 if pair[0] <= pair[1] else -1)
    assert steps.min() >= -3 * math.ulp(max(map(abs, pair)))
    assert values.tolist() == [at(space, pair, y) for y in Y.tolist()]
    if space != "linear":
        curve = curve_between(bounds_in(space, *pair), space)
        assert values.tolist() == [curve(y) for y in Y.tolist()]


@pytest.mark.parametrize(("space", "pair"), PAIRS)
def test_a_value_is_the_exact_one_to_some_units_in_the_last_place(space, pair):
    # The power is e to a logarithm, whose rounding counts as often as it is great.
    decades = 1.0
    if space != "linear":
        start, end = (1.0 - bound if space == "log1m" else bound for bound in pair)
        decades += abs(math.log(start) - math.log(end))
    for y in (0.001, 0.25, 1 / 3, 0.5, 0.999):
        wanted = exact(space, *pair, y)
        unit = math.ulp(1.0 if space == "log1m" else float(wanted))
        assert abs(Decimal(at(space, pair, y)) - wanted) <= Decimal((2 + decades) * unit)


def test_geometric_steps_have_one_ratio():
    values = hc.Ramp(1e-5, 1e-1, 8, space="log")(np.arange(9))
    np.testing.assert_allclose(values[1:] / values[:-1], 10**0.5, rtol=1e-14)
    rest = 1.0 - hc.Ramp(0.9999, 0.9, 8, space="log1m")(np.arange(9))
    np.testing.assert_allclose(rest[1:] / rest[:-1], 1000 ** (1 / 8), rtol=1e-11)
    # Geometric, as optax and PyTorch have it: a factor for each step.
    weights = [torch.zeros(1, requires_grad=True)]
    optimizer = torch.optim.SGD(weights, lr=1e-3)
    peer = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=100 ** (-1 / 50))
    decay = hc.Ramp(1e-3, 1e-5, 50, space="log")
    for step in range(51):
        assert decay(step) == pytest.approx(peer.get_last_lr()[0], rel=1e-13)
        optimizer.step()
        peer.step()


CURVED = strategies.cycles(
    bounds=strategies.positive_values, space=st.just("log"), waveform=strategies.waveform_names
)


@strategies.examples(100)
@given(CURVED, strategies.steps)
@example(hc.Cycle(1e-4, 1e-2, 2000, space="log", scale="halving"), 10**12 + 7)
def test_the_logarithm_of_a_geometric_cycle_is_the_linear_one_between_logarithms(cycle, step):
    if cycle.scale_of == "bounds":
        return
    low, high = math.log(cycle.low), math.log(cycle.high)
    straight = hc.Cycle(min(low, high), high, cycle.step_size_up, cycle.step_size_down,
        waveform=cycle.waveform, scale=cycle.scale, inverted=cycle.inverted, phase=cycle.phase,
        cycle_mult=cycle.cycle_mult, cycles=cycle.cycles)  # fmt: skip
    assert math.log(cycle(step)) == pytest.approx(straight(step), abs=1e-13)


def test_with_shrinking_bounds_the_value_is_multiplied():
    options = {"scale": hc.Exponential(0.5, "cycle"), "scale_of": "bounds"}
    log = hc.Cycle(0.01, 1.0, 2, space="log", **options)
    assert [log(step) for step in (0, 1, 2, 4, 5, 6)] == pytest.approx(
        [0.01, 0.1, 1.0, 0.005, 0.05, 0.5], rel=1e-15
    )
    from_1 = hc.Cycle(0.9, 0.999, 2, space="log1m", **options)
    assert from_1(5) == pytest.approx(0.99 / 2, rel=1e-15)


def test_a_shrinking_amplitude_shrinks_toward_the_anchor_geometrically():
    log = hc.Cycle(0.01, 1.0, 2, space="log", scale="halving")
    assert log(6) == pytest.approx(0.1, rel=1e-15)
    falling = hc.Cycle(0.01, 1.0, 2, space="log", scale="halving", inverted=True)
    assert (falling(0), falling(4)) == (1.0, 1.0)
    assert falling(6) == pytest.approx(0.1, rel=1e-15)


def test_a_scale_that_grows_goes_on_beyond_the_bounds_and_overflows_as_an_error():
    cycle = hc.Cycle(0.1, 1.0, 1, space="log", scale=hc.Exponential(2.0, "cycle"))
    assert cycle(3) == pytest.approx(10.0, rel=1e-14)
    assert cycle(np.array([3, 5])).tolist() == [cycle(3), cycle(5)]
    for step in (41, np.array([3, 41])):
        with pytest.raises(OverflowError, match="overflows in the end"):
            cycle(step)


def test_cycles_in_other_spaces_share_no_wave_with_straight_ones():
    straight = hc.Cycle(1e-4, 1e-2, 50)
    curved = hc.Cycle(1e-4, 1e-2, 50, space="log")
    assert curved.shape is None
    tracks = Tracks([Track("a", (straight,)), Track("b", (curved,)), Track("c", (straight,))])
    rows = [tracks.row(step) for step in (70, 25)]
    assert rows == [[s(step) for s in (straight, curved, straight)] for step in (70, 25)]
    columns = tracks.block(0)
    assert columns[1][:100] == curved(np.arange(100)).tolist()


def test_parts_of_one_space_are_computed_together():
    ramps = [hc.Ramp(10.0**-i, 10.0 ** -(i + 1), 5 + i, space="log") for i in range(1, 6)]
    decays = [hc.Ramp(1 - 10.0**-i, 1 - 10.0 ** -(i + 1), 4, space="log1m") for i in range(1, 4)]
    cycles = [hc.Cycle(0.1, high, 3, cycles=1, space="log") for high in (0.2, 0.3)]
    straight = [hc.Ramp(0.1, 0.2, 5), hc.Cycle(0.1, 0.4, 3, cycles=1)]
    chain = hc.Chain(*ramps, *decays, *cycles, *straight)
    steps = np.arange(chain.length + 5)
    values = chain(steps)
    assert values.tolist() == [chain(step) for step in steps.tolist()]
    start, alone = 0, []
    for part in chain.parts:
        alone += part(np.arange(part.length)).tolist()
        start += part.length
    assert values[:start].tolist() == alone
    theirs = np.asarray(jax.jit(chain)(jax.numpy.asarray(steps)))
    np.testing.assert_array_equal(theirs, values.astype(np.float32))


def test_an_opposite_has_a_space_of_its_own():
    lr = hc.Cycle(1e-4, 1e-2, 50, space="log")
    assert lr.opposite(0.0, 0.9) == hc.Cycle(0.0, 0.9, 50, inverted=True)
    beta = lr.opposite(0.9, 0.999, space="log1m")
    assert beta == hc.Cycle(0.9, 0.999, 50, inverted=True, space="log1m")
    assert lr(25) == pytest.approx(1e-3, rel=1e-15)
    assert beta(25) == pytest.approx(0.99, rel=1e-15)


@pytest.mark.parametrize("space", ["log", "log1m"])
def test_relative_bounds_are_multiples_of_what_is_there(space):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
    cycle = hc.Cycle(0.01, 0.9, 4, space=space)
    cycler = hc.attach(optimizer, hc.Plan(lr=cycle), relative=True)
    for step in range(9):
        assert optimizer.param_groups[0]["lr"] == 0.2 * cycle(step)
        optimizer.step()
        cycler.step()


TRACED = {
    "cycle": lambda low, high, space: hc.Cycle(low, high, 7, 5, waveform="hann", space=space),
    "ramp": lambda low, high, space: hc.Ramp(high, low, 9, space=space),
}


def check_traced(make, space):
    low, high = float(np.float32(0.3)), float(np.float32(0.9))
    values = jax.jit(lambda low, high, steps: make(low, high, space)(steps))(
        low, high, np.arange(20)
    )
    expected = make(low, high, space)(np.arange(20)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(values), expected)


@pytest.mark.parametrize("space", ["log", "log1m"])
@pytest.mark.parametrize("make", TRACED)
def test_traced_bounds(make, space):
    check_traced(TRACED[make], space)
    one = jax.jit(lambda low: TRACED[make](low, 0.9, space)(3))(0.25)
    assert one == np.float32(TRACED[make](0.25, 0.9, space)(3))


def test_traced_bounds_in_float32_alone(monkeypatch):
    monkeypatch.setattr("hypercycle.namespaces.on_jax.lowers_float64", lambda _: False)
    check_traced(TRACED["ramp"], "log1m")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: hc.Cycle(0, 1, 3, space="log"),
            "low must be above 0 with space='log' (a small number such as 1e-8), got low=0.0",
        ),
        (
            lambda: hc.Ramp(1, -1, 3, space="log"),
            "end must be above 0 with space='log' (a small number such as 1e-8), got end=-1.0",
        ),
        (
            lambda: hc.Cycle(0.9, 1, 3, space="log1m"),
            "high must be below 1 with space='log1m' (close to it, such as 0.9999), got high=1.0",
        ),
        (
            lambda: hc.Ramp(2, 0.5, 3, space="log1m"),
            "start must be below 1 with space='log1m' (close to it, such as 0.9999), got start=2.0",
        ),
        (
            lambda: hc.Cycle(1e-300, 1e300, 3, space="log"),
            "low and high must be less than a factor of 1e299 apart with space='log', got 1e-300",
        ),
        (
            lambda: hc.Ramp(0.5, 1, 3, space="geometric"),
            "space must be 'linear', 'log' or 'log1m', got 'geometric'",
        ),
        (
            lambda: hc.Cycle(0.5, 1, 3, space=["log"]),
            "space must be 'linear', 'log' or 'log1m', got ['log']",
        ),
    ],
)
def test_bounds_that_are_no_numbers_of_the_space_are_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_the_default_is_left_out_and_others_come_back(tmp_path):
    log = hc.Cycle(1e-4, 1e-2, 50, space="log")
    assert repr(log) == "Cycle(0.0001, 0.01, 50, space='log')"
    ramp = hc.Ramp(0.9, 0.99, "2ep", space="log1m")
    assert ramp.resolve(steps_per_epoch=4) == hc.Ramp(0.9, 0.99, 8, space="log1m")
    plan = hc.Plan(lr=log, beta1=ramp, momentum=hc.Cycle(0.8, 0.9, 50))
    assert plan.to_dict()["lr"] == {"low": 1e-4, "high": 1e-2, "step_size_up": 50, "space": "log"}
    assert "space" not in plan.to_dict()["momentum"]
    plan.save(tmp_path / "plan.toml")
    assert hc.Plan.load(tmp_path / "plan.toml") == plan
    assert plan.override({"lr.space": "linear"})["lr"] == hc.Cycle(1e-4, 1e-2, 50)
