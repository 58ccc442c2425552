"""``hypercycle values``: the very numbers of the plan, as CSV and JSON."""

import csv
import io
import json
import re
from pathlib import Path

from commands import error, run

import hypercycle as hc


def flat(step):
    """What a plan gives at a step, without groups."""
    row = {"step": step}
    for name, value in hc.Plan.load("plan.toml")(step).items():
        if isinstance(value, dict):
            row |= {f"{name}/{key}": one for key, one in value.items()}
        else:
            row[name] = value
    return row


def test_values_are_those_of_the_plan_to_the_last_bit():
    steps = range(3, 40_000, 7)
    text = run("values", "plan.toml", "--steps", "3:40000:7").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["step", "lr", "momentum", "weight_decay/weights", "weight_decay/0"]
    assert len(rows) == len(steps)
    for step, row in zip(steps[::97], rows[::97], strict=True):
        assert {name: float(value) for name, value in row.items()} == flat(step)


def test_values_as_json_are_the_same():
    text = run("values", "plan.toml", "--steps", "100", "--format", "json").out
    assert json.loads(text) == [flat(step) for step in range(101)]


def test_values_go_into_a_file():
    printed = run("values", "plan.toml").out
    assert run("values", "plan.toml", "-o", "values.csv").out == ""
    assert Path("values.csv").read_text(encoding="utf-8") == printed
    assert error("values", "plan.toml", "-o", "no/values.csv") == (
        "no/values.csv: No such file or directory"
    )


def test_values_that_overflow_end_with_an_error():
    Path("grows.toml").write_text(
        "[lr]\nlow = 1\nhigh = 2\nstep_size_up = 9\nscale = {name = 'exponential', gamma = 10}\n"
    )
    assert "lr" in run("values", "grows.toml", "--steps", "200").out
    result = run("values", "grows.toml", "--steps", "0:4096:1000", status=2)
    assert re.fullmatch(r"hypercycle: error: Cycle.* overflows in the end: .*\n", result.err)


def test_a_file_stays_where_the_values_cannot_be_had():
    Path("grow.toml").write_text(
        "lr = {low = 0, high = 1, step_size_up = 3, scale = {name = 'exponential', gamma = 5.0}}",
        encoding="utf-8",
    )
    Path("old.csv").write_text("old results\n", encoding="utf-8")
    assert "gives nan" in error("values", "grow.toml", "--steps", "10000", "-o", "old.csv")
    assert Path("old.csv").read_text(encoding="utf-8") == "old results\n"
    assert sorted(one.name for one in Path().iterdir() if one.name.startswith(".")) == []


def test_the_plan_itself_is_not_overwritten():
    before = Path("plan.toml").read_text(encoding="utf-8")
    text = "plan.toml is the plan itself: write the values to another file"
    assert error("values", "plan.toml", "--steps", "3", "-o", "plan.toml") == text
    assert Path("plan.toml").read_text(encoding="utf-8") == before
