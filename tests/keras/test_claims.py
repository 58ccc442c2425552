"""What docs/keras.md says of plain Keras: what callbacks assign is frozen at the first trace."""

import keras
import numpy as np
import pytest
from keras_models import BACKEND, LR, ByHand, assert_same, by_hand, train, weights

import hypercycle as hc

OPTIMIZERS = keras.optimizers
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
