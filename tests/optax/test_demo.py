"""The demo with JAX runs, and cycles what PyTorch's does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import hypercycle as hc
import hypercycle_torch
from hypercycle_optax import cycled

torch = pytest.importorskip("torch")
for name in ("flax", "matplotlib", "sklearn", "tqdm"):
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


def pytorch(plan, gradients):
    """PyTorch's values of each step, and the weights after it."""
    hc.register_plugin(hypercycle_torch)
    weights = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([weights])
    cycler = hc.attach(optimizer, plan)
    values, trained = [], []
    for gradient in gradients:
        values.append([optimizer.param_groups[0][name] for name in NAMES])
        assert values[-1] == [cycler.values[name] for name in NAMES]
        weights.grad = torch.from_numpy(gradient)
        optimizer.step()
        cycler.step()
        trained.append(weights.detach().numpy().copy())
    return np.array(values), np.array(trained)


def scanned(transformation, gradients):
    """The updates of each step, in a loop that is compiled, and the weights after it."""

    def step(carry, gradient):
        weights, state = carry
        updates, state = transformation.update(gradient, state, weights)
        weights = optax.apply_updates(weights, updates)
        return (weights, state), (updates, weights)

    weights = jnp.ones(3)
    run = jax.jit(lambda carry: jax.lax.scan(step, carry, gradients)[1])
    return run((weights, transformation.init(weights)))


def telling(learning_rate: float, momentum: float, weight_decay: float):
    """What takes the place of the demo's SGD: its updates are the values that it was made with."""

    def update(updates, state, params=None):
        values = [learning_rate, momentum, weight_decay]
        return jnp.stack([jnp.asarray(value, "float32") for value in values]), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


@pytest.mark.parametrize("policy", POLICIES)
def test_values_are_those_of_pytorch_at_every_step(plans, policy):
    gradients = np.zeros((STEPS, 3), dtype="float32")
    expected, _ = pytorch(plans[policy], gradients)
    told, _ = scanned(cycled(telling, plans[policy]), gradients)
    assert expected.shape == (STEPS, 3)
    if policy != "fixed":
        assert (np.ptp(expected, axis=0) > 0).all()
    np.testing.assert_array_equal(np.asarray(told), expected.astype("float32"))


@pytest.mark.parametrize("policy", POLICIES)
def test_values_mean_what_they_mean_in_pytorch(plans, policy):
    from digits_optax import cycled_sgd

    gradients = np.random.default_rng(0).normal(size=(STEPS, 3)).astype("float32")
    _, expected = pytorch(plans[policy], gradients)
    _, trained = scanned(cycled_sgd(plans[policy]), gradients)
    np.testing.assert_allclose(np.asarray(trained), expected, rtol=1e-4, atol=1e-4)


def test_prints_the_table_and_saves_the_plots(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "digits_optax.py"), "--quick"],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8", "XLA_FLAGS": ""},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
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
