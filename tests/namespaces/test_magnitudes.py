"""Records × namespaces × magnitudes: a number reaches the end as the float64 that it is."""

import sys

import jax
import numpy as np
import pytest
import tensorflow as tf
import torch

import hypercycle as hc
from hypercycle.schedules.tabulated import Tabulated

# float32 has none of them, and has neither the least nor the greatest at all.
MAGNITUDES = [0.1, -0.3, 1.0 - 2.0**-53, 16_777_217.0, sys.float_info.min, 1e300]
IN_FLOAT32 = MAGNITUDES[:4]
RECORDS = {
    "constant": hc.Constant,
    "ramp of no steps": lambda a: hc.Ramp(0.0, a, 0),
    "ramp": lambda a: hc.Ramp(a, a, 3),
    "cycle": lambda a: hc.Cycle(a, a, 3),
    "hann": lambda a: hc.Cycle(a, a, 3, waveform="hann", scale="halving"),
    "chain of numbers": lambda a: hc.Chain((a, 2), (a, 1), a),
    "chain of one": hc.Chain,
    "product of numbers": lambda a: hc.Product(a, 1.0),
    "product with a cycle": lambda a: hc.Product(hc.Cycle(a, a, 3), 1.0),
    "quotient": lambda a: hc.Quotient(a, hc.Ramp(1.0, 1.0, 3)),
    "sum": lambda a: hc.Sum(a, hc.Ramp(0.0, 0.0, 3)),
    "maximum": lambda a: hc.Maximum(hc.Ramp(a, a, 3), a),
    "minimum": lambda a: hc.Minimum(a, a),
    "repeat": lambda a: hc.Repeat(hc.Ramp(a, a, 3), times=2),
    "points": lambda a: hc.Points({1: a, 5: a}),
    "held points": lambda a: hc.Points({1: a, 5: a}, between="hold"),
    "held": lambda a: hc.Held(hc.Ramp(a, a, 3), 2),
    "reference": lambda a: hc.Reference("lr", hc.Cycle(a, a, 3)),
    "table": lambda a: Tabulated(np.full(3, a)),
    "function": lambda a: hc.Product(lambda step: a, 1.0),
}


def on_torch(schedule, steps):
    return [schedule(torch.tensor(steps)).numpy(), schedule(torch.tensor(steps[0])).numpy()]


def on_tensorflow(schedule, steps):
    return [schedule(tf.constant(steps)).numpy(), schedule(tf.constant(steps[0])).numpy()]


def on_numpy(schedule, steps):
    return [schedule(np.array(steps)), np.array([schedule(step) for step in steps])]


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("evaluate", [on_numpy, on_torch, on_tensorflow], ids=lambda f: f.__name__)
def test_a_number_is_not_rounded_on_its_way(name, evaluate):
    for number in MAGNITUDES:
        for got in evaluate(RECORDS[name](number), [0, 1, 2, 9]):
            assert got.dtype == np.float64
            assert set(got.ravel().tolist()) == {number}


@pytest.mark.parametrize("name", RECORDS)
def test_compiled_it_is_not_either(name):
    schedules = [RECORDS[name](number) for number in MAGNITUDES]
    compiled = tf.function(lambda step: [schedule(step) for schedule in schedules])
    got = [one.numpy().tolist() for one in compiled(tf.constant([0, 1, 2, 9]))]
    assert got == [[number] * 4 for number in MAGNITUDES]


@pytest.mark.parametrize("name", RECORDS)
def test_in_jax_it_is_rounded_once(name):
    schedules = [RECORDS[name](number) for number in IN_FLOAT32]
    compiled = jax.jit(lambda step: [schedule(step) for schedule in schedules])
    got = [np.asarray(one).tolist() for one in compiled(np.array([0, 1, 2, 9]))]
    assert got == [[float(np.float32(number))] * 4 for number in IN_FLOAT32]
