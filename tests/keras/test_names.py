"""Names, bad values, and objects that cannot be driven: refused before anything is changed."""

import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras_models import BACKEND, LR, make_model, train

import hypercycle as hc
from hypercycle_keras import CycleHistory, Schedule, cycled

OPTIMIZERS = keras.optimizers
WAVE = hc.Cycle(0.1, 0.5, 4)


@pytest.mark.parametrize(
    ("kind", "name", "attribute"),
    [
        ("SGD", "lr", "learning_rate"),
        ("SGD", "learning_rate", "learning_rate"),
        ("SGD", "momentum", "momentum"),
        ("RMSprop", "momentum", "momentum"),
        ("Adam", "momentum", "beta_1"),
        ("AdamW", "momentum", "beta_1"),
        ("Adamax", "momentum", "beta_1"),
        ("Nadam", "momentum", "beta_1"),
        ("Adam", "beta1", "beta_1"),
        ("Adam", "beta_2", "beta_2"),
        ("Lion", "beta1", "beta_1"),
        ("Adam", "eps", "epsilon"),
        ("Adam", "weight_decay", "weight_decay"),
        ("Adam", "global_clipnorm", "global_clipnorm"),
        ("Adadelta", "rho", "rho"),
        ("Adafactor", "epsilon_2", "epsilon_2"),
    ],
)
def test_a_name_means_the_same_everywhere(kind, name, attribute):
    optimizer = hc.attach(getattr(OPTIMIZERS, kind)(), **{name: WAVE})
    assert list(optimizer._following.schedules) == [attribute]
    assert optimizer.values == {name: 0.1}


@pytest.mark.parametrize("name", ["Muon", "Lamb"])
def test_names_of_later_optimizers(name):
    if not hasattr(OPTIMIZERS, name):
        pytest.skip(f"{name} came with a later Keras")
    own = {"Muon": ("momentum", "adam_beta_1"), "Lamb": ("beta_1", "beta_1")}[name]
    optimizer = hc.attach(getattr(OPTIMIZERS, name)(), momentum=WAVE)
    assert list(optimizer._following.schedules) == [own[0]]
    optimizer = hc.attach(getattr(OPTIMIZERS, name)(), beta1=WAVE)
    assert list(optimizer._following.schedules) == [own[1]]


@pytest.mark.parametrize(
    ("kind", "name", "error", "text"),
    [
        (
            "SGD",
            "momemtum",
            ValueError,
            r"has no hyperparameter 'momemtum'; did you mean 'momentum'",
        ),
        ("SGD", "beta1", ValueError, "SGD has no hyperparameter 'beta1'; it has lr, weight_decay"),
        ("Adam", "betas", ValueError, "Adam has no hyperparameter 'betas'; did you mean 'beta"),
        ("Lion", "momentum", ValueError, "Lion has no momentum .* say 'beta1' or 'beta2'"),
        ("SGD", "nesterov", TypeError, "nesterov of SGD is a switch"),
        ("Adam", "amsgrad", TypeError, "amsgrad of Adam is a switch"),
        ("SGD", "use_ema", TypeError, "use_ema of SGD is a switch"),
        ("SGD", "gradient_accumulation_steps", TypeError, "is a whole number by meaning"),
        ("SGD", "ema_overwrite_frequency", TypeError, "is a whole number by meaning"),
        ("SGD", "ema_momentum", ValueError, "reads ema_momentum only with use_ema=True"),
        ("SGD", "loss_scale_factor", ValueError, "is read outside of the optimizer's step"),
        ("Adagrad", "initial_accumulator_value", ValueError, "only once, when it is built"),
        ("SGD", "name", ValueError, "SGD has no hyperparameter 'name'"),
        ("Adafactor", "eps", ValueError, "Adafactor has no hyperparameter 'eps'"),
    ],
)
def test_what_cannot_cycle_is_refused_with_the_reason(kind, name, error, text):
    optimizer = getattr(OPTIMIZERS, kind)()
    before = optimizer.get_config()
    with pytest.raises(error, match=text):
        hc.attach(optimizer, **{name: WAVE})
    assert optimizer.get_config() == before


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


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("Adafactor", "clip_threshold", r"accepts values in \(0, inf\), its schedule gives 0.0"),
        ("Ftrl", "learning_rate", r"accepts values in \(0, inf\), its schedule gives 0.0"),
        ("ScheduleFreeAdamW", "beta_1", r"accepts values in \(0, 1\), its schedule gives 0.0"),
    ],
)
def test_zero_where_the_optimizer_divides(kind, name, text):
    if not hasattr(OPTIMIZERS, kind):
        pytest.skip(f"{kind} came with a later Keras")
    make = getattr(OPTIMIZERS, kind)
    with pytest.raises(ValueError, match=rf"\({name} of {kind}, which divides by it\) {text}"):
        hc.attach(make(), **{name: hc.Cycle(0.0, 0.5, 4)})
    # Keras itself accepts it, and this comes of it where a gradient is 0.
    variable = keras.Variable(np.ones(2, "float32"))
    optimizer = make(**{"learning_rate": 0.1, name: 0.0})
    optimizer.apply([keras.ops.zeros(2)], [variable])
    assert np.isnan(keras.ops.convert_to_numpy(variable)).all()


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


def test_two_ways_of_clipping():
    with pytest.raises(ValueError, match=r"SGD does not accept clipvalue=0.1: Only one of"):
        hc.attach(OPTIMIZERS.SGD(clipnorm=1.0), clipvalue=WAVE)
    with pytest.raises(ValueError, match=r"SGD does not accept clipvalue=0\.1: Only one of"):
        hc.attach(OPTIMIZERS.SGD(), clipnorm=WAVE, clipvalue=WAVE)


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
    def test_a_model(self):
        with pytest.raises(TypeError, match=r"pass the optimizer, not the model: model.compile"):
            hc.attach(make_model(), lr=LR)

    def test_a_layer(self):
        with pytest.raises(TypeError, match="assigned to a Dropout is frozen into the compiled"):
            hc.attach(keras.layers.Dropout(0.5), rate=WAVE)

    def test_a_string(self):
        with pytest.raises(TypeError, match="expected an optimizer of Keras 3, got 'sgd'"):
            cycled("sgd", lr=LR)

    def test_keras_2(self):
        # A stand-in: tf_keras needs a TensorFlow of its own.
        old = type("SGD", (), {"__module__": "tf_keras.src.optimizers.sgd"})()
        with pytest.raises(
            TypeError, match=r"this SGD is of Keras 2 .*: hypercycle drives Keras 3"
        ):
            hc.attach(old, lr=LR)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"on_event": print}, "give hypercycle_keras.CycleHistory"),
        ({"on_mismatch": "saved"}, "a Keras optimizer's plan is in the config"),
    ],
    ids=str,
)
def test_options_of_loops_in_python(option, text):
    with pytest.raises(ValueError, match=text):
        hc.attach(OPTIMIZERS.SGD(), lr=LR, **option)


def test_counting_the_optimizers_steps_is_what_it_does():
    assert hc.attach(OPTIMIZERS.SGD(), lr=LR, advance="optimizer").plan_step == 0


def test_driving_an_optimizer_imports_the_keras_adapter_alone():
    program = (
        "import sys, keras, hypercycle as hc\n"
        "assert not any(name.startswith('hypercycle_') for name in sys.modules)\n"
        "hc.attach(keras.optimizers.SGD(), lr=hc.Cycle(0.1, 0.5, 4))\n"
        "found = {name.partition('.')[0] for name in sys.modules if 'hypercycle_' in name}\n"
        "assert found == {'hypercycle_keras'}, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_plan_that_another_framework_drives_does_not_import_keras():
    program = (
        "import sys, hypercycle as hc\n"
        "try:\n    hc.attach(object(), lr=hc.Cycle(0.1, 0.5, 4))\n"
        "except TypeError:\n    pass\n"
        "assert 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.skipif(BACKEND != "jax", reason="once is enough")
def test_a_backend_that_does_not_train():
    program = (
        "import os\nos.environ['KERAS_BACKEND'] = 'numpy'\n"
        "import keras, hypercycle as hc\n"
        "try:\n    hc.attach(keras.optimizers.SGD(), lr=hc.Cycle(0.1, 0.5, 4))\n"
        "except ValueError as error:\n"
        "    assert 'the backend is numpy: set KERAS_BACKEND before' in str(error), error\n"
        "else:\n    raise SystemExit('not refused')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
