"""``hypercycle show``: curves made of characters, where the values are."""

import re
import sys
from pathlib import Path

import pytest
from commands import error, run, widest


def panels(text):
    """The rows between the title of a panel and its axis, by title."""
    found, title = {}, None
    for line in text.splitlines():
        if "┤" in line or "│" in line:
            found.setdefault(title, []).append(line)
        elif "└" not in line:
            title = line
    return found


def test_show_draws_a_panel_for_each_hyperparameter_in_80_columns():
    text = run("show", "plan.toml").out
    shown = panels(text)
    assert list(shown) == ["lr", "momentum", "weight_decay/weights", "weight_decay/0"]
    assert widest(text) == 80
    assert len(text.splitlines()) == 4 * 6 + 2
    assert "\x1b" not in text
    assert shown["lr"][0].startswith("  0.01┤")
    assert shown["lr"][-1].startswith("0.0001┤")
    assert shown["weight_decay/0"][1].strip() != "│"
    assert text.splitlines()[-1].strip() == "┊ a cycle or part ends"


def test_show_marks_the_cycle_ends_of_lr():
    rows = panels(run("show", "plan.toml", "--steps", 160).out)["lr"]
    left = rows[0].index("┤") + 1
    width = 80 - left
    marks = [place - left for place, sign in enumerate(rows[0]) if sign == "┊"]
    # cycles of 40 steps end at 40, 80, 120 and, at the edge, at 160
    assert marks == pytest.approx([width * part for part in (0.25, 0.5, 0.75, 1.0)], abs=1.0)


def test_show_draws_the_curve_where_the_values_are():
    Path("ramp.toml").write_text('lr = {kind = "ramp", start = 1, end = 3, steps = 10}')
    rows = panels(run("show", "ramp.toml").out)["lr"]
    left = rows[0].index("┤") + 1
    places = [re.search(r"[▀-▟]", row[left:]).start() / (80 - left) for row in rows]
    # from the lower left to the upper right
    centres = [1.0 - (row + 1) / len(rows) for row in range(len(rows))]
    assert places == pytest.approx(centres, abs=0.05)


def test_show_of_few_hyperparameters_uses_the_height():
    Path("one.toml").write_text("[lr]\nlow = 1\nhigh = 2\nstep_size_up = 9\n")
    assert len(panels(run("show", "one.toml").out)["lr"]) == 12


def test_show_labels_tell_close_values_apart():
    Path("close.toml").write_text("[lr]\nlow = 0.99998\nhigh = 0.99999\nstep_size_up = 9\n")
    rows = panels(run("show", "close.toml").out)["lr"]
    assert (rows[0][:8], rows[-1][:8]) == ("0.99999┤", "0.99998┤")


@pytest.mark.parametrize("steps", ["0", "9007199254740991", "9007199254740000:9007199254740991"])
def test_show_of_any_steps(steps):
    shown = panels(run("show", "plan.toml", "--steps", steps).out)
    assert len(shown) == 4
    assert max(len(row) for rows in shown.values() for row in rows) <= 80


def test_show_marks_none_where_there_are_too_many():
    text = run("show", "plan.toml", "--steps", "1000000").out
    assert "┊" not in text
    assert "ends" not in text


def test_show_of_a_plan_that_leaves_all_alone():
    Path("none.toml").write_text(
        '[lr]\nkind = "groups"\n[lr.groups.0]\nkind = "unchanged"\n', encoding="utf-8"
    )
    assert error("show", "none.toml") == (
        "the plan leaves every group alone: there is nothing to show"
    )
    assert run("values", "none.toml", "--steps", "1").out == "step\n0\n1\n"


def test_show_of_groups_whose_keys_have_strokes():
    Path("keras.toml").write_text(
        '[lr]\nkind = "groups"\n[lr.groups."dense/kernel"]\nlow = 1\nhigh = 2\nstep_size_up = 9\n',
        encoding="utf-8",
    )
    text = run("show", "keras.toml").out
    assert list(panels(text)) == ["lr/dense/kernel"]
    assert "┊" in text


def test_show_needs_plotext(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotext", None)
    assert error("show", "plan.toml") == "show needs plotext: pip install 'hypercycle[cli]'"
