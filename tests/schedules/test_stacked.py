"""Parts evaluated together have, in every library, the bits that each has alone."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf
import torch

import hypercycle as hc
from hypercycle.namespaces import on_jax
from hypercycle.schedules.stacked import numbers_by_kind
from hypercycle.schedules.tabulated import Tabulated
from hypercycle.shapes.waveforms import WAVEFORMS

LENGTHS = {
    "symmetric": {"step_size_up": 7},
    "asymmetric": {"step_size_up": 7, "step_size_down": 12, "phase": 0.3},
    "saw-tooth": {"step_size_up": 9, "step_size_down": 0},
    "at the top": {"step_size_up": 0, "step_size_down": 9, "phase": 0.9},
    "three cycles": {"step_size_up": 3, "step_size_down": 2, "cycles": 3},
    "growing": {"step_size_up": 2, "cycle_mult": 1.5},
}
SCALES = ["constant", "halving", hc.Exponential(0.9), hc.Exponential(1.01, per="cycle")]


def harmonic(cycle, step, xp):
    del step
    return 1.0 / (1.0 + cycle)


def cubic(x, xp):
    del xp
    return x * x * x


class Unhashable:
    __hash__ = None

    def __call__(self, cycle, step, xp):
        del cycle, xp
        return 1.0 / (1.0 + step)


def doubled(step):
    return step * 2.0


def longer(lengths, by):
    """Return lengths of another cycle of the same kind."""
    return {
        name: value + by
        if name.startswith("step_size") and value and "cycle_mult" not in lengths
        else value
        for name, value in lengths.items()
    }


def cycles(lengths, scale):
    """Return parts of every waveform, three of each: of other bounds, lengths and phases."""
    for by, (waveform, inverted) in itertools.product(
        range(3), zip(WAVEFORMS, itertools.cycle([False, True]))
    ):
        own = longer(lengths, by) | ({"phase": 0.0} if by == 2 and "phase" in lengths else {})
        kind = "bounds" if waveform in ("hann", "sqrt") else "amplitude"
        shape = {"waveform": waveform, "scale": scale, "scale_of": kind}
        yield hc.Cycle(0.1 - by, 0.7 + by, **own, inverted=inverted, **shape), 17 + by


def others():
    wave = hc.Cycle(0.1, 0.9, 5, waveform="hann")
    twice = hc.Chain(hc.Ramp(0.2, 0.1, 3), (wave, 4))
    for k in range(3):
        yield hc.Ramp(0.5 - k, 0.1 * k, 5 + k, waveform="welch")
        yield hc.Ramp(0.1, k, 0)
        yield hc.Constant(k), 3
        yield hc.Constant(-0.0 if k == 1 else 0.0), 2
        yield hc.Product(hc.Ramp(0, 1, 9 - k), hc.Cycle(0.1, 0.3 + k, 2 + k, 5)), 30
        yield hc.Product(hc.Constant(0.5), hc.Product(wave, hc.Cycle(0.1, 0.3, 3 + k))), 20
        yield wave, 13
        yield twice, 8 + k
        yield hc.Chain((hc.Constant(k), 2), hc.Ramp(1, k, 4))
        yield Tabulated(np.array([0.3, -0.0, 0.1]), repeats=k == 1), 7
        yield hc.Cycle(0.1, 0.9 + k, 5, waveform=cubic, scale=harmonic), 19
        yield hc.Cycle(0.1, 0.9 + k, 5, scale=Unhashable()), 11
        yield (hc.Cycle(0.1, 0.4, 4), 0)


CHAINS = {
    f"{lengths}, {scale}": hc.Chain(*cycles(LENGTHS[lengths], scale), 0.3)
    for lengths in LENGTHS
    for scale in SCALES
} | {
    "others": hc.Chain(*others(), hc.Ramp(1.0, 0.5, 6)),
    "functions": hc.Chain(*[(doubled, 6), hc.Ramp(0, 1, 3), (doubled, 4)] * 3, 0.5),
}
FEW = [f"{lengths}, {SCALES[2]}" for lengths in LENGTHS] + ["others"]


def alone(chain, number, steps, library):
    """Return the values of one part at steps of the chain that are in it, or after it."""
    part = chain.parts[number]
    schedule, length = part if isinstance(part, tuple) else (part, part.length)
    start = starts_of(chain)[number]
    local = steps - start if length is None else np.minimum(steps - start, length)
    return np.asarray(library(schedule)(local), np.float64)


def starts_of(chain):
    ends = [0, *(part[1] if isinstance(part, tuple) else part.length for part in chain.parts[:-1])]
    return list(itertools.accumulate(ends))


def parts_alone(chain, steps, library):
    starts = starts_of(chain)
    number = np.searchsorted(starts, steps, side="right") - 1
    values = np.empty(steps.shape)
    for own in np.unique(number):
        values[number == own] = alone(chain, own, steps[number == own], library)
    return values


def interesting(chain, most):
    """Return steps around all ends, between them, and very late ones."""
    starts = np.array(starts_of(chain))
    near = np.concatenate([starts + offset for offset in (-1, 0, 1, 5)])
    late = [2**k + offset for k in (24, 31, 52, 53, 62) for offset in (-1, 0, 1)] + [2**63 - 1]
    steps = np.unique(np.concatenate([near, np.array(late)]))
    return steps[(steps >= 0) & (steps <= most)]


def assert_same_bits(ours, expected):
    ours, expected = np.asarray(ours), np.asarray(expected)
    assert ours.dtype == expected.dtype
    np.testing.assert_array_equal(ours, expected)
    np.testing.assert_array_equal(np.signbit(ours), np.signbit(expected))


def of_numpy(schedule):
    return schedule


def of_torch(schedule):
    return lambda steps: schedule(torch.from_numpy(steps)).numpy()


def of_tensorflow(schedule):
    return lambda steps: schedule(tf.constant(steps)).numpy()


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("library", [of_numpy, of_torch])
def test_parts_together_have_the_bits_of_each_alone(name, library):
    chain = CHAINS[name]
    steps = interesting(chain, 2**63 - 1)
    assert_same_bits(library(chain)(steps), parts_alone(chain, steps, library))


@pytest.mark.parametrize("name", FEW)
def test_parts_together_have_the_bits_of_each_alone_in_tensorflow(name):
    chain = CHAINS[name]
    steps = interesting(chain, 2**63 - 1)
    # The signs of zeros are left out: TensorFlow takes the constants 0.0 and -0.0 for the same.
    expected = parts_alone(chain, steps, of_tensorflow)
    np.testing.assert_array_equal(of_tensorflow(chain)(steps), expected)


@pytest.mark.parametrize("name", CHAINS)
def test_parts_together_are_numpys_rounded_once_in_jax(name):
    chain = CHAINS[name]
    steps = interesting(chain, 2**31 - 1)
    ours = jax.jit(chain.__call__)(jnp.asarray(steps, jnp.int32))
    expected = parts_alone(chain, steps, of_numpy).astype(np.float32)
    # XLA takes numbers below the normal ones for 0.
    tiny = np.abs(expected) < np.finfo(np.float32).tiny
    assert_same_bits(np.where(tiny, 0.0, ours), np.where(tiny, 0.0, expected))


@pytest.mark.parametrize("lengths", ["asymmetric", "at the top", "three cycles"])
def test_parts_together_are_as_near_as_alone_without_float64(monkeypatch, lengths):
    monkeypatch.setattr(on_jax, "lowers_float64", lambda _: False)
    own = [longer(LENGTHS[lengths], by) for by in range(6)]
    chain = hc.Chain(*[(hc.Cycle(0.1, 0.7 + by, **own[by]), 17 + by) for by in range(6)], 0.3)
    steps = interesting(chain, 2**31 - 1)
    # A function of its own each time: JAX would take the program with float64 of an equal chain.
    ours = np.asarray(jax.jit(lambda step: chain(step))(jnp.asarray(steps, jnp.int32)))  # noqa: PLW0108
    expected = parts_alone(chain, steps, of_numpy).astype(np.float32)
    np.testing.assert_array_max_ulp(ours, expected, maxulp=4)


def test_one_step_is_in_its_part():
    for chain in CHAINS.values():
        steps = interesting(chain, 2**63 - 1)
        assert_same_bits([chain(step) for step in steps.tolist()], chain(steps))


def test_those_of_one_formula_are_one_kind():
    cycle = functools.partial(hc.Cycle, 0.1, 0.5, waveform="hann")
    chain = hc.Chain(cycle(4, cycles=1), cycle(5, 7, phase=0.2, cycles=2), hc.Ramp(0, 1, 3), 0.5)
    assert numbers_by_kind(chain.schedules) == [[0], [1], [2], [3]]
    chain = hc.Chain(cycle(4, cycles=1), cycle(9, phase=0.2, cycles=2), (0.1, 3), 0.5)
    assert numbers_by_kind(chain.schedules) == [[0, 1], [2, 3]]


def test_a_program_does_not_grow_with_the_parts_of_one_kind():
    def program(parts):
        chain = hc.Chain(*[(hc.Cycle(0.1, 0.2 + k, 5 + k), 9 + k) for k in range(parts)])
        return jax.make_jaxpr(lambda step: chain(step))(jnp.int32(0)).jaxpr.eqns  # noqa: PLW0108

    assert len(program(300)) == len(program(1000))
    assert len(program(10)) == len(program(20))


def test_a_users_function_is_asked_at_its_own_steps_alone():
    asked = []

    def function(step):
        asked.append(step)
        return 0.5

    parts = [(hc.Ramp(0, 1, 5), 5), (function, 3), (hc.Ramp(1, 0, 5), 5), (function, 2), 0.1]
    hc.Chain(*parts)(np.arange(40))
    assert sorted(asked) == [0, 0, 1, 1, 2]


def test_what_starts_or_lasts_too_long_for_int32_is_refused(monkeypatch):
    monkeypatch.setattr(on_jax, "lowers_float64", lambda _: False)
    late = [(hc.Constant(k), 2**29) for k in range(7)]
    long = [(hc.Cycle(0.1, 0.2 + k, 2**30 + k), 3) for k in range(7)]
    for parts in (late, long):
        with pytest.raises(ValueError, match=r"above 2\*\*31 - 1 steps, which this platform"):
            jax.jit(hc.Chain(*parts))(jnp.int32(3))
