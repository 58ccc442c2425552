"""Sweeps and trainings in Keras on JAX."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Sequence

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

from hypercycle.range_test import RangeTest
from hypercycle.range_test.running import endless
from hypercycle_keras import range_test

from .data import TEXT_LENGTH, Data
from .records import Spec
from .tasks import SWEEP_SEED, TRAINING_SEED, Task, batches_of, evaluation_set

WIDTH = 32

OPTIMIZERS = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "momentum": functools.partial(keras.optimizers.SGD, momentum=0.9),
    "rmsprop": keras.optimizers.RMSprop,
}


def model_of(name: str, data: Data) -> keras.Model:
    """Return a model of logits, or of one number."""
    layers = keras.layers
    if name == "transformer":
        codes = keras.Input(data.x.shape[1:], dtype="int32")
        positions = layers.Embedding(TEXT_LENGTH, WIDTH)(np.arange(TEXT_LENGTH))
        states = layers.Embedding(data.classes, WIDTH)(codes) + positions
        attended = layers.MultiHeadAttention(2, WIDTH // 2)(
            *[layers.LayerNormalization()(states)] * 2, use_causal_mask=True
        )
        states = states + attended
        hidden = layers.Dense(64, "relu")(layers.LayerNormalization()(states))
        states = states + layers.Dense(WIDTH)(hidden)
        return keras.Model(codes, layers.Dense(data.classes)(states))
    if name == "cnn":
        hidden = [
            layers.Permute((2, 3, 1)),
            *[layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()],
            *[layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D()],
            layers.Flatten(),
        ]
    else:
        hidden = [layers.Flatten()]
        for _ in range(0 if name == "linear" else 2):
            hidden.append(layers.Dense(64))
            hidden += [layers.BatchNormalization()] if name == "batchnorm_mlp" else []
            hidden += [layers.Dropout(0.3)] if name == "dropout_mlp" else []
            hidden.append(layers.ReLU())
    last = layers.Dense(
        data.classes or 1, kernel_initializer="zeros" if name == "zero_mlp" else "glorot_uniform"
    )
    return keras.Sequential([keras.Input(data.x.shape[1:]), *hidden, last])


def task(spec: Spec, data: Data) -> Task:
    """Return what a spec means."""
    keras.utils.set_random_seed(spec.seed)
    model = model_of(spec.model, data)
    loss = "mse"
    if data.classes:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(OPTIMIZERS[spec.optimizer](), loss=loss)
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    untrained = [np.array(one) for one in variables]
    evaluated = evaluation_set(data)

    def start(seed: int) -> None:
        keras.utils.set_random_seed(seed + spec.seed)
        for variable, value in zip(variables, untrained, strict=True):
            variable.assign(value)

    def evaluate() -> float:
        return float(
            model.evaluate(*evaluated, batch_size=len(evaluated[0]), verbose=0, return_dict=True)[
                "loss"
            ]
        )

    def sweep() -> RangeTest:
        start(SWEEP_SEED)
        batches = batches_of(spec, data, SWEEP_SEED)
        # Keras shuffles arrays by itself; a list stays in its order.
        given = (list(batches),) if spec.order == "fixed" else (data.x, data.y)
        return range_test(
            model,
            *given,
            batch_size=spec.batch_size,
            start=spec.start,
            end=spec.end,
            steps=spec.steps,
            progress=False,
        )

    def train(rates: Sequence[float]) -> float:
        start(TRAINING_SEED)
        stream = endless(batches_of(spec, data, TRAINING_SEED), "batches")
        for rate, batch in zip(rates, stream, strict=False):
            model.optimizer.learning_rate = rate
            model.reset_metrics()
            if not math.isfinite(model.train_on_batch(*batch, return_dict=True)["loss"]):
                return math.nan
        return evaluate()

    return Task(evaluate(), sweep, train, ("keras", "jax"))
