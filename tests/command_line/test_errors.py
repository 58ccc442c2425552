"""Errors of every command: one line each on stderr, an exit status, no traceback."""

import re
import sys
from pathlib import Path

import pytest
from commands import WAVES, error, run

from hypercycle.plugins import host


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["shwo"], "No such command 'shwo'.* (help: hypercycle -h)"),
        (
            ["show", "plan.toml", "--stps", "3"],
            "No such option.*--stps.* (help: hypercycle show -h)",
        ),
        (["show"], "Missing argument 'PLAN' (help: hypercycle show -h)"),
        (
            ["show", "plan.toml", "--total-steps", "0"],
            (
                "Invalid value for '--total-steps': 0 is not in the range 1<=x<=9007199254740992 "
                "(help: hypercycle show -h)"
            ),
        ),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(arguments, text):
    pattern = re.escape(text).replace(r"\.\*", ".*")  # where versions of click differ
    assert re.fullmatch(pattern, error(*arguments))


@pytest.mark.parametrize("command", [["show"], ["plot", "-o", "plan.png"], ["values"]], ids=str)
def test_every_problem_of_a_plan_is_a_line_on_stderr(command):
    result = run(*command, "broken.toml", status=2)
    assert result.out == ""
    lines = result.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("hypercycle: error: broken.toml: ") for line in lines)
    assert error(*command, "missing.toml") == "missing.toml: No such file or directory"
    (first, _) = run(*command, "epochs.toml", status=2).err.split(": give ")
    assert first.endswith("step_size_up='2ep' cannot be turned into steps without steps_per_epoch")
    assert not Path("plan.png").exists()


def test_a_broken_plugin_is_told_of_once(install, monkeypatch):
    install("bad-waves", "import a_package_that_is_not_here", "bad")
    install("kettle-waves", WAVES.format(name="boil"), "kettle")
    Path("boil.toml").write_text(
        '[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = 9\nwaveform = "boil"\n', encoding="utf-8"
    )
    result = run("check", "boil.toml", "boil.toml")
    assert result.out == "boil.toml: ok (lr)\n" * 2
    assert result.err == (
        "hypercycle: warning: plugin 'bad' (bad_waves, distribution bad-waves 1.2) failed and is "
        "left out: ModuleNotFoundError: No module named 'a_package_that_is_not_here'\n"
    )
    monkeypatch.setattr(host, "_state", host._State())
    Path("boil.toml").write_text(
        '[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = 9\nwaveform = "bubble"\n', encoding="utf-8"
    )
    text = error("show", "boil.toml")
    assert text.count("a_package_that_is_not_here") == 1


@pytest.mark.parametrize("option", ["--total-steps", "--steps-per-epoch"])
@pytest.mark.parametrize("command", ["check", "show", "values"])
def test_more_steps_than_there_are_is_one_line(command, option):
    text = f"Invalid value for '{option}': 9007199254740993 is not in the range"
    assert error(command, "plan.toml", option, "9007199254740993").startswith(text)


def test_a_plan_that_is_longer_than_all_steps_is_shown_as_far_as_they_go():
    Path("long.toml").write_text(
        "lr = {low = 0, high = 1, step_size_up = 9007199254740992}", encoding="utf-8"
    )
    assert "lr" in run("show", "long.toml").out


def test_values_that_are_too_far_apart_to_draw_are_one_line():
    Path("wide.toml").write_text(
        "lr = {low = -1e308, high = 1e308, step_size_up = 9}", encoding="utf-8"
    )
    text = "lr: values from -1e+308 to 1e+308 are too far apart to draw"
    assert error("show", "wide.toml") == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("raise B('b')", "mod:find failed: B: b (--traceback shows where)"),
        (
            "return Bad()",
            "mod:find must return a RangeTest, as hypercycle_torch.range_test(…) does",
        ),
    ],
)
def test_a_function_of_the_user_s_that_misbehaves_is_one_line(body, text, monkeypatch):
    Path("mod.py").write_text(
        "class B(BaseException): pass\n"
        "class Bad:\n    def __repr__(self): raise RuntimeError('repr')\n"
        f"def find():\n    {body}\n",
        encoding="utf-8",
    )
    monkeypatch.delitem(sys.modules, "mod", raising=False)
    monkeypatch.syspath_prepend(Path.cwd())
    status = 1 if "raise" in body else 2
    assert text in error("range-test", "mod:find", status=status)
    monkeypatch.delitem(sys.modules, "mod", raising=False)
