"""A small study from end to end, in processes and by Ray, killed and resumed."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")

from studies import __main__ as command
from studies.results import Results
from studies.study import Result

ROOT = Path(__file__).parent.parent.parent
SECONDS = {"wall_seconds", "cpu_seconds"}


def environment():
    """What a process needs to run studies from this checkout."""
    paths = [ROOT, ROOT / "adapters", ROOT / "benchmarks", os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}


def started(folder, *options):
    """Start the command."""
    return subprocess.Popen(
        [sys.executable, "-m", "studies", "run", "digits", "--results", folder, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )


def finished(process):
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed


def tables(folder):
    """Return both tables without what differs from time to time, in one order."""
    results = Results(folder, "digits")
    rows = [{k: v for k, v in row.items() if k not in SECONDS} for row in results.evaluations]
    return sorted(rows, key=lambda row: (row["run"], int(row["iteration"]))), results.runs


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
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "studies_killed.py", tmp_path, "6"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
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


def test_progress_of_runs_that_ended_before_is_left_out(run_of, tmp_path):
    results = Results(tmp_path, "made")
    results.repair()

    def spread(runs, progress):
        progress("one that ended", 3)
        for run in runs:
            progress(run.name, 5)
            yield run, Result("end", 10, [{"iteration": 10, "test_accuracy": 0.5}])

    command.do_all([run_of(0.1), run_of(0.1), run_of(0.1, 1)], results, spread)
    assert list(results.runs) == [run_of(0.1).name, run_of(0.1, 1).name]


def test_says_what_is_not_there(tmp_path):
    with pytest.raises(SystemExit, match="digits has no arm 'none'; it has fixed, one_cycle"):
        command.main(["run", "digits", "--only", "none", "--results", str(tmp_path)])
    with pytest.raises(SystemExit, match="--data PATH tells where it is"):
        command.main(["run", "cifar10", "--results", str(tmp_path)])
