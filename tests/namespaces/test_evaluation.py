"""A schedule at a step: which steps are taken, and what comes back for each."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from spread import compositions

import hypercycle as hc

SCHEDULES = [
    hc.Cycle(0.1, 0.5, 4, cycle_mult=2),
    hc.Constant(0.5),
    hc.Ramp(0, 1, 0),
    hc.Chain(hc.Ramp(0, 1, 3), 0.5),
]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
def test_the_kind_and_the_shape_of_the_steps_are_kept(dtype, shape):
    steps = np.arange(np.prod(shape, dtype=int), dtype=dtype).reshape(shape)
    for schedule in SCHEDULES:
        got = schedule(steps)
        assert (type(got), got.dtype, got.shape) == (np.ndarray, np.float64, shape)
        got = schedule(torch.from_numpy(steps))
        assert (type(got), got.dtype, tuple(got.shape)) == (torch.Tensor, torch.float64, shape)
        assert got.tolist() == schedule(steps).tolist()


class Steps(np.ndarray):
    """An array of somebody's own kind."""


def test_arrays_and_tensors_of_other_kinds_are_taken_as_what_they_derive_from():
    cycle = SCHEDULES[0]
    assert cycle(np.arange(9).view(Steps)).tolist() == cycle(np.arange(9)).tolist()
    parameter = torch.nn.Parameter(torch.arange(9), requires_grad=False)
    assert cycle(parameter).tolist() == cycle(np.arange(9)).tolist()


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
    ],
)
@pytest.mark.parametrize("schedule", compositions("hann"))
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


class Variable:
    """What flax.nnx has for the step of its optimizer: JAX takes it for an array."""

    def __jax_array__(self):
        return jnp.asarray(3, dtype=jnp.int32)


@pytest.mark.parametrize("schedule", compositions("hann"))
def test_what_stands_for_an_array_of_jax_is_a_step(schedule):
    assert schedule(Variable()) == schedule(jnp.int32(3))


@pytest.mark.parametrize("schedule", compositions("hann"))
def test_a_masked_array_stays_masked(schedule):
    steps = np.ma.masked_array([[1, -2], [3, 4]], mask=[[0, 1], [0, 0]])
    values = schedule(steps)
    assert values.mask.tolist() == steps.mask.tolist()
    assert values.compressed().tolist() == [schedule(step) for step in (1, 3, 4)]
    assert schedule(np.ma.masked_array([1, 2])).mask.tolist() == [False, False]
