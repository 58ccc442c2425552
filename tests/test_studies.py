"""The studies: a small one from end to end, killed and resumed; their tables; their statistics."""

import csv
import doctest
import io
import itertools
import json
import math
import os
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")

import torch
from range_test_sweeps.data import AbsentError, Data
from studies import __main__ as command
from studies import comparing, price_of_tuning, step_size, training
from studies.data import cifar10_file, splits
from studies.networks import NETWORKS, begun
from studies.plans import exponential
from studies.results import EVALUATION_COLUMNS, RUN_COLUMNS, Results
from studies.study import Arm, Grid, Place, Result, Run, Setting, Study, evaluation_points
from studies.training import accuracy_and_loss, probabilities
from studies.tuning import best_rate, final_runs, tuning_runs

import hypercycle as hc

ROOT = Path(__file__).parent.parent
SECONDS = {"wall_seconds", "cpu_seconds"}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The folder of results of the study of digits, run in this process."""
    folder = tmp_path_factory.mktemp("here")
    command.main(["run", "digits", "--results", str(folder), "--processes", "0"])
    return folder


def started(folder, *options):
    """Start the command in a group of processes of its own."""
    paths = [ROOT, ROOT / "adapters", ROOT / "benchmarks", os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", "studies", "run", "digits", "--results", folder, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"},
    )


def finished(process):
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed


def tables(folder):
    """Return both tables without what differs from time to time, in one order."""
    results = Results(folder, "digits")
    rows = [{k: v for k, v in row.items() if k not in SECONDS} for row in results.evaluations]
    return sorted(rows, key=lambda row: (row["run"], int(row["iteration"]))), results.runs


# From end to end.


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux has them")
def test_a_study_that_is_killed_goes_on_in_processes_to_the_bits_of_this_one(here, tmp_path):
    killed = started(tmp_path, "--processes", "1", "--checkpoint-seconds", "0")
    runs = tmp_path / "runs" / "digits"
    deadline = time.monotonic() + 60
    while not (begun_runs := list(runs.glob("one_cycle-*/checkpoint.pt"))):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=30)  # what its workers write to closes when they end too
    assert not (begun_runs[0].parent / "result.json").exists()
    assert begun_runs[0].parent.name not in Results(tmp_path, "digits").runs
    finished(started(tmp_path, "--processes", "2"))
    assert tables(tmp_path) == tables(here)
    assert not list(runs.glob("*/checkpoint.pt"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks what has imported PyTorch")
def test_a_run_that_is_killed_at_any_moment_ends_with_the_same_bits(tmp_path):
    paths = [ROOT, ROOT / "adapters", ROOT / "benchmarks"]
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "studies_killed.py", tmp_path, "6"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["resumed"]) >= 2
    assert all(first < second for first, second in itertools.pairwise(told["resumed"]))
    whole, killed, again = told["results"]
    assert again == killed
    for one in (whole, killed):
        assert one["ended"] == "end"
        for row in one["evaluations"]:
            assert all(row.pop(name) >= 0 for name in SECONDS)
    assert killed == whole


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_ray_makes_the_same_results(here, tmp_path):
    finished(started(tmp_path, "--ray", "--processes", "2"))
    assert tables(tmp_path) == tables(here)


def test_what_is_done_is_not_done_again(here, capsys):
    before = {path: path.read_bytes() for path in here.glob("*.csv")}
    command.main(["run", "digits", "--results", str(here), "--processes", "0"])
    assert {path: path.read_bytes() for path in here.glob("*.csv")} == before
    assert capsys.readouterr().out == ""
    command.main(["status", "digits", "--results", str(here)])
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["digits: 6 of 6 runs", "  fixed: 2 of 2; tuning 2 of 2"]


def test_says_what_there_is_and_what_it_takes(tmp_path, capsys):
    command.main(["list"])
    printed = capsys.readouterr().out
    assert all(f"{name}: " in printed for name in command.STUDIES)
    assert "\n  3 arms, 6 runs, 1,200 iterations, tuning 440\n" in printed
    command.main(["list", "digits"])
    assert "  fixed: 2 seeds x 200 iterations, tuning 120\n" in capsys.readouterr().out
    command.main(["status", "--results", str(tmp_path)])
    assert "digits: 0 of 6 runs\n" in capsys.readouterr().out


def test_other_seeds_give_other_bits(here):
    _, runs = tables(here)
    final = [row["weights"] for row in runs.values() if row["kind"] == "final"]
    assert len(set(final)) == len(final) == 6


# The tables.


def test_the_tables_are_tidy(here):
    with (here / "digits.csv").open(newline="") as file:
        evaluations = list(csv.DictReader(file))
    with (here / "digits-runs.csv").open(newline="") as file:
        runs = {row["run"]: row for row in csv.DictReader(file)}
    assert tuple(evaluations[0]) == EVALUATION_COLUMNS
    assert tuple(next(iter(runs.values()))) == RUN_COLUMNS
    assert len(runs) == 2 * 2 + 2 + 3 * 2
    assert {row["run"] for row in evaluations} == set(runs)
    keys = [(row["run"], row["iteration"], row["ensemble"]) for row in evaluations]
    assert len(set(keys)) == len(keys)
    for row in evaluations:
        assert int(row["iteration"]) <= int(runs[row["run"]]["iterations"])
        measured = {name for name in row if name.endswith("accuracy") and row[name]}
        parts = {"tuning": ["validation"], "final": ["test"], "range test": []}[row["kind"]]
        assert measured == {f"{part}_accuracy" for part in parts}
        assert all(0 <= float(row[name]) <= 1 for name in measured)
    for row in runs.values():
        assert row["ended"] == "end"
        assert row["device"] == "cpu"
        assert f"torch {torch.__version__}" in row["versions"]
        assert "hypercycle" in row["versions"]
        assert row["hardware"]


def test_each_run_follows_the_plan_file_in_its_folder(here):
    runs = Results(here, "digits").runs
    for name, row in runs.items():
        folder = here / "runs" / "digits" / name
        if row["kind"] == "range test":
            assert json.loads(row["bounds"])["low"] < json.loads(row["bounds"])["high"]
            assert row["plan"] == ""
        else:
            saved = hc.Plan.load(folder / "plan.toml")
            assert hc.Plan.from_dict(json.loads(row["plan"])) == saved
    bounds = [json.loads(row["bounds"]) for row in runs.values() if row["bounds"]]
    cycles = [
        hc.Plan.from_dict(json.loads(row["plan"]))["lr"]
        for row in runs.values()
        if (row["arm"], row["kind"]) == ("range_test", "final")
    ]
    assert [(one["low"], one["high"]) for one in bounds] == [(one.low, one.high) for one in cycles]


def test_tuning_is_counted_and_its_best_rate_taken(here):
    results = Results(here, "digits")
    study = command.study_of("digits")
    for arm in study.arms[:2]:
        assert results.tuning_iterations(arm.name) == 120
        trials = list(tuning_runs(study, arm, 2))
        rates = {one.rate: results.last(one.name, "validation_accuracy") for one in trials}
        best = max(rates, key=rates.get)
        assert best_rate(trials, results) == best
        assert {one.rate for one in final_runs(study, arm, 2, results)} == {best}
    assert list(results.curve("fixed", 0)) == [50, 100, 150, 200]
    assert results.seeds("fixed") == [0, 1]


def test_what_a_killed_command_left_in_the_tables_is_removed(here, tmp_path):
    texts = {name: (here / name).read_text() for name in ("digits.csv", "digits-runs.csv")}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    *_, last = Results(tmp_path, "digits").runs
    runs = texts["digits-runs.csv"]
    (tmp_path / "digits-runs.csv").write_text(runs[: runs.index(last) + 30])
    results = Results(tmp_path, "digits")
    results.repair()
    assert last not in results.runs
    assert last not in (tmp_path / "digits.csv").read_text()
    assert last not in (tmp_path / "digits-runs.csv").read_text()
    (tmp_path / "digits.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has the columns"):
        Results(tmp_path, "digits")


def run_of(rate, seed=0):
    plan = hc.Plan(lr=rate)
    return Run(
        *("made", "arm", "final", seed, Setting("digits", "mlp"), plan, rate, 10),
        *((10,), ("train",), ("test",)),
    )


def test_an_arm_that_is_defined_otherwise_takes_the_place_of_what_it_was(tmp_path):
    results = Results(tmp_path, "made")
    results.repair()
    for rate, accuracy, seed in ((0.1, 0.5, 0), (0.1, 0.6, 1), (0.2, 0.7, 0)):
        results.add(
            run_of(rate, seed),
            Result(
                "end", 10, [{"iteration": 10, "test_accuracy": accuracy, "test_loss": math.nan}]
            ),
        )
    for each in (results, Results(tmp_path, "made")):
        assert set(each.runs) == {run_of(0.1, 1).name, run_of(0.2).name}
        assert [each.curve("arm", seed) for seed in (0, 1)] == [{10: 0.7}, {10: 0.6}]
        assert [row["test_loss"] for row in each.evaluations] == ["", ""]


def test_a_name_tells_all_that_decides_the_bits():
    run = run_of(0.1)
    others = [
        run_of(0.2),
        replace(run, seed=1),
        replace(run, iterations=20),
        replace(run, setting=Setting("digits", "mlp", batch_size=32)),
        replace(run, plan=hc.Plan(lr=0.1, momentum=0.9)),
        replace(run, trained_on=("train", "validation")),
    ]
    assert len({run.name, *(one.name for one in others)}) == 1 + len(others)
    assert run.name == run_of(0.1).name


# What is trained.


def test_a_run_whose_loss_is_not_finite_ends_and_is_evaluated_all_the_same(tmp_path):
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
    with pytest.raises(SystemExit, match="--data PATH tells where it is"):
        command.main(["run", "cifar10", "--results", str(tmp_path)])


def test_exponential_decay_is_that_of_the_paper():
    schedule = exponential(0.01, 70_000)
    assert schedule(1000) == pytest.approx(0.01 * 0.99994**1000)
    assert schedule(70_000) == pytest.approx(0.01 * 0.99994**70_000)


@pytest.mark.parametrize("name", ["comparing", "plans", "price_of_tuning", "step_size", "study"])
def test_what_the_docstrings_show_is_so(name):
    found = doctest.testmod(import_module(f"studies.{name}"))
    assert found.attempted > 0
    assert found.failed == 0


# The statistics.


OWN, OTHER = [71.0, 72.5, 70.2, 73.1, 71.9], [70.1, 72.0, 70.6, 71.8, 71.5]


def test_a_paired_difference_is_that_of_scipy():
    found = comparing.difference(OWN, OTHER)
    test = stats.ttest_rel(OWN, OTHER)
    interval = test.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.mean == pytest.approx(0.54)
    assert found.count == 5


def test_an_interval_is_that_of_the_tables():
    # Of 1, 2, 3: the mean is 2, the deviation 1, and t with two degrees of freedom 4.303.
    found = comparing.estimate([1.0, 2.0, 3.0])
    assert found.high - 2 == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    alone = comparing.estimate([1.0])
    assert (alone.mean, alone.count) == (1.0, 1)
    assert math.isnan(alone.low)


def test_a_ratio_is_a_geometric_mean():
    found = comparing.ratio([1000, 2000, 4000], [2000, 4000, 8000])
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    found = comparing.ratio([1000, 4000], [2000, 2000])
    assert found.mean == pytest.approx(1.0)
    assert found.low * found.high == pytest.approx(1.0)


@pytest.mark.parametrize("margin", [0.5, 1.0, 2.0])
def test_equivalence_is_shown_where_the_interval_of_90_percent_is_within_the_margin(margin):
    found = comparing.equivalence(OWN, OTHER, margin)
    interval = stats.ttest_rel(OWN, OTHER).confidence_interval(0.9)
    assert found.shown == (-margin < interval.low and interval.high < margin)
    assert (found.difference.low, found.difference.high) == pytest.approx(tuple(interval))
    # By hand: the larger one-sided p, of the differences' mean and standard error.
    differences = np.subtract(OWN, OTHER)
    error = differences.std(ddof=1) / math.sqrt(5)
    expected = max(
        stats.t.sf((differences.mean() + margin) / error, 4),
        stats.t.cdf((differences.mean() - margin) / error, 4),
    )
    assert found.p == pytest.approx(expected)


def test_no_difference_is_not_equivalence():
    apart = [70.0, 75.0, 65.0], [75.0, 65.0, 70.0]
    assert stats.ttest_rel(*apart).pvalue > 0.05
    assert not comparing.equivalence(*apart, margin=1.0).shown
    with pytest.raises(ValueError, match="two seeds or more, got 1"):
        comparing.equivalence([1.0], [1.0], 1.0)


def test_speed_is_paired_by_seed_and_says_who_never_arrives():
    fast = [{500: 0.5, 1000: 0.7}, {500: 0.6, 1000: 0.65}]
    slow = [{500: 0.2, 1000: 0.5}, {500: 0.4, 1000: 0.45}]
    found = comparing.speed(fast, slow, 0.5)
    assert (found.reached, found.other_reached, found.seeds) == (2, 1, 2)
    assert found.ratio.mean == pytest.approx(0.5)
    assert found.ratio.count == 1
    assert comparing.speed(fast, slow, 0.69).ratio is None


def test_the_price_of_a_grid_is_all_its_runs():
    results = Results(Path("nowhere"), "price_of_tuning")
    rates = price_of_tuning.rates("momentum")
    rows = []
    for place, rate in enumerate(rates):
        arm = f"digits_momentum_600_fixed_{rate:g}"
        validation = 0.9 - abs(place - 5) / 100  # best at 0.3, which only the grid of 8 has
        rows.append(
            {
                "arm": arm,
                "kind": "final",
                "seed": "0",
                "iteration": "600",
                "ensemble": "",
                "validation_accuracy": str(validation),
                "test_accuracy": str(place / 10),
            }
        )
    for name in price_of_tuning.POLICIES:
        arm = f"digits_momentum_600_{name}"
        rows.append({**rows[0], "arm": arm, "test_accuracy": "0.5"})
    results.evaluations = rows
    swept = {"arm": "digits_momentum", "kind": "range test", "seed": "0", "iterations": "80"}
    results.runs = {"swept": swept}
    found = price_of_tuning.prices(results, "digits", "momentum", 600, 0)
    assert {name: (one.accuracy, one.iterations) for name, one in found.items()} == {
        "grid of 3": (0.4, 1800),
        "grid of 5": (0.4, 3000),
        "grid of 8": (0.5, 4800),
        **dict.fromkeys(price_of_tuning.POLICIES, (0.5, 680)),
    }


def test_early_stopping_may_wait_for_the_end_of_a_cycle():
    rises = {100: 0.1, 200: 0.2, 300: 0.3}
    assert step_size.stopped(rises, 100) == 300
    falls = {100: 0.3, 200: 0.2, 300: 0.1, 400: 0.2, 500: 0.9}
    assert step_size.stopped(falls, 200) == 300
    assert step_size.stopped(falls, 200, cycle=200) == 400
    assert step_size.stopped(falls, 1000) == 500


def test_all_members_of_ensembles_are_evaluated():
    for arm in step_size.STUDY.arms:
        points = evaluation_points(arm.iterations, arm.evaluations)
        assert all(set(members) <= set(points) for _, members in arm.ensembles)
        lr = arm.plan(0.01, arm.iterations)["lr"]
        assert lr.is_cycle_end(arm.iterations)
        assert all(map(lr.is_cycle_end, dict(arm.ensembles)["ends"]))
        assert all(lr(at) == lr.high for at in dict(arm.ensembles)["peaks"])


def test_an_arm_may_take_the_rate_of_another(tmp_path):
    grid = Grid((0.1, 0.2), 10)
    ways = [lambda rate, _, factor=factor: hc.Plan(lr=factor * rate) for factor in (1, 10)]
    setting = Setting("digits", "mlp")
    arms = [
        Arm("own", setting, ways[0], grid, 20),
        Arm("taken", setting, ways[1], grid, 20, tuned_as="own"),
    ]
    study = Study("made", "Is it?", tuple(arms))
    own, taken = (list(tuning_runs(study, arm, 1)) for arm in arms)
    assert own == taken
    results = Results(tmp_path, "made")
    results.repair()
    for one, accuracy in zip(own, (0.4, 0.3), strict=True):
        results.add(one, Result("end", 10, [{"iteration": 10, "validation_accuracy": accuracy}]))
    (final,) = final_runs(study, arms[1], 1, results)
    assert (final.rate, final.plan(0)) == (0.1, {"lr": 1.0})
