"""PyTorch: values are NumPy's, in float64, on the device of the steps, in one compiled graph."""

import numpy as np
import pytest
import strategies
import torch
from hypothesis import given
from spread import FUNCTIONS, LAST_PLACES, NAMES, STEPS, EveryFunction, schedules

import hypercycle as hc
from hypercycle.namespaces import evaluate_at


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_numpy_s(name):
    steps = np.arange(64)
    got = evaluate_at(EveryFunction(name), torch.from_numpy(steps))
    assert got.dtype == torch.float64
    np.testing.assert_allclose(got, evaluate_at(EveryFunction(name), steps), **LAST_PLACES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_is_numpy_s(name):
    steps = torch.from_numpy(STEPS)
    for schedule in schedules(name):
        expected, got = schedule(STEPS), schedule(steps)
        assert (got.dtype, got.shape) == (torch.float64, steps.shape)
        np.testing.assert_allclose(got.numpy(), expected, **LAST_PLACES)
        assert got.float().tolist() == expected.astype(np.float32).tolist()


UP_TO_1 = strategies.st.sampled_from([0.0, 0.1, 0.5, 1.0, 1e-4, -1.0])


@strategies.examples(60)
@given(strategies.schedules(depth=1, bounds=UP_TO_1), strategies.steps)
def test_any_schedule_is_numpy_s_at_any_step(schedule, step):
    got = schedule(torch.tensor([[step]])).item()
    assert got == pytest.approx(schedule(step), abs=1e-14)


def test_late_steps_are_as_exact_as_early_ones():
    cycle = hc.Cycle(0.1, 0.5, 3, 7, waveform="welch")
    early, late = torch.arange(100), torch.arange(10**12, 10**12 + 100)
    assert cycle(late).tolist() == cycle(early).tolist()


def test_the_device_is_kept():
    steps = torch.arange(5, device="meta")
    for schedule in schedules("hann"):
        assert schedule(steps).device.type == "meta"


@pytest.mark.slow
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
