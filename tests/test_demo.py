"""The demo runs as a newcomer runs it, and shows what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hypercycle as hc

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")
image = pytest.importorskip("matplotlib.image")

import digits  # noqa: E402

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parent.parent / "examples" / "digits_torch.py"


def demo(*arguments, cwd):
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, str(DEMO), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = demo("--quick", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_prints_a_table_of_all_policies_in_80_columns(quick):
    _, done = quick
    lines = done.stdout.splitlines()
    # All but the last line, a path as long as the folder is deep.
    assert max(map(len, lines[:-1])) <= 80
    number = r"\d+\.\d ± \d+\.\d"
    for policy in ("fixed", "triangular", "triangular2", "exp_range"):
        rows = [line for line in lines if re.match(rf"{policy} +({number} +){{3}}", line)]
        assert len(rows) == 1, done.stdout
        accuracies = [float(value) for value in re.findall(r"(\d+\.\d) ±", rows[0])]
        assert all(0 <= accuracy <= 100 for accuracy in accuracies)
        assert accuracies[-1] > 20  # ten classes: it has learned something


def test_begins_with_the_bounds_that_the_cycles_run_between(quick):
    _, done = quick
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Range test, 300 iterations, learning rates up to 10:")
    assert lines[1] == "lr, read off the accuracy"
    row = re.compile(r"  (\w+) +(\S+)  +(\S+) to (\S+)  +[a-z].*")
    found = [match.groups() for line in lines if (match := row.fullmatch(line))]
    assert [name for name, *_ in found] == ["low", "steepest", "best", "high"]
    for _, *numbers in found:
        value, first, last = map(float, numbers)
        assert 1e-6 < first <= value <= last < 10.0
    low, high = found[0][1], found[3][1]
    assert f"Cycles: 10 iterations, between {low} and {high}" in lines
    assert 3.0 * float(low) < float(high)


def it_went_on(*_):
    pytest.fail("it went on")


def test_ends_with_the_reason_where_the_range_test_shows_no_bounds(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")

    def flat(splits):
        assert set(splits) == {"train", "validation", "test"}
        return hc.RangeTest(np.geomspace(1e-6, 1.0, 30), np.ones(30), {"accuracy": np.ones(30)})

    monkeypatch.setattr(sys, "argv", ["digits", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        digits.main("", flat, it_went_on)
    plot = tmp_path / "range-test.png"
    reason = "Range test: no bounds found for lr, because the accuracy never changes."
    assert stopped.value.code == f"{reason}\nSee {plot}"
    assert list(tmp_path.iterdir()) == [plot]


def test_early_stopping_ends_at_the_end_of_a_cycle(quick):
    _, done = quick
    cycle = int(re.search(r"Cycles: (\d+) iterations", done.stdout)[1])
    rows = re.findall(r"^ +\d+ +(\d+) +\S+ +(\d+) +\S+$", done.stdout, re.MULTILINE)
    assert len(rows) == 2, done.stdout
    for over, stopped in rows:
        assert int(stopped) % cycle == 0
        assert 0 <= int(stopped) - int(over) < cycle


def test_saves_plots_that_show_something_and_says_where(quick):
    folder, done = quick
    plots = folder / "demo-output"
    assert done.stdout.splitlines()[-1] == f"Plots: {plots}{os.sep}"
    assert sorted(path.name for path in plots.iterdir()) == [
        "accuracy.png",
        "loss.png",
        "range-test.png",
        "schedules.png",
    ]
    for path in plots.iterdir():
        pixels = image.imread(path)
        assert pixels.shape[0] > 400
        assert pixels.shape[1] > 1000
        inked = (pixels[..., :3] < 0.9).any(axis=2)
        assert 0.01 < inked.mean() < 0.5, path.name
        for part in (inked[:, : inked.shape[1] // 3], inked[:, -inked.shape[1] // 3 :]):
            assert part.mean() > 0.005, f"{path.name} is blank on one side"


def test_one_seed_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["digits", "--seeds", "1"])
    with pytest.raises(SystemExit) as stopped:
        digits.main("", it_went_on, it_went_on)
    assert stopped.value.code == 2
    message = "--seeds must be at least 2 for a standard deviation, got 1"
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
