"""Handwritten digits: a fixed learning rate beside three cycled ones, with JAX, Flax and Optax.

    python examples/digits_optax.py [--seeds 5] [--out demo-output] [--quick]

What is compared, and how, stands in digits.py.
"""

from collections.abc import Iterator
from functools import cache, partial
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import optax
from digits import BATCH_SIZE, MEASURE_EVERY, MIDDLE, SWEEP, Measurement, Split, main
from flax import nnx

import hypercycle as hc
import hypercycle_optax


def sgd(learning_rate: float, momentum: float, weight_decay: float) -> optax.GradientTransformation:
    """Make what PyTorch calls SGD: weight decay is part of the gradient."""
    return optax.chain(optax.add_decayed_weights(weight_decay), optax.sgd(learning_rate, momentum))


@cache  # so that what was compiled for one seed serves the others
def cycled_sgd(plan: hc.Plan) -> optax.GradientTransformation:
    """Make the transformation whose hyperparameters are the plan's."""
    return hypercycle_optax.cycled(sgd, plan)


class Network(nnx.Module):
    """A small convolutional network."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.narrow = nnx.Conv(1, 16, (3, 3), rngs=rngs)
        self.wide = nnx.Conv(16, 32, (3, 3), rngs=rngs)
        self.output = nnx.Linear(512, 10, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Return the logits."""
        x = nnx.max_pool(nnx.relu(self.narrow(images)), (2, 2), strides=(2, 2))
        x = nnx.relu(self.wide(x))
        return self.output(x.reshape(len(x), -1))


def arrays_of(splits: dict[str, Split]) -> dict[str, tuple[jax.Array, jax.Array]]:
    """Return images, with a channel, and digits."""
    return {
        name: (jnp.array(split.images)[..., jnp.newaxis], jnp.array(split.digits))
        for name, split in splits.items()
    }


def batches(n: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the rows of each batch, shuffled anew in every epoch; the odd rest is left out."""
    shuffle = np.random.default_rng(seed)
    while True:
        yield from shuffle.permutation(n)[: n - n % BATCH_SIZE].reshape(-1, BATCH_SIZE)


def mean_loss(model: Network, images: jax.Array, digits: jax.Array) -> jax.Array:
    """Return what is minimised."""
    return optax.softmax_cross_entropy_with_integer_labels(model(images), digits).mean()


@nnx.jit
def train(model: Network, optimizer: nnx.Optimizer, images: jax.Array, digits: jax.Array) -> None:
    """Make one iteration for each batch, all in one compiled loop."""
    graph, state = nnx.split((model, optimizer))

    def iteration(state: nnx.State, batch: tuple[jax.Array, jax.Array]) -> tuple[nnx.State, None]:
        model, optimizer = nnx.merge(graph, state)
        optimizer.update(model, nnx.grad(mean_loss)(model, *batch))
        return nnx.state((model, optimizer)), None

    state, _ = jax.lax.scan(iteration, state, (images, digits))
    nnx.update((model, optimizer), state)


@nnx.jit
def accuracy_and_loss(
    model: Network, images: jax.Array, digits: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Measure the model."""
    accuracy = (model(images).argmax(axis=1) == digits).mean()
    return accuracy, mean_loss(model, images, digits)


def range_test(splits: dict[str, Split]) -> hc.RangeTest:
    """Train a small network while the learning rate rises."""
    graph, params = nnx.split(Network(nnx.Rngs(0)), nnx.Param)
    arrays = arrays_of(splits)
    images, digits = arrays["train"]

    def accuracy(params: nnx.State) -> jax.Array:
        return accuracy_and_loss(nnx.merge(graph, params), *arrays["validation"])[0]

    rows_of_batches = islice(batches(len(digits), seed=0), SWEEP["steps"])
    return hypercycle_optax.range_test(
        partial(sgd, **MIDDLE),
        lambda params, batch: mean_loss(nnx.merge(graph, params), *batch),
        params,
        [(images[rows], digits[rows]) for rows in rows_of_batches],
        metrics={"accuracy": accuracy},
        **SWEEP,
    )


def training(plan: hc.Plan, seed: int, splits: dict[str, Split]) -> Iterator[Measurement]:
    """Train a small network, the plan's values in force at every iteration."""
    model = Network(nnx.Rngs(seed))
    optimizer = nnx.Optimizer(model, cycled_sgd(plan), wrt=nnx.Param)
    arrays = arrays_of(splits)
    images, digits = arrays["train"]
    rows_of_batches = batches(len(digits), seed)
    while True:
        rows = np.array([next(rows_of_batches) for _ in range(MEASURE_EVERY)])
        train(model, optimizer, images[rows], digits[rows])
        validation, _ = accuracy_and_loss(model, *arrays["validation"])
        accuracy, loss = accuracy_and_loss(model, *arrays["test"])
        yield Measurement(float(accuracy), float(loss), float(validation))


if __name__ == "__main__":
    main(__doc__.splitlines()[0], range_test, training)
