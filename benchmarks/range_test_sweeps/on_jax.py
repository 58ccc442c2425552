"""Sweeps and trainings in JAX with Optax; the models are plain functions."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from hypercycle.range_test import RangeTest
from hypercycle.range_test.running import endless
from hypercycle_optax import range_test

from .data import Data
from .records import Spec
from .tasks import (
    SWEEP_SEED,
    TRAINING_SEED,
    Task,
    batches_of,
    evaluation_set,
    finite_or_nan,
)

Params = list[tuple[jax.Array, jax.Array]]

HIDDEN_LAYERS = {"linear": (), "mlp": (64, 64), "frozen_mlp": (64, 64), "zero_mlp": (64, 64)}
FACTORIES: dict[str, Callable[..., optax.GradientTransformation]] = {
    "sgd": optax.sgd,
    "momentum": functools.partial(optax.sgd, momentum=0.9),
    "adam": optax.adam,
    "adamw": optax.adamw,
    "lion": optax.lion,
}


def layers(key: jax.Array, sizes: Sequence[int]) -> Params:
    """Return weights with He's deviation, and biases of zeros."""
    found = []
    for before, after in itertools.pairwise(sizes):
        key, drawn = jax.random.split(key)
        weights = jax.random.normal(drawn, (before, after)) * math.sqrt(2 / before)
        found.append((weights, jnp.zeros(after)))
    return found


def dense(params: Params, x: jax.Array) -> jax.Array:
    x = x.reshape(len(x), -1)
    for weights, bias in params[:-1]:
        x = jax.nn.relu(x @ weights + bias)
    weights, bias = params[-1]
    return x @ weights + bias


def convolutional(params: Params, x: jax.Array) -> jax.Array:
    """Apply two convolutions of stride 2, then one layer."""
    for kernel, bias in params[:-1]:
        x = jax.lax.conv_general_dilated(x, kernel, (2, 2), "SAME")
        x = jax.nn.relu(x + bias[:, None, None])
    return dense(params[-1:], x)


def convolutional_params(key: jax.Array, data: Data) -> Params:
    first, second, last = jax.random.split(key, 3)
    channels, height, width = data.x.shape[1:]
    flat = 16 * math.ceil(height / 4) * math.ceil(width / 4)
    return [
        (jax.random.normal(first, (8, channels, 3, 3)) * math.sqrt(2 / 9), jnp.zeros(8)),
        (jax.random.normal(second, (16, 8, 3, 3)) * math.sqrt(2 / 72), jnp.zeros(16)),
        *layers(last, (flat, data.classes)),
    ]


def task(spec: Spec, data: Data) -> Task:
    """Return what a spec means."""
    key = jax.random.key(spec.seed)
    sizes = (data.x[0].size, *HIDDEN_LAYERS.get(spec.model, ()), data.classes or 1)
    is_cnn = spec.model == "cnn"
    params = convolutional_params(key, data) if is_cnn else layers(key, sizes)
    if spec.model.startswith("zero_"):
        params[-1] = (jnp.zeros_like(params[-1][0]), params[-1][1])
    apply = convolutional if is_cnn else dense
    frozen = spec.model.startswith("frozen_")
    evaluated = evaluation_set(data)

    def loss(params: Params, batch: Any) -> jax.Array:
        outputs = apply(jax.lax.stop_gradient(params) if frozen else params, batch[0])
        if data.classes:
            return optax.softmax_cross_entropy_with_integer_labels(outputs, batch[1]).mean()
        return jnp.square(outputs - batch[1]).mean()

    factory = FACTORIES[spec.optimizer]

    @jax.jit
    def update(params: Params, state: Any, rate: float, batch: Any) -> tuple[Params, Any, Any]:
        result, gradients = jax.value_and_grad(loss)(params, batch)
        updates, state = factory(learning_rate=rate).update(gradients, state, params)
        return optax.apply_updates(params, updates), state, result

    def sweep() -> RangeTest:
        return range_test(
            factory,
            loss,
            params,
            batches_of(spec, data, SWEEP_SEED),
            start=spec.start,
            end=spec.end,
            steps=spec.steps,
            progress=False,
        )

    def train(rates: Sequence[float]) -> float:
        trained, state = params, factory(learning_rate=0.0).init(params)
        stream = endless(batches_of(spec, data, TRAINING_SEED), "batches")
        for rate, batch in zip(rates, stream, strict=False):
            trained, state, result = update(trained, state, rate, batch)
            if not math.isfinite(result):
                return math.nan
        return finite_or_nan(float(loss(trained, evaluated)))

    return Task(float(loss(params, evaluated)), sweep, train, ("jax", "optax"))
