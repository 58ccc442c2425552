"""Handwritten digits: a fixed learning rate beside three cycled ones, with Keras.

    KERAS_BACKEND=jax python examples/digits_keras.py [--seeds 5] [--out demo-output] [--quick]

KERAS_BACKEND is jax, tensorflow or torch. What is compared, and how, stands in digits.py. Keras's
SGD is not quite PyTorch's: each gradient goes into the velocity with the learning rate of its
step, and weight decay stays out of the velocity.
"""

from collections.abc import Iterator
from functools import cache
from itertools import count

import keras
import numpy as np
from digits import BATCH_SIZE, MEASURE_EVERY, MIDDLE, SWEEP, Measurement, Split, main
from keras import layers

import hypercycle as hc
import hypercycle_keras


def network() -> keras.Model:
    """Make a small convolutional network, its weights drawn anew."""
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def compiled(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    """Make the network that the optimizer trains."""
    model = network()
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


@cache  # so that what was compiled for one seed serves the others
def following(plan: hc.Plan) -> keras.Model:
    """Make the network whose optimizer follows the plan."""
    return compiled(hc.attach(keras.optimizers.SGD(), plan))  # its hyperparameters are the plan's


def arrays_of(splits: dict[str, Split]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return images, with a channel, and digits."""
    return {name: (split.images[..., np.newaxis], split.digits) for name, split in splits.items()}


def start_anew(model: keras.Model, seed: int) -> None:
    """Give the model other weights and an optimizer that has done nothing yet."""
    keras.utils.set_random_seed(seed)
    model.set_weights(network().get_weights())
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))


def batches(n: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the rows of each batch, shuffled anew in every epoch; the odd rest is left out."""
    shuffle = np.random.default_rng(seed)
    while True:
        yield from shuffle.permutation(n)[: n - n % BATCH_SIZE].reshape(-1, BATCH_SIZE)


def loss_and_accuracy(
    model: keras.Model, images: np.ndarray, digits: np.ndarray
) -> tuple[float, float]:
    """Measure the model."""
    model.reset_metrics()  # in which older versions of Keras keep what came before
    loss, accuracy = model.test_on_batch(images, digits)
    return float(loss), float(accuracy)


def range_test(splits: dict[str, Split]) -> hc.RangeTest:
    """Train a small network while the learning rate rises."""
    keras.utils.set_random_seed(0)
    model, arrays = compiled(keras.optimizers.SGD(**MIDDLE)), arrays_of(splits)
    return hypercycle_keras.range_test(
        model,
        *arrays["train"],
        batch_size=BATCH_SIZE,
        metrics={"accuracy": lambda model: loss_and_accuracy(model, *arrays["validation"])[1]},
        **SWEEP,
    )


def training(plan: hc.Plan, seed: int, splits: dict[str, Split]) -> Iterator[Measurement]:
    """Train a small network, the plan's values in force at every iteration."""
    model, arrays = following(plan), arrays_of(splits)
    start_anew(model, seed)
    images, digits = arrays["train"]
    for step, rows in zip(count(1), batches(len(digits), seed), strict=False):
        model.train_on_batch(images[rows], digits[rows])

        if step % MEASURE_EVERY == 0:
            loss, accuracy = loss_and_accuracy(model, *arrays["test"])
            _, validation = loss_and_accuracy(model, *arrays["validation"])
            yield Measurement(accuracy, loss, validation)


if __name__ == "__main__":
    backend = keras.backend.backend()
    print(f"Backend of Keras: {backend} (KERAS_BACKEND chooses)\n")
    if backend == "torch":
        import torch

        torch.set_num_threads(1)  # the network is so small that threads only wait for each other
    main(__doc__.splitlines()[0], range_test, training)
