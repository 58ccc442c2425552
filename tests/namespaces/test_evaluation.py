"""One schedule, one value: NumPy, PyTorch and JAX, eager and compiled, with and without x64."""

import importlib.util
import subprocess
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import strategies
import torch
from hypothesis import given

import hypercycle as hc
from hypercycle.shapes.waveforms import WAVEFORMS

SCALES = {
    "constant": "constant",
    "halving": "halving",
    "per step": hc.Exponential(0.99994),
    "per cycle": hc.Exponential(0.9, "cycle"),
    "harmonic": strategies.harmonic,
}
# The libraries' sin, exp and pow differ in the last places of what is at most 1, before it is
# taken between bounds that may lie far below 1.
LAST_PLACES = {"rtol": 1e-15, "atol": 1e-15}

NAMES = sorted(set(WAVEFORMS) - {"linear", "cosine"})

# Around 0, around a cycle of 100,000, near the end of int32.
STEPS = np.concatenate(
    [np.arange(s, s + 400) for s in (0, 99_900, 10**6, 2 * 10**9, 2**31 - 401)]
).astype(np.int32)


def cycles(name):
    for scale in SCALES.values():
        yield hc.Cycle(1e-4, 1e-2, 130, 70, waveform=name, scale=scale)
        yield hc.Cycle(0.85, 0.95, 50, waveform=(name, "hann"), scale=scale, inverted=True)
        yield hc.Cycle(0.1, 0.5, 40, 0, waveform=name, scale=scale, scale_of="bounds", phase=0.3)
        yield hc.Cycle(0.1, 0.5, 0, 40, waveform=name, scale=scale, cycle_mult=1.5)
        yield hc.Cycle(0.1, 0.5, 40, 60, waveform=name, scale=scale, cycle_mult=0.5, cycles=30)


def compositions(name):
    cycle = hc.Cycle(0.1, 0.5, 20, 30, waveform=name, cycles=2)
    ramp = hc.Ramp(0.01, 0.1, 50, name)
    chain = hc.Chain(ramp, cycle, (hc.Cycle(0.1, 0.5, 9), 33), (0.2, 0), hc.sgdr(0.1, 0.5, 40))
    yield ramp
    yield hc.Constant(0.1)
    yield hc.Chain(ramp, (0.5, 0), cycle)
    yield chain
    yield hc.Product(hc.Product(ramp, 0.5), hc.Chain(chain, chain) if chain.length else chain)
    yield hc.Chain((chain, 170), hc.Chain(ramp, cycle))
    yield hc.warmup_stable_decay(0.5, 40, 60, 100, end=0.01, waveform=name)
    yield hc.Ramp(0.5, 0.1, 0)


def everything(name):
    return [*cycles(name), *compositions(name)]


def as_bits(values):
    values = np.asarray(values)
    return values.dtype, values.shape, values.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_jax_without_x64_is_numpy_rounded_once(name):
    assert not jax.config.jax_enable_x64
    schedules = everything(name)
    exact = [schedule(STEPS).astype(np.float32) for schedule in schedules]
    steps = jnp.asarray(STEPS)
    eager = [schedule(steps) for schedule in schedules[::9]]
    compiled = jax.jit(lambda steps: [schedule(steps) for schedule in schedules])(steps)
    some = slice(None, None, 4)
    mapped = jax.jit(jax.vmap(lambda step: [schedule(step) for schedule in schedules[some]]))(steps)

    def body(carry, step):
        return carry, [schedule(step) for schedule in schedules[some]]

    _, scanned = jax.jit(partial(jax.lax.scan, body, 0))(steps)
    for which, results in (
        (slice(None), compiled),
        (some, mapped),
        (some, scanned),
        (slice(None, None, 9), eager),
    ):
        for schedule, expected, got in zip(schedules[which], exact[which], results, strict=True):
            assert got.dtype == jnp.float32
            wrong = np.flatnonzero(np.asarray(got) != expected)
            assert wrong.size == 0, (schedule, STEPS[wrong[:3]])


@pytest.mark.parametrize("name", NAMES)
def test_torch_is_numpy_in_float64(name):
    steps = torch.from_numpy(STEPS)
    for schedule in everything(name):
        expected, got = schedule(STEPS), schedule(steps)
        assert got.dtype == torch.float64
        np.testing.assert_allclose(got.numpy(), expected, **LAST_PLACES)
        assert as_bits(got.float().numpy()) == as_bits(expected.astype(np.float32))


X64 = """
import jax, numpy as np, sys
jax.config.update("jax_enable_x64", True)
sys.path += sys.argv[1:]
from test_evaluation import LAST_PLACES, NAMES, STEPS, everything
late = np.concatenate([STEPS.astype(np.int64), np.arange(10**12, 10**12 + 400)])
for name in NAMES:
    schedules = everything(name)[::5]
    got = jax.jit(lambda steps: [schedule(steps) for schedule in schedules])(late)
    for schedule, one in zip(schedules, got, strict=True):
        assert one.dtype == np.float64, one.dtype
        np.testing.assert_allclose(one, schedule(late), **LAST_PLACES, err_msg=repr(schedule))
print("compared", len(NAMES))
"""


def test_jax_with_x64_is_numpy_in_float64(pytestconfig):
    folders = [str(pytestconfig.rootpath / "tests" / name) for name in ("support", "namespaces")]
    result = subprocess.run(
        [sys.executable, "-c", X64, *folders], capture_output=True, text=True, check=False
    )
    assert result.stdout == f"compared {len(NAMES)}\n", result.stderr


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs tensorflow")
def test_tensorflow_is_numpy_rounded_once():
    import tensorflow as tf

    schedules = [schedule for name in NAMES for schedule in everything(name)[::3]]
    compiled = tf.function(lambda steps: [schedule(steps) for schedule in schedules])
    for schedule, got in zip(schedules, compiled(tf.constant(STEPS)), strict=True):
        assert got.dtype == tf.float64
        assert as_bits(got.numpy().astype(np.float32)) == as_bits(
            schedule(STEPS).astype(np.float32)
        )


UP_TO_1 = strategies.st.sampled_from([0.0, 0.1, 0.5, 1.0, 1e-4, -1.0])


@strategies.examples(25)
@given(strategies.schedules(depth=1, bounds=UP_TO_1), strategies.steps)
def test_any_schedule_is_the_same_on_torch_and_jax(schedule, step):
    expected = schedule(step)
    assert schedule(torch.tensor([[step]])).item() == pytest.approx(expected, abs=1e-14)
    if step < 2**31:
        got = float(schedule(jnp.array(step)))
        assert got == pytest.approx(expected, rel=1e-7, abs=1e-14)


def test_late_steps_on_torch_are_as_exact_as_early_ones():
    cycle = hc.Cycle(0.1, 0.5, 3, 7, waveform="welch")
    early, late = torch.arange(100), torch.arange(10**12, 10**12 + 100)
    assert cycle(late).tolist() == cycle(early).tolist()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
def test_the_kind_and_the_shape_of_the_steps_are_kept(dtype, shape):
    schedules = [
        hc.Cycle(0.1, 0.5, 4, cycle_mult=2),
        hc.Constant(0.5),
        hc.Ramp(0, 1, 0),
        hc.Chain(hc.Ramp(0, 1, 3), 0.5),
    ]
    steps = np.arange(np.prod(shape, dtype=int), dtype=dtype).reshape(shape)
    for schedule in schedules:
        got = schedule(steps)
        assert (type(got), got.dtype, got.shape) == (np.ndarray, np.float64, shape)
        got = schedule(torch.from_numpy(steps))
        assert (type(got), got.dtype, tuple(got.shape)) == (torch.Tensor, torch.float64, shape)
        got = schedule(jnp.asarray(steps))
        assert (isinstance(got, jax.Array), got.dtype, got.shape) == (True, jnp.float32, shape)
        assert np.asarray(got).tolist() == schedule(steps).astype(np.float32).tolist()


def test_the_device_is_kept():
    steps = torch.arange(5, device="meta")
    for schedule in everything("hann"):
        assert schedule(steps).device.type == "meta"
    step = jnp.int32(3)
    assert hc.Cycle(0.1, 0.5, 4)(step).devices() == step.devices()


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")
def test_torch_compile_traces_a_schedule_whole():
    steps = torch.arange(200)
    for schedule in (
        hc.Cycle(0.1, 0.5, 4, 7, waveform="lanczos", scale="halving"),
        hc.Cycle(0.1, 0.5, 4, 7, waveform=("hann", strategies.cubic), cycles=3, phase=0.3),
        hc.Product(hc.Chain(hc.Ramp(0, 1, 4), hc.Cycle(0.1, 0.5, 4, scale=hc.Exponential(0.9))), 2),
    ):
        compiled = torch.compile(schedule, fullgraph=True, backend="eager")
        assert torch.equal(compiled(steps), schedule(steps))


@pytest.mark.parametrize(
    "step",
    [
        0.5,
        np.float64(3.0),
        True,
        np.True_,
        "3",
        None,
        [1, 2],
        np.array([0.5]),
        np.array([True]),
        torch.tensor([0.5]),
        torch.tensor([True]),
        torch.tensor([1j]),
        jnp.array([0.5]),
        jnp.array([True]),
    ],
)
@pytest.mark.parametrize("schedule", everything("hann")[-8:])
def test_what_is_no_whole_step_is_refused(schedule, step):
    message = (
        r"step must be an int or an array of ints \(the number of updates already made; .*got "
    )
    with pytest.raises(TypeError, match=message):
        schedule(step)


@pytest.mark.parametrize("step", [-1, np.int8(-1), np.array([3, -1])])
def test_a_negative_step_is_refused(step):
    with pytest.raises(
        ValueError, match=r"step must be at least 0 \(the first update\), got step=-1"
    ):
        hc.Cycle(0.1, 0.5, 4)(step)
