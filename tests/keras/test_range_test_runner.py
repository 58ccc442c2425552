"""hypercycle_keras.range_test: finds bounds, and leaves no trace."""

import random

import keras
import numpy as np
import pytest
from keras_models import BACKEND, X, Y, make_model
from sklearn.datasets import load_digits

import hypercycle as hc
from hypercycle_keras import range_test

_images, _digits = load_digits(return_X_y=True)
IMAGES, DIGITS = (_images / 16).astype("float32"), _digits.astype("int32")


def digits_model(optimizer):
    """A model with all kinds of state: BatchNorm's averages, Dropout's seed, metrics."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(16),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def everything(model):
    variables = [*model.variables, *model.optimizer.variables]
    return [keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(one)) for one in variables]


def test_bounds_on_digits():
    model = digits_model(keras.optimizers.SGD(momentum=0.9))
    test = range_test(model, IMAGES, DIGITS, start=1e-5, steps=150)
    bounds = test.bounds()
    assert bounds
    assert 1e-4 < bounds.low < bounds.high < 5
    lr = bounds.cycle(step_size_up=56)
    model.compile(
        hc.attach(keras.optimizers.SGD(momentum=0.9), lr=lr), model.loss, metrics=["accuracy"]
    )
    history = model.fit(IMAGES, DIGITS, epochs=4, verbose=0)
    assert history.history["accuracy"][-1] > 0.7


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.SGD(0.1, momentum=0.9),
        lambda: keras.optimizers.Adam(1e-3),
        lambda: hc.attach(keras.optimizers.SGD(), lr=hc.Cycle(0.01, 0.1, 20), momentum=0.9),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=8.0),
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 100)),
    ],
    ids=["SGD", "Adam", "cycled", "LossScale", "schedule"],
)
def test_training_goes_on_bit_for_bit_as_without_it(make):
    def run(*, tested):
        model = digits_model(make())
        # The first fit makes metrics and the optimizer's variables, once.
        model.fit(IMAGES[:320], DIGITS[:320], verbose=0)
        step, optimizer = model.train_function, model.optimizer
        if tested:
            test = range_test(model, IMAGES, DIGITS, start=1e-3, end=1.0, steps=12, repeats=2)
            assert test.losses.shape == (2, 12)
            assert model.train_function is step
            assert model.optimizer is optimizer
        model.fit(IMAGES[:320], DIGITS[:320], epochs=2, verbose=0)
        return [random.random(), np.random.random(), *everything(model)]  # noqa: NPY002

    for one, other in zip(run(tested=True), run(tested=False), strict=True):
        np.testing.assert_array_equal(one, other)


class Shuffling:
    """Batches that are shuffled when they are asked for an iterator."""

    def __iter__(self):
        order = np.random.permutation(len(X))  # noqa: NPY002
        return iter([(X[order[:8]], Y[order[:8]])])


def test_random_states_stay_where_the_loader_draws_for_an_iterator():
    model = make_model()
    model.compile(keras.optimizers.SGD(), "mse")
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    range_test(model, Shuffling(), end=0.1, steps=10)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_a_loader_of_pytorch():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True)
    model = make_model()
    model.compile(keras.optimizers.SGD(), "mse")
    before = torch.get_rng_state()
    test = range_test(model, loader, start=1e-3, end=0.1, steps=30)
    assert np.isfinite(test.losses).all()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            {"metrics": abs},
            TypeError,
            r"metrics must be \{name: function\(model\)\}, got <built-in",
        ),
        ({"metrics": {"loss": abs}}, ValueError, "a metric cannot be called 'loss'"),
        ({"metrics": {"one": lambda _: "a"}, "metrics_every": 1}, TypeError, "'one'.*'a'|one.*'a'"),
        (
            {"metrics": {"one": lambda _: 1.0}, "metrics_every": 11},
            ValueError,
            "metrics_every=11 is more than the 10 steps of the sweep: nothing would be measured",
        ),
    ],
)
def test_bad_metrics(arguments, error, text):
    model = make_model()
    model.compile(keras.optimizers.SGD(), "mse")
    before = everything(model)
    with pytest.raises(error, match=text):
        range_test(model, X, Y, end=0.1, steps=10, **arguments)
    for one, other in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_after_an_error_everything_is_as_it_was(error):
    model = digits_model(keras.optimizers.Adam(1e-3))
    model.fit(IMAGES[:320], DIGITS[:320], verbose=0)
    before, optimizer, step = everything(model), model.optimizer, model.train_function
    state = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002

    class Broken:
        def __iter__(self):
            for first in range(0, 160, 32):
                yield IMAGES[first : first + 32], DIGITS[first : first + 32]
            raise error

    with pytest.raises(error):
        range_test(model, Broken())
    for one, other in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert model.optimizer is optimizer
    assert model.train_function is step
    assert (random.getstate(), np.random.get_state()[1].tolist()) == state  # noqa: NPY002


def test_the_losses_are_those_of_training_by_hand():
    batches = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, len(X), 8)]
    model = make_model()
    model.compile(keras.optimizers.SGD(momentum=0.5), "mse")
    test = range_test(model, batches, start=1e-3, end=0.1, steps=20)
    model = make_model()
    optimizer = keras.optimizers.SGD(momentum=0.5)
    model.compile(optimizer, "mse", run_eagerly=True)
    expected = []
    for index, value in enumerate(np.geomspace(1e-3, 0.1, 20)):
        model.optimizer.learning_rate = value
        model.reset_metrics()
        expected.append(model.train_on_batch(*batches[index % 12]))
    np.testing.assert_allclose(test.losses, expected, rtol=1e-4)


@pytest.mark.parametrize("kind", ["SGD", "LossScale"])
def test_the_sweep_of_a_trained_model_begins_with_new_slots(kind):
    """The velocity of Keras's SGD is in units of the rate that it was made with."""
    batches = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, len(X), 8)]

    def compiled(model):
        optimizer = keras.optimizers.SGD(0.1, momentum=0.95)
        if kind == "LossScale":
            adam = keras.optimizers.Adam(0.1)
            optimizer = keras.optimizers.LossScaleOptimizer(adam, initial_scale=8.0)
        model.compile(optimizer, "mse")
        return model

    trained = compiled(make_model())
    trained.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    fresh = compiled(make_model())
    fresh.set_weights(trained.get_weights())
    before, iterations = everything(trained), int(trained.optimizer.iterations.numpy())
    sweep = {"start": 1e-5, "end": 0.1, "steps": 20}
    test = range_test(trained, batches, **sweep)
    np.testing.assert_allclose(test.losses, range_test(fresh, batches, **sweep).losses, rtol=1e-5)
    assert iterations == int(trained.optimizer.iterations.numpy()) == 24
    for one, other in zip(everything(trained), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_any_hyperparameter_and_linear_sweeps():
    model = digits_model(keras.optimizers.SGD(0.05, momentum=0.5))
    arguments = {"name": "momentum", "start": 0.5, "end": 0.95, "spacing": "linear", "steps": 12}
    test = range_test(model, IMAGES, DIGITS, **arguments)
    assert (test.name, test.axis) == ("momentum", "linear")
    assert test.values.tolist() == np.linspace(0.5, 0.95, 12).tolist()
    with pytest.raises(ValueError, match="SGD has no hyperparameter 'momemtum'"):
        range_test(model, IMAGES, DIGITS, **(arguments | {"name": "momemtum"}))
    with pytest.raises(ValueError, match=r"accepts values in \[0, 1\], its schedule gives 1.5"):
        range_test(model, IMAGES, DIGITS, **(arguments | {"end": 1.5}))
    with pytest.raises(ValueError, match="a range test of 'momentum' needs its start and end"):
        range_test(model, IMAGES, DIGITS, name="momentum")
    assert type(model.optimizer).__name__ == "SGD"


def test_accumulated_batches_are_one_update():
    batches = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, len(X), 8)]
    pairs = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, len(X), 16)]

    def losses(data, **more):
        model = make_model()
        model.compile(keras.optimizers.SGD(**more), "mse")
        return range_test(model, data, start=1e-3, end=0.1, steps=10).losses

    two = losses(batches, gradient_accumulation_steps=2)
    np.testing.assert_allclose(two, losses(pairs), rtol=1e-4)


def test_metrics_are_measured_after_every_so_many_updates():
    model = digits_model(keras.optimizers.SGD(momentum=0.9))

    def accuracy(model):
        return (model.predict(IMAGES[:200], verbose=0).argmax(axis=1) == DIGITS[:200]).mean()

    test = range_test(
        model, IMAGES, DIGITS, start=1e-2, end=0.3, steps=30,
        metrics={"accuracy": accuracy}, metrics_every=15,
    )  # fmt: skip
    assert np.flatnonzero(np.isfinite(test.metrics["accuracy"])).tolist() == [14, 29]


def test_compiled_metrics_are_those_of_each_batch():
    batches = [(IMAGES[i : i + 32], DIGITS[i : i + 32]) for i in range(0, 320, 32)]
    tests = [
        range_test(
            digits_model(keras.optimizers.SGD(momentum=0.9)), batches, start=0.01, end=0.3,
            steps=20, metrics=metrics,
        )
        for metrics in (["accuracy"], {"a": "accuracy", "one": lambda _: 1.0})
    ]  # fmt: skip
    model = digits_model(keras.optimizers.SGD(momentum=0.9))
    model.run_eagerly = True
    expected = []
    for index, rate in enumerate(np.geomspace(0.01, 0.3, 20)):
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        expected.append(model.train_on_batch(*batches[index % 10], return_dict=True)["accuracy"])
    # An answer near to another one may change sides where a step is compiled.
    for accuracy in (tests[0].metrics["accuracy"], tests[1].metrics["a"]):
        np.testing.assert_allclose(accuracy, np.array(expected, dtype=float), atol=1.1 / 32)
    assert np.flatnonzero(np.isfinite(tests[1].metrics["one"])).tolist() == [9, 19]
    assert len(set(tests[0].metrics["accuracy"].tolist())) > 5


def test_metrics_that_the_model_has_not():
    model = digits_model(keras.optimizers.SGD(momentum=0.9))
    before = everything(model)
    with pytest.raises(ValueError, match=r"no metric 'acc', but 'accuracy': a compiled metric is"):
        range_test(model, IMAGES, DIGITS, steps=10, metrics=["acc"])
    with pytest.raises(ValueError, match="a metric cannot be called 'loss'"):
        range_test(model, IMAGES, DIGITS, steps=10, metrics=["loss"])
    for one, other in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_metrics_are_not_measured_after_what_is_not_finite():
    model = make_model()
    model.compile(keras.optimizers.SGD(), "mse")
    batches = [(X[:8], Y[:8])] * 7 + [(X[:8], np.full_like(Y[:8], np.nan))]
    measured = []

    def metric(model):
        measured.append(1)
        return 1.0

    test = range_test(model, batches, end=1e-3, steps=20, metrics={"one": metric}, metrics_every=4)
    assert len(test.values) == 8
    assert not np.isfinite(test.losses[-1])
    assert np.flatnonzero(np.isfinite(test.metrics["one"])).tolist() == [3]
    assert len(measured) == 1


class Batches(keras.utils.PyDataset):
    @property
    def num_batches(self):
        return 3

    def __getitem__(self, index):
        return X[8 * index : 8 * index + 8], Y[8 * index : 8 * index + 8], np.ones(8)


def test_a_dataset_of_keras():
    model = make_model()
    model.compile(keras.optimizers.SGD(), "mse")
    assert len(range_test(model, Batches(), end=0.01, steps=10).values) == 10


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ((X,), ValueError, "arrays x and y must have a target for each sample, got no y"),
        ((X, Y[:3]), ValueError, "got 96 and 3 of them"),
        ((X[:4], Y[:4]), ValueError, "there are 4 samples, fewer than batch_size=32"),
        (([],), ValueError, "x is empty: there are no batches to train on"),
        ((iter([(X, Y)]),), TypeError, "got the iterator.*its batches would be consumed"),
        (
            (3,),
            TypeError,
            "x must be a loader, a list or another iterable of batches, got 3",
        ),
        (([(X, Y)], Y), ValueError, "y belongs to arrays"),
    ],
    ids=["no y", "few y", "few samples", "empty", "iterator", "number", "y beside batches"],
)
def test_bad_data(data, error, text):
    model = make_model()
    model.compile(keras.optimizers.SGD(), "mse")
    before = everything(model)
    with pytest.raises(error, match=text):
        range_test(model, *data)
    for one, other in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_bad_models():
    with pytest.raises(TypeError, match=r"expected a keras\.Model, got 3"):
        range_test(3, X, Y)
    with pytest.raises(ValueError, match="the model is not compiled"):
        range_test(make_model(), X, Y)
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    unbuilt.compile(keras.optimizers.SGD(), "mse")
    with pytest.raises(ValueError, match="the model is not built"):
        range_test(unbuilt, X, Y)
    with pytest.raises(ValueError, match="start must be below end"):
        range_test(unbuilt, X, Y, start=1.0, end=0.1)


@pytest.mark.skipif(not hasattr(keras.optimizers, "MultiOptimizer"), reason="an older Keras")
def test_of_several_optimizers_one_is_tested_as_the_error_says():
    model = make_model()
    first, _ = model.layers
    mapped = keras.optimizers.OptimizerMap(
        keras.optimizers.SGD(0.1), {".*second/.*": keras.optimizers.Adam(0.1)}
    )
    model.compile(keras.optimizers.MultiOptimizer(mapped), "mse")
    with pytest.raises(
        TypeError, match=r"this model has a MultiOptimizer: .*freeze the layers.*with a new optimi"
    ):
        range_test(model, X, Y, batch_size=8)
    first.trainable = False
    model.compile(keras.optimizers.Adam(0.1), "mse")
    test = range_test(model, X, Y, batch_size=8, end=1.0, steps=20)
    assert len(test.values) > 10


@pytest.mark.skipif(BACKEND == "torch", reason="refuses several steps per execution")
def test_several_steps_per_execution_come_back():
    model = make_model()
    model.compile(keras.optimizers.SGD(), "mse", steps_per_execution=4)
    range_test(model, X, Y, batch_size=8, end=0.01, steps=10)
    assert model.steps_per_execution == 4
