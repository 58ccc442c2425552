"""Exactness inside the compiled step, and what a backend cannot trace."""

import math
import sys

import keras
import numpy as np
import pytest
from keras_models import BACKEND, LR, assert_same, by_hand, train

import hypercycle as hc
from hypercycle_keras import Schedule
from hypercycle_keras.in_step import LONGEST_TABLE, Number, traced_number, traced_tensor

STEPS = [0, 1, 7, 999, 1000, 12_345_678, 2_000_000_000]
SCHEDULES = [
    hc.Cycle(1e-4, 1e-2, 2000, 777),
    hc.Cycle(1e-4, 1e-2, 13, waveform="hann", scale=hc.Exponential(0.999999)),
    hc.Cycle(1e-4, 1e-2, 13, waveform="exponential", scale="halving", cycles=9),
    hc.Cycle(1e-4, 1e-2, 10, cycle_mult=2),
    hc.Chain((hc.Ramp(0.0, 0.1, 500), 500), hc.Cycle(0.01, 0.1, 1000)),
    hc.Product(hc.Ramp(0.0, 1.0, 500), hc.Cycle(0.01, 0.1, 1000)),
]


def traced(function, dtype="int32"):
    """Return a function of a step that the backend compiles."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        compiled = tf.function(function)
        return lambda step: compiled(tf.constant(step, dtype))
    if BACKEND == "jax":
        import jax

        compiled = jax.jit(function)
        return lambda step: compiled(np.asarray(step, dtype))
    import torch

    return lambda step: function(torch.tensor(step, dtype=getattr(torch, dtype)))


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_values_are_rounded_once(schedule):
    value = traced(lambda step: traced_tensor(schedule, step, "float32"))
    for step in STEPS:
        got = np.float32(keras.ops.convert_to_numpy(value(step)))
        want = np.float32(schedule(step))
        # The same last bit, whatever the step; transcendental functions differ by one at most.
        assert abs(int(got.view(np.int32)) - int(want.view(np.int32))) <= 1, step


def test_a_number_knows_one_minus_itself():
    beta = hc.Cycle(0.99, 0.999, 1000)

    def both(step):
        number = traced_number(beta, step, "float32")
        return keras.ops.stack([1 - number, number - 1, 1.0 - number, number * 1.0])

    both = traced(both)
    for step in (0, 500, 1000):
        got = keras.ops.convert_to_numpy(both(step))
        rest = np.float32(1 - beta(step))
        assert got.tolist() == [rest, -rest, rest, np.float32(beta(step))]


class TestNumber:
    def number(self):
        return Number(keras.ops.convert_to_tensor(0.25), keras.ops.convert_to_tensor(0.75))

    def test_arithmetic(self):
        number = self.number()
        results = {
            "number + 1": number + 1,
            "1 + number": 1 + number,
            "number * 2": number * 2,
            "2 * number": 2 * number,
            "number - 2": number - 2,
            "2 - number": 2 - number,
            "number / 2": number / 2,
            "2 / number": 2 / number,
            "number**2": number**2,
            "2**number": 2**number,
            "-number": -number,
        }
        for expression, result in results.items():
            assert float(result) == pytest.approx(eval(expression, {"number": 0.25})), expression

    def test_it_is_never_zero(self):
        number = self.number()
        assert number
        assert number != 0
        assert not number == 0  # noqa: SIM201  (what an optimizer may ask)
        assert number > 0

    @pytest.mark.parametrize("other", [1, 0.5, "0", None])
    def test_it_cannot_be_compared_with_anything_else(self, other):
        with pytest.raises(TypeError, match=r"the optimizer asks for value == .* is not known"):
            _ = self.number() == other
        with pytest.raises(TypeError, match=r"the optimizer asks for value > .* is not known"):
            _ = self.number() > other

    def test_it_is_no_float(self):
        with pytest.raises(TypeError, match="is not known while the step is compiled"):
            float(self.number())

    def test_its_shape_and_dtype(self):
        assert tuple(self.number().shape) == ()
        assert "float32" in str(self.number().dtype)


def only_numpy(x, xp):
    return np.sin(0.5 * np.pi * np.asarray(x)) ** 2


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch's steps are Python")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
class TestWhatCannotBeTraced:
    def test_a_waveform_becomes_a_table_of_one_period(self):
        wave = hc.Cycle(0.01, 0.1, 5, 3, waveform=only_numpy, phase=0.3)
        with pytest.warns(UserWarning, match=r"cannot be traced .* table of one period") as caught:
            optimizer = hc.attach(keras.optimizers.SGD(0.01), lr=wave)
        assert __file__ in [one.filename for one in caught]
        table = optimizer._following.schedules["learning_rate"]
        assert len(table.values) == 8
        value = traced(lambda step: traced_tensor(table, step, "float32"))
        for step in STEPS:
            assert keras.ops.convert_to_numpy(value(step)) == np.float32(wave(step))

    @pytest.mark.filterwarnings("ignore:the schedule of lr cannot be traced:UserWarning")
    def test_training_with_it(self):
        wave = hc.Cycle(
            0.01, 0.1, 5, waveform=only_numpy, scale=lambda c, s, xp: 1 / (1 + np.sqrt(s))
        )
        optimizer = hc.attach(keras.optimizers.SGD(0.01), lr=wave, total_steps=24)
        assert_same(train(optimizer), by_hand(keras.optimizers.SGD(0.01), hc.Plan(lr=wave)))

    @pytest.mark.filterwarnings("ignore:the schedule of lr cannot be traced:UserWarning")
    def test_the_plan_is_what_the_user_gave(self):
        wave = hc.Cycle(0.01, 0.1, 5, waveform=only_numpy)
        assert hc.attach(keras.optimizers.SGD(), lr=wave).plan == hc.Plan(lr=wave)

    def test_a_function_of_the_step_needs_a_length(self):
        def rate(step):
            return 0.1 * math.cos(step / 100)

        with pytest.raises(ValueError, match=r"schedule of lr cannot be traced .* total_steps=…"):
            hc.attach(keras.optimizers.SGD(), lr=rate)
        with pytest.warns(UserWarning, match="the first 50 steps, after which the last one holds"):
            optimizer = hc.attach(keras.optimizers.SGD(), lr=rate, total_steps=50)
        table = optimizer._following.schedules["learning_rate"].values
        assert table.tolist() == [rate(step) for step in range(50)]
        config = optimizer.get_config()["hypercycle"]
        assert config["total_steps"] == 50

    def test_a_finite_schedule_brings_its_length(self):
        ramp = hc.Ramp(0.1, 0.0, 20, waveform=only_numpy)
        with pytest.warns(UserWarning, match="the first 21 steps"):
            optimizer = hc.attach(keras.optimizers.SGD(), lr=ramp)
        table = optimizer._following.schedules["learning_rate"]
        value = traced(lambda step: traced_tensor(table, step, "float32"))
        assert keras.ops.convert_to_numpy(value(1000)) == 0.0

    def test_a_table_has_an_end(self):
        ramp = hc.Ramp(0.1, 0.0, LONGEST_TABLE, waveform=only_numpy)
        with pytest.raises(ValueError, match="is longer than 10000000: write waveforms"):
            hc.attach(keras.optimizers.SGD(), lr=ramp)

    def test_a_schedule_for_keras_too(self):
        wave = hc.Cycle(0.01, 0.1, 5, waveform=only_numpy)
        with pytest.warns(UserWarning, match="table of one period"):
            schedule = Schedule(wave)
        assert float(traced(schedule)(17)) == np.float32(wave(17))


def test_a_function_written_for_tensors_is_traced():
    def rate(step):
        return 0.1 / (1.0 + 0.5 * keras.ops.cast(step, "float32"))

    optimizer = hc.attach(keras.optimizers.SGD(0.01), lr=rate)
    expected = by_hand(keras.optimizers.SGD(0.01), hc.Plan(lr=lambda step: 0.1 / (1 + 0.5 * step)))
    assert_same(train(optimizer), expected)


def test_smallest_numbers_are_not_zero():
    assert sys.float_info.min != 0
    assert np.float32(sys.float_info.min) == 0  # which is why momentum may pass 0 with PyTorch
    assert LR(0) == 0.01
