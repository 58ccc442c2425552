"""Schedule: nothing but a learning rate."""

import json

import keras
import numpy as np
import pytest
from keras_models import BACKEND, LR, assert_same, by_hand, train

import hypercycle as hc
from hypercycle_keras import Schedule

SGD = keras.optimizers.SGD


def test_training_follows_it():
    expected = by_hand(SGD(0.01), hc.Plan(lr=LR))
    assert_same(train(SGD(Schedule(LR))), expected)


def test_accumulation():
    made = {"gradient_accumulation_steps": 3}
    expected = by_hand(SGD(0.01, **made), hc.Plan(lr=LR), every=3)
    assert_same(train(SGD(Schedule(LR, **made), **made)), expected)


def test_it_is_saved_with_the_model(tmp_path):
    path = tmp_path / "model.keras"
    schedule = Schedule(hc.Cycle(0.01, 0.1, 5, scale="halving"), start_step=3)
    model = train(SGD(schedule), epochs=1)
    model.save(path)
    again = keras.saving.load_model(path).optimizer._learning_rate
    assert isinstance(again, Schedule)
    assert again.schedule == schedule.schedule
    assert json.loads(json.dumps(again.get_config())) == schedule.get_config()
    for step in (0, 5, 12):
        assert float(again(step)) == float(schedule(step))


def test_python_steps_are_computed_in_float64():
    schedule = Schedule(LR)
    for step in (0, 3, np.int64(7), 2 * 10**9, 10**12):
        assert float(schedule(step)) == np.float32(LR(int(step)))
    assert keras.ops.is_tensor(schedule(3))


def test_a_variable_is_a_step():
    step = keras.Variable(7, dtype="int64" if BACKEND != "jax" else "int32", trainable=False)
    assert float(Schedule(LR)(step)) == np.float32(LR(7))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((hc.Cycle(0.1, 0.5, "2ep"),), ValueError, "has a unit that is not resolved yet"),
        (("triangular",), TypeError, "schedule must be a schedule .* got 'triangular'"),
    ],
    ids=str,
)
def test_bad_input(arguments, error, text):
    with pytest.raises(error, match=text):
        Schedule(*arguments)
    with pytest.raises(ValueError, match="gradient_accumulation_steps must be at least 1"):
        Schedule(LR, gradient_accumulation_steps=0)
    with pytest.raises(ValueError, match="total_steps must be at least 1"):
        Schedule(LR, total_steps=0)


def test_reduce_on_plateau_is_told_no_by_keras():
    # What attach does without: the learning rate of an optimizer with a schedule is not settable.
    optimizer = SGD(Schedule(LR))
    with pytest.raises(TypeError, match="its learning rate is not settable"):
        optimizer.learning_rate = 0.1
