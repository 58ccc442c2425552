"""Saving and going on: in mid-cycle, from plain to cycled and back, on another backend."""

import copy
import json
import linecache
import os
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from keras_models import BACKEND, LR, PLAN, assert_same, fit, make_model, train, weights

import hypercycle as hc
import hypercycle_keras
from hypercycle_keras import cycled_class
from hypercycle_keras.optimizer import optimizers_with_plans

SGD = keras.optimizers.SGD


def cycled_sgd():
    return hc.attach(SGD(0.01, momentum=0.9, weight_decay=1e-3), PLAN)


@pytest.fixture(scope="module")
def uninterrupted():
    return train(cycled_sgd(), epochs=3)


def test_a_saved_model_goes_on_in_mid_cycle(uninterrupted, tmp_path):
    path = tmp_path / "model.keras"
    train(cycled_sgd(), epochs=1).save(path)
    model = keras.saving.load_model(path)  # no custom_objects
    assert type(model.optimizer).__name__ == "CycledSGD"
    assert model.optimizer.plan == PLAN
    assert model.optimizer.plan_step == 12
    fit(model, epochs=2)
    assert_same(model, uninterrupted, rtol=0)


def test_weights_go_on_in_mid_cycle(uninterrupted, tmp_path):
    path = tmp_path / "model.weights.h5"
    train(cycled_sgd(), epochs=1).save_weights(path)
    model = make_model()
    model.compile(cycled_sgd(), "mse")
    model.optimizer.build(model.trainable_variables)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_weights(path)
    fit(model, epochs=2)
    assert_same(model, uninterrupted, rtol=0)


def test_weights_bring_the_step_and_a_changed_plan_is_not_noticed(tmp_path):
    path = tmp_path / "model.weights.h5"
    train(cycled_sgd(), epochs=1).save_weights(path)
    model = make_model()
    changed = hc.Plan(**{**PLAN, "lr": hc.Cycle(0.02, 0.2, 7)})
    model.compile(hc.attach(SGD(0.01, momentum=0.9, weight_decay=1e-3), changed), "mse")
    model.optimizer.build(model.trainable_variables)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_weights(path)
    assert model.optimizer.plan_step == 12
    assert model.optimizer.values == changed(12)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("drive", [cycled_sgd, lambda: SGD(0.01, momentum=0.9)])
def test_keras_skips_the_state_of_an_optimizer_that_is_not_built(drive, tmp_path):
    path = tmp_path / "model.weights.h5"
    train(drive(), epochs=1).save_weights(path)
    model = make_model()
    model.compile(drive(), "mse")
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer"):
        model.load_weights(path)
    assert int(keras.ops.convert_to_numpy(model.optimizer.iterations.value)) == 0


def test_only_weights_go_on_from_start_step(tmp_path):
    path = tmp_path / "only.weights.h5"
    make_model().save_weights(path)  # of a model without an optimizer
    model = make_model()
    model.load_weights(path)
    model.compile(hc.attach(SGD(0.01), lr=LR, start_step=12), "mse")
    history = hypercycle_keras.CycleHistory()
    fit(model, epochs=1, callbacks=[history])
    assert history.steps.tolist() == list(range(12, 24))


def test_back_up_and_restore(uninterrupted, tmp_path):
    class Crash(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    with pytest.raises(KeyboardInterrupt):
        train(cycled_sgd(), epochs=3, callbacks=[backup(), Crash()])
    model = train(cycled_sgd(), epochs=3, callbacks=[backup()])
    assert model.optimizer.plan_step == 36
    assert_same(model, uninterrupted, rtol=0)


def test_model_checkpoint(uninterrupted, tmp_path):
    path = tmp_path / "{epoch}.keras"
    train(cycled_sgd(), epochs=2, callbacks=[keras.callbacks.ModelCheckpoint(path)])
    model = keras.saving.load_model(tmp_path / "2.keras")
    fit(model, epochs=1)
    assert_same(model, uninterrupted, rtol=0)


@pytest.mark.parametrize("direction", ["plain to cycled", "cycled to plain"])
def test_plain_and_cycled_optimizers_exchange_checkpoints(tmp_path, direction):
    path = tmp_path / "model.weights.h5"
    plain, driven = SGD(0.01, momentum=0.9), hc.attach(SGD(0.01, momentum=0.9), PLAN)
    saved, loading = (plain, driven) if direction == "plain to cycled" else (driven, plain)
    train(saved, epochs=1).save_weights(path)
    model = make_model()
    model.compile(loading, "mse")
    loading.build(model.trainable_variables)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "Skipping variable loading for optimizer …"
        model.load_weights(path)
    for one, other in zip(loading.variables, saved.variables, strict=True):
        arrays = [keras.ops.convert_to_numpy(variable.value) for variable in (one, other)]
        np.testing.assert_array_equal(*arrays)
    assert int(keras.ops.convert_to_numpy(loading.iterations.value)) == 12


def test_initial_epoch_does_not_move_the_wave():
    # Keras numbers epochs with it; the plan counts the optimizer's updates.
    optimizer = hc.attach(SGD(0.01), lr=LR)
    model = make_model()
    model.compile(optimizer, "mse")
    fit(model, epochs=3, initial_epoch=2)
    assert optimizer.plan_step == 12


RESUME = """
import sys

import keras

import hypercycle_keras
sys.path.insert(0, {folder!r})
from keras_models import fit, weights
import numpy as np

model = keras.saving.load_model({path!r})
assert model.optimizer.plan_step == 12
fit(model, epochs=2)
np.savez({out!r}, *weights(model))
"""


@pytest.mark.parametrize("backend", sorted({"jax", "tensorflow", "torch"} - {BACKEND}))
def test_another_backend_goes_on(uninterrupted, tmp_path, backend):
    pytest.importorskip(backend)
    if backend == "torch" and tuple(map(int, keras.__version__.split(".")[:2])) < (3, 15):
        pytest.skip("an old Keras's layers do not compile with a new PyTorch")
    path, out = str(tmp_path / "model.keras"), str(tmp_path / "weights.npz")
    train(cycled_sgd(), epochs=1).save(path)
    program = RESUME.format(folder=str(Path(__file__).parents[1] / "support"), path=path, out=out)
    environment = os.environ | {"KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    with np.load(out) as saved:
        for one, other in zip(saved.values(), weights(uninterrupted), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


class TestConfig:
    plan = hc.Plan(
        lr=hc.Chain((hc.Ramp(0.0, 0.1, 10), 10), hc.Cycle(0.01, 0.1, 5, scale="halving")),
        momentum=hc.Cycle(0.8, 0.9, 3, 4, waveform=("hann", "sine"), phase=0.25, cycle_mult=2),
        weight_decay=hc.Groups({".*kernel": hc.Cycle(0.0, 0.1, 3), ".*": None}),
        ema_momentum=hc.Product(0.9, hc.Ramp(0.5, 1.0, 7)),
    )

    def test_it_is_plain_data_and_comes_back(self):
        optimizer = hc.attach(SGD(0.01, use_ema=True), self.plan, start_step=7)
        config = json.loads(json.dumps(optimizer.get_config()))
        again = type(optimizer).from_config(copy.deepcopy(config))
        assert again.plan == self.plan
        assert again.plan_step == 7
        assert again.get_config() == config
        through = keras.optimizers.deserialize(
            json.loads(json.dumps(keras.optimizers.serialize(optimizer)))
        )
        assert through.plan == self.plan

    def test_it_is_not_changed_by_reading(self):
        config = cycled_sgd().get_config()
        before = copy.deepcopy(config)
        cycled_class(SGD).from_config(config)
        assert config == before

    def test_it_keeps_what_the_optimizer_was_made_with(self):
        config = hc.attach(SGD(0.5, momentum=0.25, nesterov=True), PLAN).get_config()
        plain = SGD(0.01, momentum=0.25, nesterov=True).get_config()
        assert {name: config[name] for name in plain} == plain | {
            "name": config["name"],
            "learning_rate": pytest.approx(0.01),
        }

    def test_a_function_of_ones_own_cannot_come_back(self):
        def rate(step):
            return 0.1 / (1.0 + keras.ops.cast(step, "float32"))

        config = hc.attach(SGD(), lr=rate).get_config()
        assert config["hypercycle"]["plan"]["lr"]["kind"] == "function"
        json.dumps(config)
        with pytest.raises(ValueError, match="saved with this CycledSGD cannot be rebuilt: lr"):
            cycled_class(SGD).from_config(config)

    def test_a_waveform_that_is_not_registered_is_named(self):
        config = hc.attach(SGD(), lr=LR).get_config()
        config["hypercycle"]["plan"]["lr"]["waveform"] = "camel"
        with pytest.raises(ValueError, match=r"(?s)unknown waveform 'camel'.*compile=False"):
            cycled_class(SGD).from_config(config)


@pytest.mark.skipif(
    not hasattr(keras.optimizers, "MultiOptimizer"), reason="MultiOptimizer came with Keras 3.15"
)
def test_several_optimizers_go_on_in_mid_cycle(tmp_path):
    def optimizer():
        other = hc.attach(keras.optimizers.Adam(0.01, name="other"), lr=LR, beta1=0.8)
        return keras.optimizers.MultiOptimizer(
            keras.optimizers.OptimizerMap(cycled_sgd(), {".*second/.*": other})
        )

    path = tmp_path / "model.keras"
    train(optimizer(), epochs=1).save(path)
    model = keras.saving.load_model(path)
    assert [one.plan_step for one in optimizers_with_plans(model.optimizer)] == [12, 12]
    fit(model, epochs=1)
    assert_same(model, train(optimizer()), rtol=0)


@pytest.mark.parametrize("wrap_first", [True, False])
def test_a_loss_scale_goes_on_in_mid_cycle(tmp_path, wrap_first):
    def optimizer():
        if wrap_first:
            plain = SGD(0.01, momentum=0.9, weight_decay=1e-3)
            return hc.attach(keras.optimizers.LossScaleOptimizer(plain, initial_scale=8.0), PLAN)
        return keras.optimizers.LossScaleOptimizer(cycled_sgd(), initial_scale=8.0)

    path = tmp_path / "model.keras"
    train(optimizer(), epochs=1).save(path)
    model = keras.saving.load_model(path)
    answers = model.optimizer if wrap_first else model.optimizer.inner_optimizer
    assert (answers.plan, answers.plan_step) == (PLAN, 12)
    fit(model, epochs=1)
    assert_same(model, train(optimizer()), rtol=0)


def test_pickling_a_model(uninterrupted):
    import pickle

    model = pickle.loads(pickle.dumps(train(cycled_sgd(), epochs=1)))
    fit(model, epochs=2)
    assert_same(model, uninterrupted, rtol=0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    ("plan", "saved_start", "start", "step"),
    [
        (PLAN, 0, 0, 12),
        (PLAN, 0, 7, 12),  # its rate is that of update 11: it counts them all
        (PLAN, 7, 7, 19),  # of update 18
        (PLAN, 0, 24, 12),
        (PLAN, 0, 8, 12),  # updates 11 and 19 have the same rate: it may count them all
        ({"momentum": PLAN["momentum"]}, 0, 8, 12),  # no rate tells: it may count them all
        ({"momentum": PLAN["momentum"]}, 30, 30, 42),  # it cannot
    ],
)
def test_a_start_step_beside_a_loaded_state_never_counts_twice(
    plan, saved_start, start, step, tmp_path
):
    path = tmp_path / "model.weights.h5"

    def compiled(start):
        model = make_model()
        model.compile(hc.attach(SGD(0.01, momentum=0.9), hc.Plan(**plan), start_step=start), "mse")
        model.optimizer.build(model.trainable_variables)
        return model

    saved = compiled(saved_start)
    fit(saved, epochs=1)
    saved.save_weights(path)
    model = compiled(start)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        model.load_weights(path)
    assert model.optimizer.plan_step == step
    told = [one for one in caught if "start_step" in str(one.message)]
    if start == 0 or (plan is PLAN and start == saved_start):
        assert not told
    else:
        (ours,) = told
        how = "added" if step > 12 else "not added"
        assert f"12 updates, and start_step={start} is {how} to them" in str(ours.message)
        assert f"goes on at step {step}" in str(ours.message)
        assert "model.load_weights(path)" in linecache.getline(ours.filename, ours.lineno)
    history = hypercycle_keras.CycleHistory()
    fit(model, epochs=1, callbacks=[history])
    assert history.steps.tolist() == list(range(step, step + 12))
