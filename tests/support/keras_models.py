"""A small model, and training it by hand: what driven training must equal."""

import keras
import numpy as np

import hypercycle as hc

BACKEND = keras.backend.backend()
BATCHES = 12

_random = np.random.default_rng(0)
X = _random.normal(size=(8 * BATCHES, 5)).astype("float32")
Y = _random.normal(size=(8 * BATCHES, 1)).astype("float32")

# What model.compile is given.
MODES = {
    "eager": {"run_eagerly": True},
    "default": {},
    "jit": {"jit_compile": True},
    "several": {"steps_per_execution": 8},
    "several-jit": {"steps_per_execution": 8, "jit_compile": True},
}
if BACKEND == "torch":  # which refuses several steps per execution
    MODES = {name: mode for name, mode in MODES.items() if "several" not in name}
# torch.compile takes a quarter of a minute each time.
FAST = [mode for mode in MODES if (BACKEND, mode) != ("torch", "jit")]

LR = hc.Cycle(0.01, 0.1, 5)
PLAN = hc.Plan(
    lr=LR,
    momentum=LR.opposite(0.85, 0.95),
    weight_decay=hc.Cycle(1e-3, 1e-1, 3, waveform="hann"),
)
# What compiling alone changes: it fuses and reorders operations.
CLOSE = {"rtol": 1e-5, "atol": 2e-6}


def make_model():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(4, activation="tanh", name="first"),
            keras.layers.Dense(1, name="second"),
        ],
        name="model",
    )


def train(optimizer, *, epochs=2, model=None, callbacks=(), compiled=(), **fitted):
    """Fit a model, the same data in the same order, and return it."""
    model = make_model() if model is None else model
    model.compile(optimizer, keras.losses.MeanSquaredError(), **dict(compiled))
    fit(model, epochs=epochs, callbacks=callbacks, **fitted)
    return model


def fit(model, *, epochs=2, callbacks=(), **fitted):
    return model.fit(
        X,
        Y,
        batch_size=8,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[*callbacks],
        **fitted,
    )


class ByHand(keras.callbacks.Callback):
    """Assign Python floats before each batch, which an uncompiled step reads."""

    def __init__(self, plan=PLAN, every=1, names=None):
        super().__init__()
        self.plan, self.every, self.batches = plan, every, 0
        self.names = {"lr": "learning_rate", "beta1": "beta_1", "beta2": "beta_2"} | (names or {})

    def on_train_batch_begin(self, batch, logs=None):
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        for name, value in self.plan(self.batches // self.every).items():
            setattr(optimizer, self.names.get(name, name), value)
        self.batches += 1


def by_hand(optimizer, plan=PLAN, every=1, **arguments):
    callback = ByHand(plan, every)
    return train(optimizer, callbacks=[callback], compiled={"run_eagerly": True}, **arguments)


def weights(model):
    return [np.asarray(keras.ops.convert_to_numpy(one)) for one in model.trainable_variables]


def assert_same(model, expected, **tolerance):
    tolerance = tolerance or CLOSE
    for one, other in zip(weights(model), weights(expected), strict=True):
        np.testing.assert_allclose(one, other, **tolerance)
