"""The demo with Keras runs, and cycles what PyTorch's does."""

import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest

import hypercycle as hc
import hypercycle_torch

torch = pytest.importorskip("torch")
for name in ("matplotlib", "sklearn", "tqdm"):
    pytest.importorskip(name)

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
NAMES = ("lr", "momentum", "weight_decay")
POLICIES = ["fixed", "triangular", "triangular2", "exp_range"]
STEPS = 600


@pytest.fixture(scope="module", autouse=True)
def _examples_are_importable():
    """As the scripts import their neighbour."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "Agg")
        patch.syspath_prepend(EXAMPLES)
        yield


@pytest.fixture(scope="module")
def plans():
    """As the demo makes them."""
    import digits

    x = np.linspace(-6.0, 0.0, 60)
    accuracy = 0.1 + 0.8 / (1.0 + np.exp(-3.0 * (x + 2.0)))
    bounds = hc.RangeTest(10.0**x, np.ones(60), {"accuracy": accuracy}).bounds("accuracy")
    assert 0.001 < bounds.low < bounds.high / 10
    return {"fixed": digits.fixed_plan(0.05)} | digits.cycled_plans(bounds, 50)


def values_in_pytorch(plan):
    """The values of each step in PyTorch's demo."""
    hc.register_plugin(hypercycle_torch)
    optimizer = torch.optim.SGD([torch.ones(3, requires_grad=True)])
    cycler = hc.attach(optimizer, plan)
    values = []
    for _ in range(STEPS):
        values.append([optimizer.param_groups[0][name] for name in NAMES])
        optimizer.step()
        cycler.step()
    return np.array(values)


class Telling(keras.optimizers.SGD):
    """What takes the place of the demo's SGD: weights become the values that take effect."""

    def update_step(self, gradient, variable, learning_rate):
        values = [learning_rate, self.momentum, self.weight_decay]
        told = keras.ops.stack([keras.ops.cast(value, "float32") for value in values])
        self.assign(variable, keras.ops.reshape(told, variable.shape))


@pytest.mark.parametrize("policy", POLICIES)
def test_values_are_those_of_pytorch_at_every_step(plans, policy):
    plan = plans[policy]
    expected = values_in_pytorch(plan)
    assert expected.shape == (STEPS, 3)
    if policy != "fixed":
        assert (np.ptp(expected, axis=0) > 0).all()
    planned = plan(np.arange(STEPS))
    for column, name in zip(expected.T, NAMES, strict=True):
        np.testing.assert_array_equal(column, planned[name])

    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=hc.attach(Telling(), plan), loss="mse")
    told = []
    for _ in range(STEPS):
        model.train_on_batch(np.ones((1, 3)), np.ones((1, 1)))
        told.append(model.get_weights()[0].ravel())
    np.testing.assert_array_equal(told, expected.astype("float32"))


def assigned_by_hand(plan, seed, iterations, images, digits):
    """What a plain optimizer trains, step by step in Python."""
    from digits_keras import batches, network

    keras.utils.set_random_seed(seed)
    model = network()
    first = plan(0)
    model.compile(
        keras.optimizers.SGD(
            first["lr"], momentum=first["momentum"], weight_decay=first["weight_decay"]
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    for step, rows in zip(range(iterations), batches(len(digits), seed), strict=False):
        values = plan(step)
        model.optimizer.learning_rate = values["lr"]
        model.optimizer.momentum = values["momentum"]
        model.optimizer.weight_decay = values["weight_decay"]
        model.train_on_batch(images[rows], digits[rows])
    return model


def test_trains_as_if_the_values_were_assigned_at_every_step():
    from digits import MOMENTUM, load_splits
    from digits_keras import following, training

    # More weight decay than the demo's, so that it shows after so few steps.
    rate = hc.triangular(0.005, 0.1, 10)
    decay = hc.Cycle(0.01, 0.5, 10)
    plan = hc.Plan(lr=rate, momentum=rate.opposite(*MOMENTUM), weight_decay=decay)
    splits = load_splits()
    images = {name: split.images[..., np.newaxis] for name, split in splits.items()}
    next(training(plan, 1, splits))  # nothing of this training may be left in the next
    *_, measured = islice(training(plan, 0, splits), 3)

    model = following(plan)
    expected = assigned_by_hand(plan, 0, 30, images["train"], splits["train"].digits)
    for own, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-5)

    for name, accuracy in (("test", measured.accuracy), ("validation", measured.validation)):
        right = model.predict_on_batch(images[name]).argmax(axis=1) == splits[name].digits
        assert accuracy == pytest.approx(right.mean())
    logits = model.predict_on_batch(images["test"]).astype("float64")
    of_digit = logits[np.arange(len(logits)), splits["test"].digits]
    loss = np.log(np.exp(logits).sum(axis=1)) - of_digit
    assert measured.loss == pytest.approx(loss.mean(), rel=1e-4)


def test_prints_the_table_and_saves_the_plots(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "digits_keras.py"), "--quick"],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8", "XLA_FLAGS": ""},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"Backend of Keras: {keras.backend.backend()} (KERAS_BACKEND chooses)"
    # All but the last line, a path as long as the folder is deep.
    assert max(map(len, lines[:-1])) <= 80
    number = r"\d+\.\d ± \d+\.\d"
    for policy in POLICIES:
        rows = [line for line in lines if re.match(rf"{policy} +({number} +){{3}}", line)]
        assert len(rows) == 1, done.stdout
        accuracies = [float(value) for value in re.findall(r"(\d+\.\d) ±", rows[0])]
        assert 20 < accuracies[-1] <= 100  # ten classes: it has learned something
    cycle, *between = re.search(
        r"Cycles: (\d+) iterations, between (\S+) and (\S+)$", done.stdout, re.MULTILINE
    ).groups()
    cycle = int(cycle)
    # The bounds that the range test has found, with intervals and reasons.
    found = re.findall(r"^  (\w+) +(\S+)  +(\S+) to (\S+)  +[a-z]", done.stdout, re.MULTILINE)
    assert [row[0] for row in found] == ["low", "steepest", "best", "high"]
    assert between == [found[0][1], found[3][1]]
    for _, value, first, last in found:
        assert 1e-6 < float(first) <= float(value) <= float(last) < 10.0
    stopped = re.findall(r"^ +\d+ +\d+ +\S+ +(\d+) +\S+$", done.stdout, re.MULTILINE)
    assert len(stopped) == 2, done.stdout
    assert all(int(step) % cycle == 0 for step in stopped)
    plots = tmp_path / "demo-output"
    assert lines[-1] == f"Plots: {plots}{os.sep}"
    found = sorted(path.name for path in plots.iterdir())
    assert found == ["accuracy.png", "loss.png", "range-test.png", "schedules.png"]
