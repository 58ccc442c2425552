"""What a plan asks of an optimizer is refused in the same words, attached or in a config."""

import re

import keras
import numpy as np
import pytest
from keras_models import BACKEND, LR
from mutations import nested

import hypercycle as hc
from hypercycle.plans.descriptions import describe_plan
from hypercycle_keras import Schedule, cycled_class

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam
UNRESOLVED = {"low": 0.1, "high": 0.5, "step_size_up": "2ep"}
LARGEST = 2**53 if BACKEND == "tensorflow" else 2**31 - 1


def saved(kind, plan, offset=0, total_steps=None, **made):
    """Return the config of an optimizer with a plan that it would not have been given."""
    plan = describe_plan(plan) if isinstance(plan, hc.Plan) else plan
    described = {"plan": plan, "offset": offset, "total_steps": total_steps}
    return kind(0.1, **made).get_config() | {"hypercycle": described}


@pytest.mark.parametrize(
    ("kind", "plan", "total_steps"),
    [
        (SGD, hc.Plan(lr=-1.0), None),
        (Adam, hc.Plan(beta1=2.0), None),
        (Adam, hc.Plan(beta1=hc.Ramp(0.5, 1.5, 10**9)), None),
        (SGD, hc.Plan(momentum=hc.Cycle(0.5, 0.9, 2, scale=hc.Exponential(2.0))), 10),
        (SGD, hc.Plan(nesterov=0.5), None),
        (SGD, hc.Plan(rho=0.5), None),
        (SGD, hc.Plan(lr=LR, learning_rate=LR), None),
        (SGD, hc.Plan(lr=hc.Groups({"(": LR})), None),
        (SGD, hc.Plan(lr=hc.Groups({0: LR})), None),
        (SGD, hc.Plan(clipnorm=hc.Groups({".*": LR})), None),
    ],
    ids=str,
)
def test_a_config_is_refused_as_attach_refuses(kind, plan, total_steps):
    with pytest.raises((TypeError, ValueError)) as attached:
        hc.attach(kind(0.1), plan, total_steps=total_steps)
    with pytest.raises(attached.type, match=re.escape(str(attached.value)[:60])):
        cycled_class(kind).from_config(saved(kind, plan, total_steps=total_steps))


@pytest.mark.parametrize(
    ("described", "message"),
    [
        (None, None),
        ({}, "'hypercycle' in the config of CycledSGD must have the keys"),
        ([1], "must have the keys ['offset', 'plan', 'total_steps'], got [1]"),
        ({"plan": None, "offset": 0, "total_steps": None}, "cannot be rebuilt: must be descriptio"),
        ({"plan": {1: 1}, "offset": 0, "total_steps": None}, "names of hyperparameters must be te"),
        ({"plan": {"lr": "2ep"}, "offset": 0, "total_steps": None}, "lr: must be a table"),
        ({"plan": {"lr": UNRESOLVED}, "offset": 0, "total_steps": None}, "is not resolved yet"),
        ({"plan": {"lr": nested(3_000)}, "offset": 0, "total_steps": None}, "nested too deeply"),
        ({"plan": {"lr": 1}, "offset": nested(3_000), "total_steps": None}, "number, got … (dict)"),
        ({"plan": {"lr": 1}, "offset": "1", "total_steps": None}, "offset must be a whole number"),
        ({"plan": {"lr": 1}, "offset": 0, "total_steps": 0}, "total_steps must be at least 1"),
    ],
)
def test_what_is_no_plan_of_a_config(described, message):
    config = SGD(0.1).get_config() | {"hypercycle": described}
    if message is None:
        assert cycled_class(SGD).from_config(config).plan is None
        return
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        cycled_class(SGD).from_config(config)


def test_a_config_with_two_schedules_of_the_learning_rate():
    config = SGD(Schedule(LR)).get_config()
    config["hypercycle"] = saved(SGD, hc.Plan(lr=LR))["hypercycle"]
    with pytest.raises(ValueError, match="CycledSGD has two schedules of the learning rate"):
        cycled_class(SGD).from_config(config)
    config["hypercycle"] = saved(SGD, hc.Plan(weight_decay=0.5))["hypercycle"]
    assert cycled_class(SGD).from_config(config).values == {"weight_decay": 0.5}


@pytest.mark.parametrize("step", [LARGEST + 1, 10**30])
def test_no_step_is_beyond_what_keras_counts_to(step):
    message = f"must be at most {LARGEST}, to which Keras counts here, got "
    if step <= 2**53:
        with pytest.raises(ValueError, match=f"start_step {message}"):
            hc.attach(SGD(0.1), lr=LR, start_step=step)
        with pytest.raises(ValueError, match=f"start_step {message}"):
            Schedule(LR, start_step=step)
    for offset in (step, -step):
        with pytest.raises(ValueError, match="must be at "):
            cycled_class(SGD).from_config(saved(SGD, hc.Plan(lr=LR), offset=offset))


def test_the_largest_step_is_taken():
    optimizer = hc.attach(SGD(0.1), lr=LR, start_step=LARGEST)
    again = type(optimizer).from_config(optimizer.get_config())
    assert again.values == optimizer.values == {"lr": LR(LARGEST)}
    assert float(Schedule(LR, start_step=LARGEST)(0)) == np.float32(LR(LARGEST))


def test_a_negative_offset_is_that_of_an_optimizer_that_was_in_use():
    again = cycled_class(SGD).from_config(saved(SGD, hc.Plan(lr=LR), offset=-7))
    assert again.plan_step == 0
