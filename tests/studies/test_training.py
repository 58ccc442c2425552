"""What is trained: data, networks, plans, evaluations."""

import doctest
import io
import math
import tarfile
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")

import torch
from range_test_sweeps.data import AbsentError, Data
from studies import __main__ as command
from studies import step_size, training
from studies.data import cifar10_file, splits
from studies.networks import NETWORKS, begun
from studies.plans import exponential
from studies.results import Results
from studies.study import Place, Setting, evaluation_points
from studies.training import Batches, accuracy_and_loss, probabilities
from studies.tuning import final_runs, tuning_runs

import hypercycle as hc


def test_a_run_whose_loss_is_not_finite_ends_and_is_evaluated_all_the_same(run_of, tmp_path):
    setting = Setting("digits", "mlp", batch_size=32)
    run = replace(run_of(1e30), setting=setting, iterations=200, evaluated_at=(20, 100, 200))
    result = training.do(run, Place(tmp_path), lambda _: None)
    assert result.ended == "diverged"
    assert result.iterations == 20
    assert [one["iteration"] for one in result.evaluations] == [20, 100, 200]
    assert all(one["test_accuracy"] < 0.2 for one in result.evaluations)
    assert all(math.isnan(one["test_loss"]) for one in result.evaluations)


def test_every_study_makes_plans_that_are_saved_and_names_that_differ(tmp_path):
    for name in command.STUDIES:
        study = command.study_of(name)
        assert study.name == name
        names = [arm.name for arm in study.arms]
        assert len(set(names)) == len(names)
        runs = [run for arm in study.arms for run in tuning_runs(study, arm, 2)]
        trials = {run.name: run for run in runs if run.plan is not None}
        # One plan file for each way to make a plan.
        for run in {run.arm: run for run in trials.values()}.values():
            run.plan.save(tmp_path / "plan.toml")
            assert hc.Plan.load(tmp_path / "plan.toml") == run.plan
        with pytest.raises(ValueError, match=f"{name} has no arm 'none'; it has "):
            study.chosen(["none"])
        assert study.chosen(names[:1]) == study.arms[:1]


def test_all_arms_of_one_seed_begin_alike_and_see_the_same_batches():
    digits = splits("digits", None)["train"]
    first, second = (
        begun(Setting("digits", "mlp", optimizer, 32), digits, 3, "cpu")[0].state_dict()
        for optimizer in ("momentum", "adam")
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    own, other = (Batches(digits, 32, seed, "cpu") for seed in (3, 4))
    for iteration in (0, 27, 28, 1000, 5):  # an epoch has 28
        batch, again = own[iteration], Batches(digits, 32, 3, "cpu")[iteration]
        assert len(batch[0]) == 32
        assert all(map(torch.equal, batch, again))
        assert not torch.equal(batch[0], other[iteration][0])
    epoch = torch.cat([own[iteration][0] for iteration in range(28)])
    assert len(epoch.unique(dim=0)) > 0.99 * 28 * 32


def test_parts_of_the_data_do_not_overlap():
    parts = splits("digits", None)
    rows = [one.tobytes() for part in parts.values() for one in part.x]
    assert len(rows) == 1797
    assert len(set(rows)) > 1790  # some images of digits come twice
    sizes = {name: len(part.x) for name, part in parts.items()}
    assert sizes == {"test": 629, "validation": 270, "train": 898}


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return Data(rng.integers(0, 256, (20, 3, 32, 32), np.uint8), np.arange(20) % 10, 10)


def test_the_quick_network_is_that_of_caffe(images):
    torch.manual_seed(0)
    model = NETWORKS["caffe_quick"](images)
    weights = [one for one in model.parameters() if one.dim() > 1]
    assert sum(one.numel() for one in model.parameters()) == 145_578
    for one, deviation in zip(weights, (0.0001, 0.01, 0.01, 0.1, 0.1), strict=True):
        assert float(one.detach().std()) == pytest.approx(deviation, rel=0.1)
    seen = model[0](torch.from_numpy(images.x))
    expected = images.x - images.x.mean(0, keepdims=True)
    np.testing.assert_allclose(seen.numpy(), expected, atol=1e-4)
    half = NETWORKS["half_caffe_quick"](images)
    assert half(torch.from_numpy(images.x)).shape == (20, 10)
    ported = NETWORKS["ported_quick"](images)
    seen = ported[0](torch.from_numpy(images.x)).numpy()
    assert np.abs(seen.mean((0, 2, 3))).max() < 1e-5
    assert 0.4 < seen.max() < 0.6
    assert ported[1][-2].in_features == 64 * 3 * 3


def test_biases_learn_at_their_own_rate(images):
    setting = Setting("cifar10", "caffe_quick", bias_rate=2.0)
    _, optimizer = begun(setting, images, 0, "cpu")
    hc.attach(optimizer, hc.Plan(lr=0.001, momentum=0.9, weight_decay=0.004), relative="lr")
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates == [0.001, 0.002]
    assert all(one.dim() == 1 for one in optimizer.param_groups[1]["params"])


def test_accuracy_and_loss_are_means_over_all_samples(images):
    model, _ = begun(Setting("cifar10", "half_caffe_quick"), images, 0, "cpu")
    many = Data(np.concatenate([images.x] * 60), np.concatenate([images.y] * 60), 10)
    found = probabilities(model, many, "cpu")
    targets = torch.from_numpy(images.y)
    with torch.no_grad():
        outputs = model(torch.from_numpy(images.x))
        loss = float(torch.nn.functional.cross_entropy(outputs, targets))
    accuracy = float((outputs.argmax(1) == targets).float().mean())
    assert accuracy_and_loss(found, many) == pytest.approx((accuracy, loss), rel=1e-5)
    certain = torch.eye(10)[targets.roll(1)]
    accuracy, loss = accuracy_and_loss(certain, images)
    assert accuracy == 0
    assert 80 < loss < 90  # -log of the smallest float32


def test_an_ensemble_is_that_of_the_mean_probabilities(here, tmp_path, monkeypatch):
    done = Results(here, "digits")
    study = command.study_of("digits")
    run, _ = final_runs(study, study.arms[0], 2, done)
    kept = []

    def keeping(*given):
        kept.append(probabilities(*given))
        return kept[-1]

    monkeypatch.setattr(training, "probabilities", keeping)
    result = training.do(run, Place(tmp_path), lambda _: None)
    assert result.weights == done.runs[run.name]["weights"]
    mean = (kept[1] + kept[3]) / 2
    accuracy, loss = accuracy_and_loss(mean, splits("digits", None)["test"])
    last = result.evaluations[-1]
    assert (last["test_accuracy"], last["test_loss"]) == pytest.approx((accuracy, loss))
    assert done.ensembles("fixed", 0)["two"] == pytest.approx(accuracy, abs=1e-6)


def test_cifar10_is_decoded_from_an_archive_once(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    archive = tmp_path / "images.tar.xz"
    names = ("train/cat/1.png", "train/ape/0.png", "train/cat/0.png", "test/cat/0.png")
    with tarfile.open(archive, "w:xz") as opened:
        for colour, name in enumerate(names, start=1):
            content = io.BytesIO()
            image.new("RGB", (32, 32), (colour, 0, 0)).save(content, "PNG")
            member = tarfile.TarInfo(name)
            member.size = content.tell()
            content.seek(0)
            opened.addfile(member, content)
    decoded = cifar10_file(archive)
    with np.load(decoded) as arrays:
        assert arrays["x_train"][:, 0, 0, 0].tolist() == [2, 3, 1]
        assert arrays["y_train"].tolist() == [0, 1, 1]
        assert arrays["x_test"][:, 0, 0, 0].tolist() == [4]
        assert arrays["y_test"].tolist() == [1]
    written = decoded.stat().st_mtime_ns
    assert cifar10_file(archive) == cifar10_file(decoded) == decoded
    assert decoded.stat().st_mtime_ns == written
    with pytest.raises(AbsentError, match="no file"):
        cifar10_file(tmp_path / "none.tar")


def test_exponential_decay_is_that_of_the_paper():
    schedule = exponential(0.01, 70_000)
    assert schedule(1000) == pytest.approx(0.01 * 0.99994**1000)
    assert schedule(70_000) == pytest.approx(0.01 * 0.99994**70_000)


@pytest.mark.parametrize("name", ["comparing", "plans", "price_of_tuning", "step_size", "study"])
def test_what_the_docstrings_show_is_so(name):
    found = doctest.testmod(import_module(f"studies.{name}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_all_members_of_ensembles_are_evaluated():
    for arm in step_size.STUDY.arms:
        points = evaluation_points(arm.iterations, arm.evaluations)
        assert all(set(members) <= set(points) for _, members in arm.ensembles)
        lr = arm.plan(0.01, arm.iterations)["lr"]
        assert lr.is_cycle_end(arm.iterations)
        assert all(map(lr.is_cycle_end, dict(arm.ensembles)["ends"]))
        assert all(lr(at) == lr.high for at in dict(arm.ensembles)["peaks"])
