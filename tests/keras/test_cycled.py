"""Making an optimizer that follows a plan: what is copied, what is refused."""

import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras_models import BACKEND, LR, PLAN, assert_same, by_hand, train

import hypercycle as hc
import hypercycle_keras
from hypercycle_keras import CycleHistory, Schedule, cycled, cycled_class

OPTIMIZERS = keras.optimizers


SGD = OPTIMIZERS.SGD


WAVE = hc.Cycle(0.1, 0.5, 4)


def test_the_optimizer_passed_in_is_left_as_it_is():
    optimizer = SGD(0.02, momentum=0.9)
    before = optimizer.get_config()
    result = hc.attach(optimizer, lr=LR)
    assert result is not optimizer
    assert isinstance(result, SGD)
    assert isinstance(result, hypercycle_keras.Cycled)
    assert type(optimizer) is not type(result)
    assert optimizer.get_config() == before
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert float(result.learning_rate) == pytest.approx(0.01)
    assert result.name == optimizer.name


def test_excluded_variables_stay_excluded():
    def excluding(optimizer):
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        return optimizer

    expected = by_hand(excluding(SGD(0.01, momentum=0.9, weight_decay=1e-3)))
    model = train(hc.attach(excluding(SGD(0.01, momentum=0.9)), PLAN))
    assert_same(model, expected)
    with pytest.raises(AssertionError):
        assert_same(train(hc.attach(SGD(0.01, momentum=0.9), PLAN)), expected)


def test_an_optimizer_of_ones_own():
    class Signs(keras.optimizers.Optimizer):
        def __init__(self, learning_rate=0.01, strength=1.0, **arguments):
            super().__init__(learning_rate, **arguments)
            self.strength = strength

        def update_step(self, gradient, variable, learning_rate):
            rate = keras.ops.cast(learning_rate, variable.dtype)
            self.assign_sub(variable, rate * self.strength * keras.ops.sign(gradient))

        def get_config(self):
            return super().get_config() | {"strength": self.strength}

    plan = hc.Plan(lr=LR, strength=hc.Cycle(0.5, 1.5, 4))
    assert_same(train(hc.attach(Signs(), plan)), by_hand(Signs(), plan), rtol=1e-4, atol=1e-5)

    class Forgetful(Signs):
        def get_config(self):
            config = super().get_config()
            del config["strength"]
            return config

    with pytest.raises(ValueError, match=r"Forgetful.get_config\(\) leaves out strength"):
        hc.attach(Forgetful(strength=2.0), lr=LR)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_used_optimizer_brings_its_state_and_says_what_to_do():
    plain = SGD(0.01, momentum=0.9, gradient_accumulation_steps=2)
    model = train(plain, epochs=1)
    with pytest.warns(UserWarning, match=r"until model.compile\(optimizer=…\) is called") as caught:
        optimizer = hc.attach(plain, lr=LR)
    texts = {str(one.message): one.filename for one in caught}
    assert [name for text, name in texts.items() if "has been in use" in text] == [__file__]
    assert optimizer.built
    for new, old in zip(optimizer.variables, plain.variables, strict=True):
        if new.path.endswith("learning_rate"):
            continue
        values = [keras.ops.convert_to_numpy(one.value).tolist() for one in (new, old)]
        assert values[0] == values[1]
    # Copies, not the same buffers: JAX deletes those that a step has taken.
    shared = [keras.ops.convert_to_numpy(one.value) for one in plain.variables]
    train(optimizer, model=model, epochs=1)
    for variable, before in zip(plain.variables, shared, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable.value), before)


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning", "ignore:this SGD has been:UserWarning"
)
def test_the_plan_of_a_used_optimizer_starts_where_it_is_attached():
    plain = SGD(0.01, momentum=0.9, gradient_accumulation_steps=2)
    model = train(plain, epochs=1)
    optimizer = hc.attach(plain, lr=LR)
    # The plan starts where it is attached, whatever the optimizer has done before.
    assert optimizer.plan_step == 0
    train(optimizer, model=model, epochs=1)
    assert optimizer.plan_step == 6
    assert float(optimizer.learning_rate) == pytest.approx(LR(5))


def test_start_step():
    optimizer = hc.attach(SGD(0.01), lr=LR, start_step=3)
    assert optimizer.values == {"lr": LR(3)}
    assert float(optimizer.learning_rate) == pytest.approx(LR(3))
    train(optimizer, epochs=1)
    assert float(optimizer.learning_rate) == pytest.approx(LR(14))


def test_relative_multiplies_what_the_optimizer_was_made_with():
    factor = hc.Cycle(0.5, 2.0, 4)
    optimizer = hc.attach(
        SGD(0.01, weight_decay=1e-2), lr=factor, weight_decay=factor, relative=True
    )
    assert optimizer.values == {"lr": pytest.approx(0.005), "weight_decay": 0.005}
    with pytest.raises(TypeError, match="relative=True multiplies values, but weight_decay of SGD"):
        hc.attach(SGD(0.01), weight_decay=factor, relative=True)


def test_only_the_names_that_are_relative_multiply():
    factor = hc.Cycle(0.5, 2.0, 4)
    optimizer = hc.attach(SGD(0.01, momentum=0.9), lr=factor, momentum=0.5, relative="lr")
    assert optimizer.values == {"lr": pytest.approx(0.005), "momentum": 0.5}
    with pytest.raises(ValueError, match="relative names 'beta1', but the plan has lr"):
        cycled(SGD(), lr=factor, relative="beta1")
    with pytest.raises(ValueError, match="multiplies momentum, whose present value is 0"):
        hc.attach(SGD(0.01), lr=factor, momentum=0.5, relative=True)


def test_lengths_with_units():
    optimizer = hc.attach(SGD(), lr=hc.Cycle(0.1, 0.5, "2ep"), steps_per_epoch=12)
    assert optimizer.plan == hc.Plan(lr=hc.Cycle(0.1, 0.5, 24))
    optimizer = cycled(SGD(), lr=hc.Cycle(0.1, 0.5, "2ep"), steps_per_epoch=12)
    assert optimizer.plan == hc.Plan(lr=hc.Cycle(0.1, 0.5, 24))
    optimizer = cycled(
        keras.optimizers.LossScaleOptimizer(SGD()), lr=hc.Cycle(0.1, 0.5, "30%"), total_steps=100
    )
    assert optimizer.plan == hc.Plan(lr=hc.Cycle(0.1, 0.5, 30))
    assert optimizer.inner_optimizer.get_config()["hypercycle"]["total_steps"] == 100
    with pytest.raises(ValueError, match="cannot be turned into steps without steps_per_epoch"):
        cycled(SGD(), lr=hc.Cycle(0.1, 0.5, "2ep"))
    with pytest.raises(ValueError, match="cannot be turned into steps without total_steps"):
        cycled(SGD(), lr=hc.Cycle(0.1, 0.5, "30%"))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_another_plan_takes_the_place_of_a_loaded_one(tmp_path):
    path = tmp_path / "model.keras"
    train(hc.attach(SGD(0.01), PLAN), epochs=1).save(path)
    model = keras.saving.load_model(path)
    with pytest.raises(ValueError, match="follows a plan already, for lr, momentum, weight_decay"):
        hc.attach(model.optimizer, lr=LR)
    with pytest.warns(UserWarning, match="its state was copied"):
        optimizer = cycled(model.optimizer, momentum=WAVE, replace=True)
    assert optimizer.plan == hc.Plan(momentum=WAVE)
    assert (optimizer.plan_step, optimizer.values) == (12, {"momentum": WAVE(12)})
    with pytest.warns(UserWarning, match="its state was copied"):
        optimizer = cycled(model.optimizer, momentum=0.5, replace=True, start_step=3)
    assert (optimizer.plan, optimizer.plan_step) == (hc.Plan(momentum=0.5), 3)
    assert int(keras.ops.convert_to_numpy(optimizer.iterations.value)) == 12


def test_a_name_in_the_plan_and_as_a_keyword():
    with pytest.raises(ValueError, match="lr given twice: in the plan and as a keyword"):
        cycled(SGD(), {"lr": LR}, lr=0.1)
    with pytest.raises(ValueError, match=r"cycled\(\) needs at least one schedule"):
        cycled(SGD())
    with pytest.raises(
        TypeError, match=r"the second argument of cycled\(\) is a Plan, or a plan file"
    ):
        cycled(SGD(), LR)


def test_a_plan_file_or_its_data_will_do(tmp_path):
    plan = hc.Plan(lr=LR, momentum=WAVE)
    plan.save(tmp_path / "plan.json")
    for one in (tmp_path / "plan.json", plan.to_dict(), dict(plan)):
        assert cycled(SGD(), one).plan == plan


def test_a_name_and_its_alias():
    with pytest.raises(ValueError, match="'lr' and 'learning_rate' are the same hyperparameter of"):
        hc.attach(OPTIMIZERS.SGD(), lr=WAVE, learning_rate=WAVE)
    with pytest.raises(ValueError, match="'momentum' and 'beta1' are the same"):
        hc.attach(OPTIMIZERS.Adam(), momentum=WAVE, beta1=WAVE)


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        (
            "SGD",
            {"lr": hc.Cycle(-0.1, 0.5, 4)},
            r"lr \(learning_rate of SGD\) accepts .* gives -0.1",
        ),
        ("SGD", {"momentum": 1.5}, r"accepts values in \[0, 1\], its schedule gives 1.5"),
        ("Adam", {"beta2": hc.Cycle(0.9, 1.0, 4)}, r"accepts values in \[0, 1\), .* gives 1.0"),
        ("SGD", {"clipnorm": hc.Cycle(0.0, 1.0, 4)}, r"accepts values in \(0, inf\), .* gives 0.0"),
        (
            "Lion",
            {"beta1": hc.Cycle(0.0, 0.9, 4)},
            "Lion does not accept beta1=0.0: Argument `beta_1`",
        ),
        ("Ftrl", {"learning_rate_power": 0.5}, "Ftrl does not accept learning_rate_power=0.5"),
    ],
)
def test_bounds_that_the_optimizer_does_not_accept(kind, values, text):
    with pytest.raises(ValueError, match=text):
        hc.attach(getattr(OPTIMIZERS, kind)(), **values)


def test_two_ways_of_clipping():
    with pytest.raises(ValueError, match=r"SGD does not accept clipvalue=0.1: Only one of"):
        hc.attach(OPTIMIZERS.SGD(clipnorm=1.0), clipvalue=WAVE)
    with pytest.raises(ValueError, match=r"SGD does not accept clipvalue=0\.1: Only one of"):
        hc.attach(OPTIMIZERS.SGD(), clipnorm=WAVE, clipvalue=WAVE)


class TestAScaleThatGrows:
    """Bounds are accepted, but the values leave them later."""

    momentum = hc.Cycle(0.8, 0.95, 4, scale=hc.Exponential(1.07))
    text = r"momentum \(momentum of SGD\) accepts values in \[0, 1\], its schedule gives 1\.0"
    outside = 11  # the first such step, the last one of an epoch

    def test_the_values_of_a_run_whose_length_is_known(self):
        with pytest.raises(ValueError, match=self.text):
            hc.attach(OPTIMIZERS.SGD(), momentum=self.momentum, total_steps=self.outside + 1)
        optimizer = hc.attach(OPTIMIZERS.SGD(), momentum=self.momentum, total_steps=self.outside)
        assert optimizer.values == {"momentum": 0.8}

    def test_the_values_of_a_schedule_that_ends(self):
        finite = replace(self.momentum, cycles=9)
        with pytest.raises(ValueError, match=self.text):
            hc.attach(OPTIMIZERS.SGD(), momentum=finite)
        hc.attach(OPTIMIZERS.SGD(), momentum=replace(self.momentum, cycles=1))

    def test_the_values_of_groups(self):
        groups = hc.Groups({".*kernel": None, ".*": self.momentum})
        with pytest.raises(ValueError, match=r"of SGD\) of group .\.\*. accepts values in"):
            hc.attach(OPTIMIZERS.SGD(), momentum=groups, total_steps=99)

    def test_values_that_are_not_finite(self):
        rate = hc.Cycle(0.1, 0.2, 4, scale=hc.Exponential(1e9))
        with pytest.raises(OverflowError, match=r"at step=\d+; a scale that grows"):
            hc.attach(OPTIMIZERS.SGD(), lr=rate, total_steps=99)

    def test_what_comes_before_the_start_does_not_count(self):
        falling = hc.Chain((self.momentum, self.outside + 1), 0.9)
        with pytest.raises(ValueError, match=self.text):
            hc.attach(OPTIMIZERS.SGD(), momentum=falling, total_steps=99)
        start = self.outside + 1
        hc.attach(OPTIMIZERS.SGD(), momentum=falling, total_steps=99, start_step=start)

    def test_functions_of_the_step_are_not_asked_before_their_step(self):
        def rate(step):
            assert not isinstance(step, int) or step == 0
            return keras.ops.cast(step, "float32") + 0.1 if BACKEND != "torch" else step + 0.1

        hc.attach(OPTIMIZERS.SGD(), lr=rate, total_steps=99)

    def test_pytorch_refuses_the_step_and_a_history_the_epoch(self):
        optimizer = hc.attach(OPTIMIZERS.SGD(), momentum=self.momentum)
        with pytest.raises(ValueError, match=self.text):
            train(optimizer, epochs=1, callbacks=[CycleHistory()])
        assert optimizer.plan_step == (self.outside if BACKEND == "torch" else 12)


@pytest.mark.parametrize(
    ("total_steps", "error"), [(0, ValueError), (1.5, ValueError), ("9", TypeError)]
)
def test_total_steps_is_a_whole_number(total_steps, error):
    with pytest.raises(error, match="total_steps must be"):
        cycled(OPTIMIZERS.SGD(), lr=LR, total_steps=total_steps)


class TestALearningRateThatIsASchedule:
    def optimizer(self):
        return OPTIMIZERS.SGD(OPTIMIZERS.schedules.CosineDecay(0.1, 100))

    def rate():
        return 0.1

    @pytest.mark.parametrize("rate", [Schedule(WAVE), rate], ids=["Schedule", "function"])
    def test_it_is_not_dropped_silently(self, rate):
        optimizer = OPTIMIZERS.SGD(rate)
        with pytest.raises(ValueError, match=r"already: make the optimizer with a number, or call"):
            hc.attach(optimizer, lr=LR)

    def test_it_is_replaced_when_told_to(self):
        optimizer = cycled(self.optimizer(), lr=LR, replace=True)
        assert len(optimizer.variables) == 2  # iterations, and a learning rate again
        assert optimizer.values == {"lr": 0.01}

    @pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
    def test_what_replaces_it_goes_on_where_it_stands(self):
        model = train(self.optimizer(), epochs=1)
        with pytest.warns(UserWarning, match="its state was copied"):
            optimizer = cycled(model.optimizer, lr=LR, replace=True)
        assert (optimizer.plan_step, optimizer.values) == (12, {"lr": LR(12)})
        with pytest.warns(UserWarning, match="its state was copied"):
            assert cycled(model.optimizer, lr=LR, replace=True, start_step=0).plan_step == 0

    def test_it_stays_where_the_plan_leaves_it(self):
        plain = self.optimizer()
        optimizer = hc.attach(plain, momentum=WAVE)
        assert optimizer._learning_rate is plain._learning_rate

    def test_it_has_no_value_to_multiply_or_keep(self):
        with pytest.raises(ValueError, match="has no one value to multiply or to keep"):
            cycled(self.optimizer(), lr=LR, replace=True, relative=True)
        with pytest.raises(ValueError, match="has no one value to multiply or to keep"):
            cycled(self.optimizer(), lr=hc.Groups({".*a": LR, ".*": None}), replace=True)


class TestOtherObjects:
    def test_a_string(self):
        with pytest.raises(TypeError, match="expected an optimizer of Keras 3, got 'sgd'"):
            cycled("sgd", lr=LR)

    @pytest.mark.skipif(
        not hasattr(keras.optimizers, "MultiOptimizer"),
        reason="MultiOptimizer came with Keras 3.15",
    )
    def test_a_multi_optimizer(self):
        with pytest.raises(TypeError, match="attach to each of them, and make the MultiOptimizer"):
            hc.attach(keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(SGD())), lr=LR)

    @pytest.mark.skipif(BACKEND != "jax", reason="once is enough")
    def test_a_backend_that_does_not_train(self):
        program = (
            "import os\nos.environ['KERAS_BACKEND'] = 'numpy'\n"
            "import keras, hypercycle as hc\n"
            "try:\n    hc.attach(keras.optimizers.SGD(), lr=hc.Cycle(0.1, 0.5, 4))\n"
            "except ValueError as error:\n"
            "    assert 'the backend is numpy: set KERAS_BACKEND before' in str(error), error\n"
            "else:\n    raise SystemExit('not refused')\n"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class TestClass:
    def test_a_class_without_a_plan_is_the_plain_one(self):
        optimizer = cycled_class(SGD)(0.1, momentum=0.5)
        assert (optimizer.plan, optimizer.values) == (None, {})
        assert_same(train(optimizer), train(SGD(0.1, momentum=0.5)), rtol=0)

    def test_a_class_of_ones_own_is_registered_by_cycled_class(self, tmp_path):
        @keras.saving.register_keras_serializable("test")
        class Own(SGD):
            pass

        path = tmp_path / "own.keras"
        train(hc.attach(Own(0.01), lr=LR), epochs=1).save(path)
        assert cycled_class(Own) is cycled_class(Own)
        assert cycled_class(cycled_class(Own)) is cycled_class(Own)
        assert type(keras.saving.load_model(path).optimizer) is cycled_class(Own)
