"""Errors of every command: one line each on stderr, an exit status, no traceback."""

import re
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
                "Invalid value for '--total-steps': 0 is not in the range x>=1 "
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
