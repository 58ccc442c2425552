"""What docs/keras.md says of plain Keras: what is frozen, and what else may follow a schedule."""

import keras
import numpy as np
import pytest
from keras_models import (
    BACKEND,
    BATCHES,
    FAST,
    LR,
    MODES,
    ByHand,
    assert_same,
    by_hand,
    train,
    weights,
)

import hypercycle as hc

OPTIMIZERS = keras.optimizers
SGD = OPTIMIZERS.SGD
# (optimizer, name, settings, bounds)
FROZEN = [
    ("SGD", "momentum", {"momentum": 0.9}, (0.1, 0.9)),
    ("SGD", "weight_decay", {"weight_decay": 0.1}, (0.1, 0.9)),
    ("SGD", "clipnorm", {"clipnorm": 0.05}, (0.05, 0.5)),
    ("SGD", "clipvalue", {"clipvalue": 0.05}, (0.05, 0.5)),
    ("SGD", "global_clipnorm", {"global_clipnorm": 0.05}, (0.05, 0.5)),
    ("Adam", "beta1", {}, (0.3, 0.9)),
    ("Adam", "beta2", {}, (0.3, 0.9)),
    ("Adam", "epsilon", {}, (1e-3, 1.0)),
    ("RMSprop", "rho", {}, (0.3, 0.9)),
    ("RMSprop", "momentum", {"momentum": 0.5}, (0.1, 0.9)),
]


@pytest.mark.parametrize(("kind", "name", "settings", "bounds"), FROZEN, ids=str)
def test_what_a_callback_assigns_is_frozen_at_the_first_batch(kind, name, settings, bounds):
    plan = hc.Plan(**{name: hc.Cycle(*bounds, 5)})

    def optimizer():
        return getattr(OPTIMIZERS, kind)(0.05, **settings)

    silently = train(optimizer(), callbacks=[ByHand(plan)])  # no error, no warning
    moving = by_hand(optimizer(), plan)
    if BACKEND == "torch":  # runs Python in every step
        assert_same(silently, moving)
        return
    frozen = by_hand(optimizer(), hc.Plan(**{name: bounds[0]}))
    assert_same(silently, frozen)
    assert not all(np.allclose(a, b) for a, b in zip(weights(frozen), weights(moving), strict=True))
    # Ours moves.
    assert_same(train(hc.attach(optimizer(), plan)), moving)


def test_a_learning_rate_that_a_callback_assigns_is_used():
    plan = hc.Plan(lr=LR)
    assert_same(
        train(OPTIMIZERS.SGD(0.1), callbacks=[ByHand(plan)]), by_hand(OPTIMIZERS.SGD(), plan)
    )


@pytest.mark.skipif(BACKEND == "torch", reason="refuses several steps per execution")
def test_with_several_steps_per_execution_it_is_used_once_in_each():
    plan = hc.Plan(lr=LR)
    model = train(
        OPTIMIZERS.SGD(0.1), callbacks=[ByHand(plan)], compiled={"steps_per_execution": 6}
    )
    # Keras calls back once for six batches: the callback has counted those calls.
    assert_same(model, by_hand(OPTIMIZERS.SGD(), hc.Plan(lr=lambda step: LR(step // 6))))


@pytest.mark.skipif(BACKEND != "jax", reason="of JAX's functional state")
def test_through_a_reference_of_ones_own_it_is_used_once_an_epoch():
    optimizer = OPTIMIZERS.SGD(0.1)

    class Held(keras.callbacks.Callback):
        batches = 0

        def on_train_batch_begin(self, batch, logs=None):
            optimizer.learning_rate = LR(self.batches)
            self.batches += 1

    silently = train(optimizer, callbacks=[Held()])
    moving = by_hand(OPTIMIZERS.SGD(0.1), hc.Plan(lr=LR))
    assert not all(
        np.allclose(a, b) for a, b in zip(weights(silently), weights(moving), strict=True)
    )


def test_a_wrapper_for_mixed_precision_takes_what_it_does_not_know():
    outer = OPTIMIZERS.LossScaleOptimizer(OPTIMIZERS.SGD(0.1, momentum=0.9))
    outer.momentum = 0.3
    assert outer.inner_optimizer.momentum == 0.9


def test_a_schedule_is_called_with_the_count_of_batches():
    seen = []

    class Seen(OPTIMIZERS.schedules.LearningRateSchedule):
        def __call__(self, step):
            seen.append(step)
            return 0.1

    optimizer = OPTIMIZERS.SGD(Seen(), gradient_accumulation_steps=4)
    optimizer._iterations.assign(8)
    _ = optimizer.learning_rate
    assert int(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(seen[-1]))) == 8


def test_a_schedule_makes_another_checkpoint():
    plain, scheduled = OPTIMIZERS.SGD(0.1), OPTIMIZERS.SGD(OPTIMIZERS.schedules.CosineDecay(0.1, 9))
    assert len(plain.variables) == len(scheduled.variables) + 1
    assert len(hc.attach(plain, lr=LR).variables) == len(plain.variables)


class Killed(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 7:
            raise KeyboardInterrupt


@pytest.fixture
def backup(tmp_path):
    """Return what makes BackupAndRestore, where a run has been killed after a backup."""

    def make(**options):
        return keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=3, **options)

    with pytest.raises(KeyboardInterrupt):
        train(SGD(0.1), callbacks=[make(double_checkpoint=True), Killed()])
    return make


def test_a_backup_in_mid_epoch_begins_the_epoch_again(backup):
    model = train(SGD(0.1), epochs=1, callbacks=[backup()])
    assert int(keras.ops.convert_to_numpy(model.optimizer.iterations.value)) == 6 + BATCHES


def test_a_backup_is_written_in_place_and_the_one_before_is_kept_only_with_double_checkpoint(
    backup, tmp_path
):
    folder = tmp_path / "backup"
    whole = (folder / "latest.weights.h5").read_bytes()
    (folder / "latest.weights.h5").write_bytes(whole[: len(whole) // 2])
    model = train(SGD(0.1), epochs=1, callbacks=[backup(double_checkpoint=True)])
    assert int(keras.ops.convert_to_numpy(model.optimizer.iterations.value)) == 3 + BATCHES
    with pytest.raises(KeyboardInterrupt):
        train(SGD(0.1), callbacks=[backup(), Killed()])
    assert [path.name for path in folder.glob("*.h5*")] == ["latest.weights.h5"]


class Scaled(keras.layers.Layer):
    """Multiplies by what a schedule gives at its own count of batches."""

    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedule
        self.batches = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False
        )

    def call(self, x, training=False):
        if not training:
            return x
        factor = keras.ops.cast(self.schedule(self.batches), x.dtype)
        self.batches.assign_add(1)
        return factor * x


class WeightedLoss(keras.Sequential):
    """Multiplies its loss by what a schedule gives at the optimizer's iterations."""

    def compute_loss(self, *arguments, **named):
        loss = super().compute_loss(*arguments, **named)
        return loss * keras.ops.cast(self.schedule(self.optimizer.iterations), loss.dtype)


class Counting(keras.callbacks.Callback):
    batch = 0

    def on_train_begin(self, logs=None):
        Counting.batch = -1

    def on_train_batch_begin(self, batch, logs=None):
        Counting.batch += 1


class TestOtherValuesInTheStep:
    """What is not a hyperparameter of an optimizer."""

    wave = hc.Cycle(0.5, 2.0, 4)

    def by_hand(self, _):
        """Return the value of the batch that Python has counted, in a step that is not compiled."""
        return self.wave(Counting.batch)

    @pytest.mark.parametrize("mode", FAST)
    def test_a_layer_that_counts(self, mode):
        def model(schedule):
            keras.utils.set_random_seed(1)
            return keras.Sequential([keras.Input((5,)), Scaled(schedule), keras.layers.Dense(1)])

        expected = train(
            SGD(0.01),
            model=model(self.by_hand),
            callbacks=[Counting()],
            compiled={"run_eagerly": True},
        )
        driven = train(SGD(0.01), model=model(self.wave), compiled=MODES[mode])
        assert_same(driven, expected)
        assert int(keras.ops.convert_to_numpy(driven.layers[0].batches.value)) == 24

    def test_a_loss_with_the_optimizers_iterations(self):
        def trained(schedule, **compiled):
            keras.utils.set_random_seed(1)
            model = WeightedLoss([keras.Input((5,)), keras.layers.Dense(1)])
            model.schedule = schedule
            return train(SGD(0.01), model=model, callbacks=[Counting()], compiled=compiled)

        if BACKEND == "jax":  # Keras computes the loss without the optimizer's variables
            with pytest.raises(TypeError, match="'NoneType' object is not callable"):
                trained(self.wave)
        else:
            assert_same(trained(self.wave), trained(self.by_hand, run_eagerly=True))
