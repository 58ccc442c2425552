"""The range test takes what fit takes."""

import keras
import numpy as np
import pytest
from keras_models import BACKEND, X, Y, make_model

from hypercycle_keras import range_test

CLASSES = (X[:, :1] > 0).astype("float32")
WEIGHTS = np.random.default_rng(1).uniform(0.1, 2.0, size=len(X)).astype("float32")
SWEEP = {"start": 1e-3, "end": 0.1, "steps": 12}


def compiled(model=None, loss="mse", **more):
    model = make_model() if model is None else model
    model.compile(keras.optimizers.SGD(momentum=0.5), loss, **more)
    return model


def by_hand(batches, model):
    """The losses of train_on_batch with a rate assigned before each batch."""
    model.run_eagerly = True
    losses = []
    for rate, batch in zip(np.geomspace(1e-3, 0.1, 12), batches, strict=True):
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        losses.append(model.train_on_batch(*batch))
    return losses


def swept(model, *data, **more):
    np.random.seed(5)  # noqa: NPY002
    return range_test(model, *data, batch_size=8, **more, **SWEEP)


def shuffled(*arrays):
    """The batches that are made of arrays, in the order that NumPy's random state gives."""
    np.random.seed(5)  # noqa: NPY002
    order = np.random.permutation(len(X))  # noqa: NPY002
    return [
        keras.tree.map_structure(lambda leaf, rows=order[i : i + 8]: leaf[rows], arrays)
        for i in range(0, len(X), 8)
    ]


def assert_same(test, expected):
    np.testing.assert_allclose(test.losses, expected, rtol=1e-4)


def two_inputs(kind):
    keras.utils.set_random_seed(2)
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    outputs = keras.layers.Dense(1)(keras.layers.Concatenate()([a, b]))
    return compiled(keras.Model({"a": a, "b": b} if kind is dict else [a, b], outputs))


@pytest.mark.parametrize("kind", [dict, list, tuple])
def test_several_inputs(kind):
    x = {"a": X, "b": 2 * X}
    x = x if kind is dict else kind(x.values())
    expected = by_hand(shuffled(x, Y), two_inputs(kind))
    assert_same(swept(two_inputs(kind), x, Y), expected)


def test_tensors_are_arrays():
    expected = swept(compiled(), X, Y).losses
    x, y = map(keras.ops.convert_to_tensor, (X, Y))
    assert_same(swept(compiled(), x, y), expected)


def test_data_frames_are_arrays():
    pandas = pytest.importorskip("pandas")
    expected = swept(compiled(), X, Y).losses
    x, y = pandas.DataFrame(X), pandas.Series(Y[:, 0])
    assert_same(swept(compiled(), x, y), expected)


def test_weights_of_samples_and_of_classes():
    expected = by_hand(shuffled(X, Y, WEIGHTS), compiled())
    assert_same(swept(compiled(), X, Y, sample_weight=WEIGHTS), expected)

    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    by_class = np.where(CLASSES[:, 0] == 1, 3.0, 0.2).astype("float32")
    expected = by_hand(shuffled(X, CLASSES, by_class), compiled(loss=loss))
    assert_same(swept(compiled(loss=loss), X, CLASSES, class_weight={0: 0.2, 1: 3.0}), expected)


class Sorted(keras.utils.PyDataset):
    """Turns its order round at the end of each epoch."""

    def __init__(self, number=3):
        super().__init__()
        self.number, self.order, self.ends = number, list(range(3)), 0

    @property
    def num_batches(self):
        return self.number

    def __getitem__(self, index):
        first = 8 * self.order[index % 3]
        return X[first : first + 8], Y[first : first + 8]

    def on_epoch_end(self):
        self.ends += 1
        self.order.reverse()


def test_the_end_of_an_epoch_is_told_to_a_dataset():
    dataset = Sorted()
    test = range_test(compiled(), dataset, **SWEEP)
    assert dataset.ends == 3  # the fourth epoch is left at its last batch
    order = [0, 1, 2, 2, 1, 0] * 2
    batches = [(X[8 * one : 8 * one + 8], Y[8 * one : 8 * one + 8]) for one in order]
    assert_same(test, by_hand(batches, compiled()))


def test_a_dataset_without_an_end():
    dataset = Sorted(number=None)
    assert len(range_test(compiled(), dataset, **SWEEP).values) == 12
    assert dataset.ends == 0


def test_a_generator_is_wrapped_in_the_function_that_makes_it():
    def make():
        for first in range(0, 32, 8):
            yield X[first : first + 8], Y[first : first + 8]

    model = compiled()
    with pytest.raises(TypeError, match="would be consumed, pass the loader, a list or the functi"):
        range_test(model, make(), **SWEEP)
    batches = list(make()) * 3
    assert_same(range_test(model, make, **SWEEP), by_hand(batches, compiled()))


class Autoencoder(keras.Model):
    """Computes its loss of x alone."""

    def __init__(self):
        super().__init__()
        keras.utils.set_random_seed(3)
        self.dense = keras.layers.Dense(5)
        self.build((None, 5))

    def build(self, shape):
        self.dense.build(shape)
        self.built = True

    def call(self, x):
        return self.dense(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean((x - y_pred) ** 2)


def test_a_model_that_needs_no_targets():
    def model():
        return compiled(Autoencoder(), loss=None)

    def tensors(batches):  # as fit makes them
        return keras.tree.map_structure(keras.ops.convert_to_tensor, batches)

    assert_same(swept(model(), X), by_hand(tensors(shuffled(X)), model()))
    batches = [X[i : i + 8] for i in range(0, len(X), 8)]
    expected = by_hand(tensors(list(zip(batches, strict=True))), model())
    assert_same(range_test(model(), batches, **SWEEP), expected)


@pytest.mark.parametrize(
    ("data", "more", "text"),
    [
        (({"a": X, "b": X},), {}, "arrays x and y must have a target for each sample, got no y"),
        (({"a": X, "b": X[:9]}, Y), {}, "for each sample, got 96 and 9 and 96 of them"),
        (([X, X],), {}, "x is a list of 2 arrays without targets: give y beside it, range_test"),
        (((X, Y),), {}, "x is a tuple of 2 arrays without targets"),
        (
            ([(X, Y)],),
            {"sample_weight": WEIGHTS},
            "sample_weight belongs to arrays: batches in x bring their targets",
        ),
        ((Sorted(), Y), {}, "y belongs to arrays"),
        ((X, [0.5] * 96), {}, "lists and dicts of arrays, got 0.5 in one of them: np.asarray"),
    ],
)
def test_bad_data(data, more, text):
    with pytest.raises(ValueError, match=text):
        range_test(compiled(), *data, **more)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.data is of TensorFlow")
def test_a_dataset_of_tensorflow():
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    batches = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, 96, 8)]
    assert_same(range_test(compiled(), dataset, **SWEEP), by_hand(batches, compiled()))
