"""A training in Keras that can be killed at any moment, with Keras's BackupAndRestore."""

from contextlib import suppress

import keras
import numpy as np
from killed import STEPS, end, resumed

import hypercycle as hc
import hypercycle_keras
from hypercycle import observers

with suppress(ImportError):  # which fit imports: once here instead of in each process
    import tensorflow as tf  # noqa: F401

SAVE_EVERY = 10
ROWS = 4
LR = hc.Cycle(1e-3, 1e-1, 20, 13, waveform="hann")
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.8, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 17))


class Told(keras.callbacks.Callback):
    """Tells where training is, from the beginning of a batch to the row of its values."""

    def __init__(self, moments, begin):
        super().__init__()
        self.moments, self.begin = moments, begin

    def on_train_batch_begin(self, batch, logs=None):
        self.moments.enter("training", self.begin + batch)


class Logged(hypercycle_keras.CycleHistory):
    moments = None

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        self.moments.leave("training")


class Backup(keras.callbacks.BackupAndRestore):
    moments = None
    begin = 0

    def on_train_batch_end(self, batch, logs=None):
        if (batch + 1) % SAVE_EVERY:
            super().on_train_batch_end(batch, logs)
        else:
            with self.moments.phase("saving", self.begin + batch + 1):
                super().on_train_batch_end(batch, logs)


def train(folder, moments):
    keras.utils.set_random_seed(0)
    inputs = np.random.default_rng(0).normal(size=(STEPS * ROWS, 5)).astype("float32")
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]
    )
    model.compile(hc.attach(keras.optimizers.AdamW(), PLAN), "mse")
    # Of a file that is cut off, Keras goes back to the one before.
    backup = Backup(folder / "backup", save_freq=SAVE_EVERY, double_checkpoint=True)
    epoch = folder / "backup" / "training_metadata.json"
    if epoch.exists() and not epoch.read_text():
        epoch.unlink()  # but not of this one; all is one epoch here
    with moments.phase("resuming"):
        backup.set_model(model)
        backup.on_train_begin()
    begin = model.optimizer.plan_step
    resumed(folder, begin)
    backup.moments = Logged.moments = moments
    backup.begin = begin
    with observers.CSV(folder / "values.csv", append=True):
        model.fit(
            inputs[begin * ROWS :],
            inputs[begin * ROWS :].sum(axis=1, keepdims=True),
            batch_size=ROWS,
            shuffle=False,
            verbose=0,
            # A row is in the file before the update that it belongs to is saved.
            callbacks=[Told(moments, begin), Logged(), backup],
        )
    variables = [*model.weights, *model.optimizer.variables]
    end(folder, [keras.ops.convert_to_numpy(one.value) for one in variables])
