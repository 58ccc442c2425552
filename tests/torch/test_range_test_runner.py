"""Range tests of PyTorch models: what is set, what is recorded, what is refused."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch_models import snapshot

import hypercycle as hc
import hypercycle_torch
from hypercycle.range_test.sweep import Sweep

STEPS = 20


@pytest.fixture(autouse=True)
def one_thread():
    """Of small operations, threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def square(model, batch):
    return (model(batch) - 1.0).square().mean()


def scene(kind=torch.optim.SGD, *settings, **shared):
    """Return a model and an optimizer with a group for each dict of settings."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1))
    groups = [
        {"params": list(layer.parameters()), **own}
        for layer, own in zip(model, settings or ({}, {}), strict=True)
    ]
    return model, kind(groups, **({"lr": 0.1} | shared))


BATCHES = [torch.randn(8, 4, generator=torch.Generator().manual_seed(i)) for i in range(5)]


def run(model, made, loss=square, batches=BATCHES, **options):
    return hypercycle_torch.range_test(
        model, made, loss, batches, **{"steps": STEPS, "stop_early": False, **options}
    )


def plain(value):
    return value.item() if isinstance(value, torch.Tensor) else value


def seen_values(model, made, key, **options):
    """Return what each group has in the updates of a range test."""
    seen = []
    handle = made.register_step_pre_hook(
        lambda one, *_: seen.append([plain(group[key]) for group in one.param_groups])
    )
    run(model, made, **options)
    handle.remove()
    return np.array(seen)


@pytest.mark.parametrize("spacing", ["exponential", "linear"])
def test_the_losses_are_those_of_a_loop_by_hand(spacing):
    def by_hand(values):
        model, made = scene(momentum=0.9, weight_decay=0.01)
        losses = []
        for step, value in enumerate(values):
            for group in made.param_groups:
                group["lr"] = value
            made.zero_grad()
            loss = square(model, BATCHES[step % 5])
            loss.backward()
            made.step()
            losses.append(loss.item())
        return losses

    test = run(*scene(momentum=0.9, weight_decay=0.01), start=1e-3, end=0.1, spacing=spacing)
    values = Sweep(1e-3, 0.1, STEPS, spacing).values
    np.testing.assert_array_equal(test.values, values)
    assert test.losses.tolist() == by_hand(values.tolist())
    assert test.name == "lr"
    assert test.losses[-1] < test.losses[0]


def test_accumulated_batches_are_one_update():
    model, made = scene()
    averaged = run(model, made, accumulate=3)
    whole = [torch.cat([BATCHES[(3 * i + j) % 5] for j in range(3)]) for i in range(STEPS)]
    together = run(model, made, batches=whole)
    np.testing.assert_allclose(averaged.losses, together.losses, rtol=1e-4)


def test_repeats_begin_at_the_same_weights_with_other_batches():
    model, made = scene()
    loader = DataLoader(TensorDataset(torch.cat(BATCHES)), 8, shuffle=True)
    seen = []

    def loss(model, batch):
        weights = [p.detach().clone() for p in model.parameters()]
        seen.append((weights, batch[0]))
        return square(model, batch[0])

    test = run(model, made, loss, loader, repeats=3, end=0.1)
    assert test.losses.shape == (3, STEPS)
    firsts = [seen[STEPS * repeat] for repeat in range(3)]
    for weights, batch in firsts[1:]:
        assert all(map(torch.equal, weights, firsts[0][0]))
        assert not torch.equal(batch, firsts[0][1])
    single = run(model, made, loss, loader, end=0.1)
    assert not np.array_equal(test.losses[0], test.losses[1])
    assert single.losses.shape == (STEPS,)


@pytest.mark.parametrize(
    ("kind", "name", "key", "end", "read"),
    [
        (torch.optim.SGD, "momentum", "momentum", 0.99, ()),
        (torch.optim.AdamW, "weight_decay", "weight_decay", 1.0, ()),
        (torch.optim.Adam, "momentum", "betas", 0.99, (0,)),
        (torch.optim.Adam, "beta2", "betas", 0.99, (1,)),
        (torch.optim.Rprop, "etas[1]", "etas", 2.0, (1,)),
    ],
)
def test_any_hyperparameter_by_its_name(kind, name, key, end, read):
    model, made = scene(kind)
    start = 1.1 if kind is torch.optim.Rprop else 0.01
    before = [group[key] for group in made.param_groups]
    seen = seen_values(model, made, key, name=name, start=start, end=end, spacing="linear")
    expected = Sweep(start, end, STEPS, "linear").values
    for index in range(2):
        np.testing.assert_array_equal(seen[(slice(None), index, *read)], expected)
    assert [group[key] for group in made.param_groups] == before


@pytest.mark.parametrize(
    ("initial", "ratios"),
    [((0.1, 0.01), (1.0, 0.1)), ((0.5, 2.0), (0.25, 1.0)), ((0.0, 0.3), (0.0, 1.0)),
     ((0.0, 0.0), (1.0, 1.0)), ((0.2, 0.2), (1.0, 1.0))],
)  # fmt: skip
@pytest.mark.parametrize("wrap", [float, torch.tensor])
def test_groups_keep_their_ratios(initial, ratios, wrap):
    model, made = scene(torch.optim.Adam, *({"lr": wrap(value)} for value in initial))
    seen = seen_values(model, made, "lr", end=1.0)
    rtol = 1e-15 if wrap is float else 1e-6  # tensors are float32
    expected = np.outer(Sweep(1e-6, 1.0, STEPS).values, ratios)
    np.testing.assert_allclose(seen, expected, rtol=rtol)
    assert [float(group["lr"]) for group in made.param_groups] == pytest.approx(initial)


def test_a_follower_neither_writes_nor_moves():
    model, made = scene()
    cycler = hc.attach(made, lr=hc.Cycle(0.1, 0.5, 4), advance="optimizer")
    seen = seen_values(model, made, "lr")
    np.testing.assert_array_equal(seen[:, 0], Sweep(1e-6, 10.0, STEPS).values)
    assert cycler.last_epoch == 0
    made.step()
    assert cycler.last_epoch == 1


def test_metrics_are_measured_in_evaluation_mode_and_where_asked():
    model, made = scene()
    model[1].eval()
    modes = []

    def metric(one):
        assert one is model
        modes.append((torch.is_grad_enabled(), [m.training for m in one.modules()]))
        return one(BATCHES[0]).mean()

    def loss(model, batch):
        assert [m.training for m in model.modules()] == [True, True, False]
        return square(model, batch)

    test = run(model, made, loss, metrics={"output": metric, "two": lambda _: 2}, metrics_every=6)
    assert modes == [(False, [False] * 3)] * 3
    measured = np.isfinite(test.metrics["output"])
    assert np.flatnonzero(measured).tolist() == [5, 11, 17]
    assert test.metrics["two"][measured].tolist() == [2.0] * 3


def test_a_model_in_evaluation_mode_is_trained_in_training_mode():
    model, made = scene()
    model.eval()
    modes = set()

    def loss(model, batch):
        modes.update(m.training for m in model.modules())
        return square(model, batch)

    with torch.no_grad():
        run(model, made, loss)
    assert modes == {True}
    assert not any(m.training for m in model.modules())


def test_stops_at_once_where_the_loss_is_not_finite():
    model, made = scene()
    calls = []

    def loss(model, batch):
        calls.append(0)
        return square(model, batch) * (math.nan if len(calls) == 13 else 1.0)

    test = run(model, made, loss, metrics={"one": lambda _: 1.0}, metrics_every=13)
    assert len(calls) == len(test.losses) == 13
    assert math.isnan(test.losses[-1])
    assert "one" not in test.metrics


def test_stops_on_divergence():
    test = run(*scene(), steps=200, end=1e3, stop_early=True)
    assert 20 < len(test.losses) < 200
    assert math.isfinite(test.losses[-2])
    longer = run(*scene(), steps=200, end=1e3)
    assert len(longer.losses) > len(test.losses)


def test_mixed_precision_with_a_scaler_that_skips():
    model, made = scene(torch.optim.AdamW)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40, growth_interval=4)

    def loss(model, batch):
        with torch.autocast("cpu", dtype=torch.float16):
            return square(model, batch)

    plain = run(model, made, loss, end=0.1)
    scaled = run(model, made, loss, end=0.1, scaler=scaler)
    assert scaled.losses.shape == plain.losses.shape
    assert scaler.get_scale() == 2.0**40


def test_the_bar_shows_value_and_smoothed_loss(capsys):
    run(*scene(), progress=True)
    shown = capsys.readouterr().err
    assert f"{STEPS}/{STEPS}" in shown
    assert re.search(r"lr=10, loss=[\d.e+]+", shown)
    run(*scene())
    assert capsys.readouterr().err == ""


# What is refused.


def no_gradient(model, batch):
    return square(model, batch).detach()


REFUSED = [
    ({"name": "rate", "start": 0.1, "end": 1.0}, ValueError, "SGD has no hyperparameter 'rate'"),
    ({"name": "nesterov", "start": 0.1, "end": 1.0}, TypeError, "nesterov of SGD is a switch"),
    ({"name": "momentum"}, ValueError, "a range test of 'momentum' needs its start and end"),
    ({"start": 1.0, "end": 0.1}, ValueError, "a sweep goes up: start must be below end"),
    (
        {"name": "momentum", "start": 0.5, "end": 1.5},
        ValueError,
        "momentum (momentum of SGD) accepts values in [0, 1], got end=1.5",
    ),
    (
        {"start": -1.0, "end": 1.0, "spacing": "linear"},
        ValueError,
        "lr (lr of SGD) accepts values in [0, inf), got start=-1.0",
    ),
    ({"repeats": 0}, ValueError, "repeats must be at least 1, got repeats=0"),
    ({"accumulate": 1.5}, ValueError, "accumulate must be a whole number, got accumulate=1.5"),
    ({"metrics_every": True}, TypeError, "metrics_every must be a whole number, got True"),
    ({"metrics": {"one": id}, "metrics_every": 999}, ValueError, "metrics_every=999 is more than"),
    ({"metrics": abs}, TypeError, "metrics must be {name: function(model)}, got <built-in"),
    ({"metrics": {"accuracy": 0.5}}, TypeError, "metrics must be {name: function(model)}, got"),
    ({"metrics": {"loss": abs}}, ValueError, "cannot be called 'loss', which names the training"),
    ({"metrics": {"one": str}}, TypeError, "the metric 'one' must return a number, got 'Sequen"),
    ({"scaler": 2.0}, TypeError, "scaler must be a torch.amp.GradScaler, got 2.0"),
    ({"restore": [3]}, TypeError, "must have state_dict and load_state_dict, got 3"),
    ({"restore": nn.Linear(1, 1)}, TypeError, "restore must be a list of objects, got Linear"),
    (
        {"loss": "mse"},
        TypeError,
        (
            "loss must be a function loss(model, batch), or a criterion of (output, target) such "
            "as torch.nn.CrossEntropyLoss(), got 'mse'"
        ),
    ),
    ({"loss": lambda *_: 0.5}, TypeError, "loss(model, batch) must return a tensor, got 0.5"),
    (
        {"loss": lambda model, batch: model(batch)},
        ValueError,
        "must return one number, such as the mean over the batch, got a tensor of shape (8, 1)",
    ),
    ({"loss": no_gradient}, ValueError, "returned a tensor without a gradient: was it detached"),
    ({"batches": 3}, TypeError, "batches must be a loader, a list or another iterable of batches"),
    ({"batches": []}, ValueError, "batches is empty: there are no batches to train on"),
    ({"batches": iter(BATCHES)}, TypeError, "got the iterator <list_iterator object"),
    ({"batches": map(abs, BATCHES)}, TypeError, "its batches would be consumed, pass the loader"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), REFUSED)
def test_what_is_wrong_is_refused_and_changes_nothing(wrong, error, message):
    model, made = scene(momentum=0.9)
    before = snapshot(made), [p.tolist() for p in model.parameters()], torch.get_rng_state()
    with pytest.raises(error, match=re.escape(message)):
        run(model, made, **wrong)
    after = snapshot(made), [p.tolist() for p in model.parameters()], torch.get_rng_state()
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])


def test_other_wrong_models_and_optimizers_are_refused():
    model, made = scene()
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module, got <function square"):
        run(square, made)
    with pytest.raises(TypeError, match=r"optimizer must be a torch.optim.Optimizer, got Sequen"):
        run(model, model)
    with pytest.raises(TypeError, match="LBFGS needs a closure, which evaluates the loss several"):
        run(model, torch.optim.LBFGS(model.parameters()))
    nesterov = torch.optim.SGD(model.parameters(), momentum=0.9, nesterov=True)
    with pytest.raises(ValueError, match=r"SGD does not accept momentum from start=0.0: Nesterov"):
        run(model, nesterov, name="momentum", start=0.0, end=0.9, spacing="linear")
    with pytest.raises(ValueError, match="RMSprop that starts at momentum 0 cannot take up"):
        run(model, torch.optim.RMSprop(model.parameters()), name="momentum", start=0.0, end=0.9,
            spacing="linear")  # fmt: skip


def test_the_iterator_that_was_refused_has_lost_nothing():
    model, made = scene()
    iterator = iter(BATCHES)
    with pytest.raises(TypeError, match="its batches would be consumed"):
        run(model, made, batches=iterator)
    assert len(list(iterator)) == 5


def test_the_value_of_another_group_is_refused_with_the_group_that_brings_it():
    model, made = scene(torch.optim.SGD, {"own": -1.0}, {"own": 0.5})
    for group in made.param_groups:
        group["momentum"] = group.pop("own")
    with pytest.raises(ValueError, match=r"got start=0.1, in one group -0.05"):
        run(model, made, name="momentum", start=0.1, end=0.9)


# A real problem.


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    inputs = torch.from_numpy(images).float() / 16
    return TensorDataset(inputs, torch.from_numpy(labels))


def cross_entropy(model, batch):
    inputs, labels = batch
    return nn.functional.cross_entropy(model(inputs), labels)


def test_bounds_of_the_digits_are_good_to_train_with(digits):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    made = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loader = DataLoader(digits, 64, shuffle=True)

    def accuracy(model):
        inputs, labels = digits.tensors
        return (model(inputs).argmax(dim=1) == labels).float().mean()

    test = hypercycle_torch.range_test(
        model, made, cross_entropy, loader, metrics={"accuracy": accuracy}, end=100.0
    )
    bounds = test.bounds()
    assert 1e-4 < bounds.low < bounds.high
    assert 0.02 < bounds.high < 2.0
    assert bounds.low < test.values[np.nanargmax(test.metrics["accuracy"])] < 2.0

    for group in made.param_groups:
        group["lr"] = bounds.high
    for _ in range(10):
        for batch in loader:
            made.zero_grad()
            cross_entropy(model, batch).backward()
            made.step()
    assert accuracy(model) > 0.95  # 0.976 to 0.991, by the seed


# Several processes.


def test_two_processes_get_one_result_and_stop_together(tmp_path):
    script = Path(__file__).parents[1] / "support" / "torch_range_test_process.py"
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), str(rank), str(tmp_path / "store")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    first, second = (json.loads(out.splitlines()[-1]) for out, _ in outputs)
    assert first["local"] != second["local"]
    for name in ("plain", "accumulated", "stopped", "weights"):
        assert first[name] == second[name]
    means = np.mean([first["local"], second["local"]], axis=0)
    np.testing.assert_array_equal(first["plain"]["losses"], means)
    assert first["plain"]["metrics"] == {"rank": [None] * 9 + [0.5] + [None] * 9 + [0.5]}
    assert len(first["stopped"]["losses"]) == 8
    assert first["kept"]
    assert second["kept"]
    assert "20/20" in outputs[0][1]
    assert "20/20" not in outputs[1][1]
