"""The searches run, and stop trials where cycles end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hypercycle as hc

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TRIALS = 6


def search(script, folder, *arguments):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), "--trials", str(TRIALS), *arguments],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"\n{TRIALS} trials, " in f"\n{done.stdout}"
    return hc.Plan.load(folder / "best-plan.json")


def check(steps_of_trials, half_cycles):
    """Trials reported at the ends of their cycles alone; some of them ended before the others."""
    assert len(steps_of_trials) == TRIALS
    for steps, half_cycle in zip(steps_of_trials, half_cycles, strict=True):
        assert steps == [2 * half_cycle * (n + 1) for n in range(len(steps))]
    ends = [steps[-1] for steps in steps_of_trials]
    assert max(ends) == 320
    assert min(ends) < 320


def test_optuna_stops_trials_at_the_ends_of_cycles(tmp_path):
    optuna = pytest.importorskip("optuna")
    best = search("search_optuna.py", tmp_path)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "search.journal"))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name="digits", storage=storage)
    check(
        [list(trial.intermediate_values) for trial in study.trials],
        [trial.params["step_size"] for trial in study.trials],
    )
    assert best["lr"].high == study.best_params["high"]
    assert best["momentum"].step_size_up == best["lr"].step_size_up


def test_ray_stops_trials_at_the_ends_of_cycles(tmp_path):
    pytest.importorskip("ray")
    best = search("search_ray.py", tmp_path, "--results", str(tmp_path / "results"))
    rows = [
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (tmp_path / "results").rglob("result.json")
    ]
    check(
        [[row["step"] for row in trial] for trial in rows],
        [trial[0]["config"]["step_size"] for trial in rows],
    )
    assert best["lr"].high in [trial[0]["config"]["high"] for trial in rows]
