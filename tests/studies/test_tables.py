"""The tables of results, and what tuning makes of them."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("tqdm")

import torch
from reading import tables
from studies import __main__ as command
from studies import price_of_tuning
from studies.results import EVALUATION_COLUMNS, RUN_COLUMNS, Results
from studies.study import Arm, Grid, Result, Setting, Study, Sweep
from studies.summary import means
from studies.tuning import best_rate, final_runs, tuning_runs

import hypercycle as hc


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
        rates = {one.rate: results.trial(one.name) for one in trials}
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


def test_an_arm_that_is_defined_otherwise_takes_the_place_of_what_it_was(run_of, tmp_path):
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


def test_a_name_tells_all_that_decides_the_bits(run_of):
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


def test_a_seed_whose_range_test_found_no_bounds_has_no_final_run(tmp_path):
    def plan(found, _):
        return hc.Plan(lr=hc.Cycle(found.low, found.high, 5))

    arm = Arm("cycle", Setting("digits", "mlp"), plan, Sweep(1e-3, 1.0, 50), 20, tuned_as="swept")
    study = Study("made", "Is it?", (arm,))
    results = Results(tmp_path, "made")
    results.repair()
    first, second = tuning_runs(study, arm, 2)
    assert (first.arm, first.kind, first.plan, second.seed) == ("swept", "range test", None, 1)
    results.add(first, Result("no bounds", 50, [{"iteration": 50}]))
    bounds = {"low": 0.01, "high": 0.1, "best": 0.3}
    results.add(second, Result("end", 40, [{"iteration": 40}], bounds=bounds))
    for each in (results, Results(tmp_path, "made")):
        (final,) = final_runs(study, arm, 2, each)
        assert final.seed == 1
        assert final.plan == hc.Plan(lr=hc.Cycle(0.01, 0.1, 5))
        assert each.tuning_iterations("swept") == 90


def test_a_table_shows_means_and_paired_differences(run_of, tmp_path):
    accuracies = {"own": (0.7, 0.8, 0.6), "other": (0.6, 0.75)}
    setting = Setting("digits", "mlp")
    arms = [Arm(name, setting, lambda rate, _: hc.Plan(lr=rate), 0.1, 10) for name in accuracies]
    study = Study("made", "Is it?", tuple(arms))
    results = Results(tmp_path, "made")
    results.repair()
    for name, found in accuracies.items():
        for seed, accuracy in enumerate(found):
            run = replace(run_of(0.1, seed), arm=name)
            results.add(run, Result("end", 10, [{"iteration": 10, "test_accuracy": accuracy}]))
    (head, own, other) = tables(means(study, results, "other"))[0]
    assert head == ["arm", "seeds", "accuracy", "less other, 95 %", "rate", "iterations", "tuning"]
    # Of 10 and 5 points: t with one degree of freedom is 12.706, the standard error 2.5.
    assert own == ["own", "3", "70.00 ± 10.00", "+7.50 (-24.27 to +39.27)", "0.1", "10", ""]
    assert other == ["other", "2", "67.50 ± 10.61", "", "0.1", "10", ""]
    assert "less" not in means(study, results)
    with pytest.raises(ValueError, match="made has no arm 'none'"):
        means(study, results, "none")
