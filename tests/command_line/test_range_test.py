"""``hypercycle range-test``: a user's own function, its bounds, what can be wrong with it."""

import sys
from pathlib import Path

import pytest
from commands import error, run, widest

import hypercycle as hc

TRAIN = """
import sys
import numpy as np
import hypercycle as hc

values = np.geomspace(1e-6, 1.0, 100)

def find_bounds():
    accuracy = 0.1 + 0.8 / (1 + (1e-3 / values) ** 3) - values
    losses = 2.3 - 1.5 / (1 + (1e-3 / values) ** 1.5) + 5 * values**2
    return hc.RangeTest(values, losses, {"accuracy": accuracy})

def nothing():
    return hc.RangeTest(values, np.ones(100))

def number():
    return 3

def fails():
    raise KeyError("no data\\nin two lines")

def leaves():
    sys.exit("gone")
"""


@pytest.fixture
def train(folder, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    name = f"train_{folder.name}"  # no module of an earlier test
    Path(f"{name}.py").write_text(TRAIN, encoding="utf-8")
    return name


def test_range_test_prints_the_bounds_with_intervals_and_reasons(train):
    text = run("range-test", f"{train}:find_bounds").out
    namespace = {}
    exec(compile(TRAIN, "train", "exec"), namespace)
    bounds = namespace["find_bounds"]().bounds()
    assert text.startswith("lr, read off the loss\n  low ")
    assert text == f"{bounds}\n"
    assert widest(text) <= 80
    assert run("range-test", f"{train}:find_bounds", "--on", "accuracy").out.startswith(
        "lr, read off the accuracy\n"
    )


def test_range_test_draws_and_writes_a_plan(train):
    flags = ("--plot", "curve.png", "--new", "found.toml", "--epochs", 30, "--steps-per-epoch", 391)
    text = run("range-test", f"{train}:find_bounds", *flags).out
    assert text.endswith("wrote curve.png\nwrote found.toml\n")
    assert Path("curve.png").read_bytes().startswith(b"\x89PNG")
    namespace = {}
    exec(compile(TRAIN, "train", "exec"), namespace)
    plan = namespace["find_bounds"]().bounds().plan(30, 391)
    assert dict(hc.Plan.load("found.toml")) == dict(plan)
    written = Path("found.toml").read_text(encoding="utf-8")
    notes = " ".join(written.replace("#", "").split())  # long ones are wrapped
    assert f"Bounds found by: hypercycle range-test {train}:find_bounds 4 cycles of 2 ×" in notes
    assert error("range-test", f"{train}:find_bounds", *flags).startswith("found.toml exists: ")


@pytest.mark.parametrize(
    ("absent", "flags", "text"),
    [
        ("matplotlib", ["--plot", "a.png"], "plots need Matplotlib: pip install"),
        (
            "tomlkit",
            ["--new", "a.toml", "--epochs", 9, "--steps-per-epoch", 9],
            "plan files of this kind need tomlkit: pip install",
        ),
    ],
)
def test_range_test_misses_packages_before_it_trains(train, monkeypatch, absent, flags, text):
    monkeypatch.setitem(sys.modules, absent, None)
    assert error("range-test", f"{train}:fails", *flags).startswith(text)


def test_range_test_without_bounds_has_status_1(train):
    assert run("range-test", f"{train}:nothing", "--plot", "curve.svg", status=1).out == (
        "no bounds found for lr, because the loss never changes\nwrote curve.svg\n"
    )


def test_range_test_tells_of_an_exception_in_one_line(train):
    assert error("range-test", f"{train}:fails", status=1) == (
        f"{train}:fails failed: KeyError: 'no data\\nin two lines' (--traceback shows where)"
    )
    assert error("range-test", f"{train}:leaves", status=1) == (
        f"{train}:leaves failed: SystemExit: gone (--traceback shows where)"
    )
    whole = run("range-test", f"{train}:fails", "--traceback", status=1).err
    assert whole.startswith("Traceback (most recent call last):\n")
    assert f'{train}.py", line ' in whole
    assert "--traceback" not in whole.splitlines()[-1]


def test_range_test_of_a_module_that_fails(folder, train):
    Path(f"syntax_{train}.py").write_text("def f(:\n", encoding="utf-8")
    Path(f"imports_{train}.py").write_text("import not_there_at_all\n", encoding="utf-8")
    assert error("range-test", f"syntax_{train}:f", status=1).startswith(
        f"syntax_{train} failed: SyntaxError: "
    )
    assert error("range-test", f"imports_{train}:f", status=1).startswith(
        f"imports_{train} failed: ModuleNotFoundError: No module named 'not_there_at_all'"
    )
    assert error("range-test", "not_there_at_all.train:f") == (
        f"no module 'not_there_at_all', neither in {folder} nor installed"
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["{}"], "say which function, as in train:find_bounds, got '{}'"),
        (["{}:find_bound"], "{} has no function 'find_bound'; did you mean 'find_bounds'?"),
        (["{}.py:find_bounds"], "name the module, not its file: {}:find_bounds instead of {}.py:"),
        (["./src/{}.py:f"], "name the module, not its file: src.{}:f instead of ./src/{}.py:f"),
        (["{}:values"], "{} has no function 'values'"),
        (
            ["{}:number"],
            "{}:number must return a RangeTest, as hypercycle_torch.range_test(…) does, got 3",
        ),
        (["{}:find_bounds", "--on", "f1"], "there is no curve 'f1': recorded were"),
        (["{}:fails", "--plot", "a.gif"], "a picture's name ends in .png, .svg, .pdf, got 'a.gif'"),
        (["{}:fails", "--plot", "no/a.png"], "no/a.png: there is no folder 'no'"),
        (["{}:fails", "--new", "no/a.toml"], "no/a.toml: there is no folder 'no'"),
        (["{}:fails", "--new", "a.toml"], "--new needs --epochs and --steps-per-epoch"),
        (["{}:fails", "--epochs", "3"], "--epochs, --steps-per-epoch and --force are for --new"),
        (["{}:fails", "--new", "plan.toml"], "plan.toml exists: choose another name, or --force"),
    ],
)
def test_range_test_refuses_what_cannot_work_before_it_trains(train, arguments, text):
    given = [one.replace("{}", train) for one in arguments]
    assert error("range-test", *given).startswith(text.replace("{}", train))
