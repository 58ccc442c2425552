"""What each command prints, and how it refuses: in this process, as click's own runner calls it."""

import csv
import io
import json
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

import hypercycle as hc
from hypercycle.command_line import hypercycle
from hypercycle.command_line.plans import at_most, steps_of
from hypercycle.numbers.lengths import Units
from hypercycle.plugins import host
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.product import Product
from hypercycle.schedules.ramp import Ramp

COMMANDS = ["new", "check", "show", "plot", "values", "range-test", "list", "schema"]

PLAN = """
[lr]
low = 0.0001
high = 0.01
step_size_up = 20

[momentum]
opposite = "lr"
low = 0.85
high = 0.95

[weight_decay]
kind = "groups"

[weight_decay.groups.weights]
low = 1e-5
high = 1e-3
step_size_up = 30
waveform = "hann"

[weight_decay.groups.biases]
kind = "unchanged"

[weight_decay.groups.0]
kind = "constant"
value = 0.3
"""
BROKEN = """
[lr]
low = 0.0001
high = 0.01
step_size_up = "2epo"
wavform = "hann"

[momentum]
opposite = "lrr"
low = 0.85
high = 0.95
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(host.ENVIRONMENT_VARIABLE, raising=False)
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    Path("broken.toml").write_text(BROKEN, encoding="utf-8")
    Path("epochs.toml").write_text(
        '[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = "2ep"\nstep_size_down = "10%"\n',
        encoding="utf-8",
    )
    return tmp_path


def run(*arguments, status=0):
    """What a command printed, as a record of stdout and stderr."""
    result = CliRunner().invoke(hypercycle, [str(one) for one in arguments], prog_name="hypercycle")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return SimpleNamespace(out=result.stdout, err=result.stderr)


def error(*arguments, status=2):
    """The one line of an error, without its beginning; nothing was printed beside it."""
    result = run(*arguments, status=status)
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert line.startswith("hypercycle: error: ")
    return line.removeprefix("hypercycle: error: ")


def widest(text):
    return max(map(len, text.splitlines()))


# --- help ---


@pytest.mark.parametrize("command", [[], *([one] for one in COMMANDS)], ids=str)
def test_help_fits_80_columns_and_has_a_short_name(command):
    long, short = run(*command, "--help").out, run(*command, "-h").out
    assert long == short
    assert long.startswith(" ".join(["Usage: hypercycle", *command]))
    assert widest(long) <= 80


def test_commands_are_listed_in_the_order_of_use_none_cut_short():
    text = run("-h").out
    assert re.findall(r"^  ([a-z-]+)  ", text.partition("Commands:")[2], re.MULTILINE) == COMMANDS
    assert "..." not in text.partition("Commands:")[2]


def test_without_a_command_there_is_the_help():
    result = run(status=2)
    assert (result.out, result.err) == ("", run("-h").out)


def test_version():
    assert run("--version").out == f"hypercycle {hc.__version__}\n"


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


# --- check ---


def test_check_names_what_is_in_a_good_plan():
    assert run("check", "plan.toml").out == "plan.toml: ok (lr, momentum, weight_decay)\n"


def test_check_tells_all_problems_of_all_plans_one_a_line():
    result = run("check", "broken.toml", "plan.toml", "missing.toml", "plan.ini", status=2)
    assert result.err == ""
    assert [line[:44] for line in result.out.splitlines()] == [
        "broken.toml: lr.step_size_up: must be a whol",
        "broken.toml: lr.wavform: unknown key; did yo",
        "broken.toml: momentum.opposite: the plan has",
        "plan.toml: ok (lr, momentum, weight_decay)",
        "missing.toml: No such file or directory",
        "plan.ini: a plan file ends in .toml, .json, ",
    ]


def test_check_resolves_lengths_where_told_in_what():
    assert run("check", "epochs.toml").out == "epochs.toml: ok (lr)\n"
    both = ("--steps-per-epoch", 100, "--total-steps", 1000)
    assert run("check", "epochs.toml", *both).out == "epochs.toml: ok (lr)\n"
    assert run("check", "epochs.toml", "--total-steps", 1000, status=2).out == (
        "epochs.toml: lr: step_size_up='2ep' cannot be turned into steps without steps_per_epoch: "
        "give --steps-per-epoch\n"
    )
    assert run("check", "epochs.toml", "--steps-per-epoch", 10, status=2).out == (
        "epochs.toml: lr: step_size_down='10%' cannot be turned into steps without total_steps: "
        "give --total-steps\n"
    )


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


# --- the steps that are asked for ---

CYCLE = hc.Cycle(0.1, 0.5, 10)


@pytest.mark.parametrize(
    ("schedules", "last"),
    [
        ({"lr": CYCLE}, 80),
        ({"lr": hc.Cycle(0.1, 0.5, 10, cycles=2)}, 40),
        ({"lr": hc.Cycle(0.1, 0.5, 0, 10, cycle_mult=2)}, 150),
        ({"lr": CYCLE, "eps": Ramp(0.0, 1.0, 500)}, 500),
        ({"lr": Chain(Ramp(0.0, 1.0, 7), CYCLE)}, 87),
        ({"lr": Chain(Ramp(0.0, 1.0, 7), (CYCLE, 5))}, 12),
        ({"lr": Chain(CYCLE)}, 80),
        ({"lr": Product(Ramp(0.0, 1.0, 7), CYCLE)}, 80),
        ({"lr": 0.1}, 100),
        ({"lr": hc.Groups({0: CYCLE, 1: None})}, 80),
        ({"lr": hc.Groups({0: None})}, 100),
    ],
)
def test_a_plan_is_shown_to_its_end_or_for_four_cycles(schedules, last):
    assert steps_of(None, hc.Plan(**schedules), Units()) == range(last + 1)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("30", range(31)),
        ("0", range(1)),
        ("10:30", range(10, 30)),
        ("10:30:5", range(10, 30, 5)),
        (":30", range(30)),
        ("10:", range(10, 81)),
        ("::40", range(0, 81, 40)),
        ("1ep:2.5ep", range(8, 20)),
        ("50%", range(14)),  # 12.5, rounded half up
    ],
)
def test_steps_are_a_number_or_a_slice_with_units(text, steps):
    units = Units(8, 25 if "%" in text else None)
    assert steps_of(text, hc.Plan(lr=CYCLE), units) == steps


def test_steps_that_are_given_need_no_end_of_the_plan():
    endless = hc.Plan(lr=hc.Cycle(0.1, 0.5, 10**11, cycle_mult=100))
    assert steps_of("5", endless, Units()) == range(6)
    with pytest.raises(ValueError, match="are not computed"):
        steps_of("5:", endless, Units())


def test_the_whole_run_is_shown_where_its_length_is_given():
    assert steps_of(None, hc.Plan(lr=CYCLE), Units(total_steps=25)) == range(26)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--steps is N, START:STOP or START:STOP:STEP, got ''"),
        ("1:2:3:4", "--steps is N, START:STOP or START:STOP:STEP, got '1:2:3:4'"),
        ("5:2", "--steps 5:2 holds no step: STOP must be above START"),
        ("1:5:0", "--steps needs a STEP of at least 1, got '1:5:0'"),
        (
            "2ep",
            (
                "--steps='2ep' cannot be turned into steps without steps_per_epoch: give "
                "--steps-per-epoch"
            ),
        ),
        (
            "-5",
            (
                "--steps must be a whole number of steps or a number with a unit such as '2000it', "
                "'4ep' or '30%', got --steps='-5'"
            ),
        ),
        ("99999999999999999999", "--steps must be at most 2**53"),
    ],
)
def test_other_steps_are_refused(text, message):
    assert error("values", "plan.toml", "--steps", text).startswith(message)


def test_of_too_many_steps_those_are_taken_that_show_a_cycle_of_any_length():
    steps = at_most(range(5, 10**12, 5), 1000)
    assert len(steps) == 1000
    assert (steps[0], steps[-1]) == (5, 10**12 - 5)
    assert np.all(np.diff(steps) > 0)
    assert np.all(steps % 5 == 0)
    # evenly spaced, all of them would be at the same place of some cycles
    stride = (len(range(5, 10**12, 5)) - 1) // 999 * 5
    heights = hc.Cycle(0.0, 1.0, stride // 2)(steps)
    assert heights.min() < 0.01
    assert heights.max() > 0.99
    assert at_most(range(10), 10) == range(10)


# --- show ---


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


# --- plot ---


@pytest.mark.parametrize(
    ("name", "beginning"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")]
)
def test_plot_writes_what_the_suffix_says(name, beginning):
    Path(name).write_bytes(b"an earlier one is replaced")
    assert run("plot", "plan.toml", "-o", name).out == f"wrote {name}\n"
    assert Path(name).read_bytes().startswith(beginning)


@pytest.mark.parametrize(("flags", "alpha"), [([], 1.0), (["--transparent"], 0.0)])
def test_plot_has_a_white_background_unless_told(flags, alpha):
    from matplotlib.image import imread

    run("plot", "plan.toml", "-o", "a.png", *flags)
    corner = imread("a.png")[0, 0]
    assert corner[3] == alpha
    assert alpha == 0.0 or corner.tolist() == [1.0] * 4


def test_plot_shows_the_steps_asked_for():
    run("plot", "plan.toml", "-o", "a.svg", "--steps", "1000000:3000000")
    # matplotlib writes each text into a comment too
    ticks = re.findall(r"<!-- ([\d,]+) -->", Path("a.svg").read_text())
    assert (ticks[0], ticks[-1]) == ("1,000,000", "2,500,000")


def test_plot_refuses_other_suffixes_and_folders_that_are_not_there():
    assert error("plot", "plan.toml", "-o", "plan.gif") == (
        "a picture's name ends in .png, .svg, .pdf, got 'plan.gif'"
    )
    assert error("plot", "plan.toml", "-o", "no/plan.png") == (
        "no/plan.png: there is no folder 'no'"
    )


def test_plot_of_values_that_no_axis_holds_ends_with_an_error():
    Path("far.toml").write_text("[lr]\nlow = -1e308\nhigh = 1e308\nstep_size_up = 9\n")
    assert error("plot", "far.toml", "-o", "a.png").startswith(
        "Matplotlib cannot draw these values: "
    )


def test_plot_needs_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert error("plot", "plan.toml", "-o", "a.png") == (
        "plots need Matplotlib: pip install 'hypercycle[plot]'"
    )


# --- values ---


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


# --- new ---

POLICIES = {
    ("--policy", "triangular"): hc.Plan(lr=hc.triangular(1e-4, 1e-2, "4ep")),
    (): hc.Plan(lr=hc.triangular(1e-4, 1e-2, "4ep")),
    ("--policy", "triangular2", "--step-size", "100"): hc.Plan(lr=hc.triangular2(1e-4, 1e-2, 100)),
    ("--policy", "exp_range", "--gamma", "0.999", "--low", "0.001"): hc.Plan(
        lr=hc.exp_range(1e-3, 1e-2, "4ep", gamma=0.999)
    ),
    ("--policy", "sgdr", "--high", "0.1", "--step-size", "5%"): hc.Plan(
        lr=hc.sgdr(1e-4, 0.1, "5%")
    ),
    ("--policy", "one_cycle", "--high", "0.1", "--total-steps", "1000"): hc.one_cycle(0.1, 1000),
    (
        *("--policy", "one_cycle", "--high", "0.1", "--low", "0.01", "--total-steps", "1000"),
        *("--momentum", "0.8", "0.9"),
    ): hc.one_cycle(0.1, 1000, div_factor=10, base_momentum=0.8, max_momentum=0.9),
    ("--policy", "wsd", "--high", "0.001"): hc.Plan(
        lr=hc.warmup_stable_decay(1e-3, "5%", "75%", "20%")
    ),
    ("--policy", "wsd", "--low", "1e-5"): hc.Plan(
        lr=hc.warmup_stable_decay(1e-2, "5%", "75%", "20%", start=1e-5, end=1e-5)
    ),
    ("--momentum", "0.85", "0.95", "--weight-decay", "1e-5", "1e-3"): hc.Plan(
        lr=hc.Cycle(1e-4, 1e-2, "4ep"),
        momentum=hc.Cycle(0.85, 0.95, "4ep", inverted=True),
        weight_decay=hc.Cycle(1e-5, 1e-3, "4ep"),
    ),
    ("--policy", "sgdr", "--momentum", "0.85", "0.95"): hc.Plan(
        lr=hc.sgdr(1e-4, 1e-2, "4ep"), momentum=hc.sgdr(1e-4, 1e-2, "4ep").opposite(0.85, 0.95)
    ),
}


@pytest.mark.parametrize("flags", POLICIES, ids=" ".join)
def test_new_writes_the_plan_that_the_flags_ask_for(flags):
    assert run("new", *flags, "-o", "new.toml").out == "wrote new.toml\n"
    assert hc.Plan.load("new.toml") == POLICIES[flags]
    names = ", ".join(POLICIES[flags])
    assert run("check", "new.toml").out == f"new.toml: ok ({names})\n"
    text = Path("new.toml").read_text(encoding="utf-8")
    assert widest(text) <= 80
    assert run("new", *flags).out.replace("plan.toml", "new.toml") == text


@pytest.mark.parametrize("flags", POLICIES, ids=" ".join)
def test_the_commands_in_a_new_plan_work(flags):
    text = run("new", *flags, "-o", "new.toml") and Path("new.toml").read_text(encoding="utf-8")
    commands = re.findall(r"^#   hypercycle (.+)$", text, re.MULTILINE)
    assert [one.split()[0] for one in commands] == ["check", "show", "schema"]
    for command in commands:
        run(*command.split())


def test_the_keys_that_a_new_plan_has_behind_a_sign_may_be_switched_on():
    text = re.sub(r"^# (\w+ = )", r"\1", run("new").out, flags=re.MULTILINE)
    Path("all.toml").write_text(text, encoding="utf-8")
    assert hc.Plan.load("all.toml") == hc.Plan(
        lr=hc.Cycle(1e-4, 1e-2, "4ep", waveform="hann", scale="halving", cycles=4)
    )


def test_one_cycle_in_parts_of_the_run_is_one_cycle_but_for_a_step():
    run("new", "--policy", "one_cycle", "--high", "0.1", "-o", "new.toml")
    parts = hc.Plan.load("new.toml").resolve(total_steps=1000)
    exact = hc.one_cycle(0.1, 1000)
    steps = np.arange(1000)
    for name, largest in (("lr", 0.1), ("momentum", 0.1)):
        difference = np.abs(parts[name](steps) - exact[name](steps)).max()
        assert difference < 0.006 * largest  # a step at the steepest place of 300
        assert parts[name](1000) == exact[name](999)


def test_new_does_not_replace_a_file_unless_told():
    before = Path("plan.toml").read_text(encoding="utf-8")
    refused = "plan.toml exists: choose another name, or --force to replace it"
    assert error("new", "-o", "plan.toml") == refused
    assert Path("plan.toml").read_text(encoding="utf-8") == before
    run("new", "-o", "plan.toml", "--force")
    assert hc.Plan.load("plan.toml") == POLICIES[()]


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["-o", "plan.json"], "a plan with comments is TOML: a name that ends in .toml, got"),
        (["-o", "no/plan.toml"], "no/plan.toml: there is no folder 'no'"),
        (["--low", "1"], "low must not be above high, got low=1.0, high=0.01"),
        (["--high", "nan"], "high must be finite"),
        (["--step-size", "4x"], "step_size_up must be a whole number of steps or a number with"),
        (["--momentum", "0.9", "0.8"], "--momentum is LOW HIGH, got 0.9 0.8"),
        (["--weight-decay", "1", "0"], "--weight-decay is LOW HIGH, got 1 0"),
        (["--policy", "wsd", "--low", "1"], "wsd needs --low below --high, got 1 and 0.01"),
        (["--policy", "exp_range"], "--policy exp_range needs --gamma, the factor per step"),
        (["--gamma", "0.9"], "--gamma is for --policy exp_range, not for triangular"),
        (["--total-steps", "9"], "--total-steps is for --policy one_cycle, not for triangular"),
        (
            ["--policy", "wsd", "--momentum", "0.8", "0.9"],
            "--momentum is for --policy triangular, triangular2, exp_range, sgdr, one_cycle, not",
        ),
        (
            ["--policy", "one_cycle", "--low", "0"],
            "one_cycle needs bounds with 0 < --low < --high, got 0 and 0.01",
        ),
        (["--policy", "one"], "Invalid value for '--policy': 'one' is not one of 'triangular',"),
    ],
    ids=str,
)
def test_new_refuses_what_makes_no_plan(flags, text):
    assert error("new", *flags).startswith(text)
    assert not Path("no").exists()


# --- schema ---


def test_the_schema_accepts_a_plan_and_refuses_a_broken_one():
    text = run("schema").out
    assert widest(text) <= 80
    run("schema", "-o", "plan.schema.json")
    assert Path("plan.schema.json").read_text(encoding="utf-8") == text
    schema = json.loads(text)
    jsonschema.validate(tomllib.loads(PLAN), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(BROKEN), schema)


# --- list ---


def test_list_names_everything_with_its_package(monkeypatch):
    monkeypatch.setattr(host, "_state", host._State(entry_points=()))
    text = run("list").out
    assert widest(text) <= 80
    sections = dict(re.findall(r"^(\w+)\n((?:  .*\n)+)", text + "\n", re.MULTILINE))
    assert list(sections) == ["Waveforms", "Scales", "Adapters", "Plugins"]
    names = re.findall(r"^  (\w+)", sections["Waveforms"], re.MULTILINE)
    assert names == list(hc.waveforms())
    assert f"exponential(gamma, per='step')  hypercycle {hc.__version__}\n" in sections["Scales"]
    assert sections["Plugins"] == "  none\n"


def test_list_draws_waveforms_from_0_to_1():
    rows = dict(re.findall(r"^  (\w+) +([▁-█]+)  ", run("list").out, re.MULTILINE))
    assert rows["hold"] == "▁▂▄▅▆▇██████"
    assert all((bars[0], bars[-1]) == ("▁", "█") for bars in rows.values())
    assert len(rows) == len(hc.waveforms())


def test_list_of_sections():
    text = run("list", "scales").out
    assert text.startswith("Scales\n  constant ")
    assert "Waveforms" not in text
    assert "'waveform' is not one of 'waveforms', 'scales'" in error("list", "waveform")


def installed(monkeypatch, folder, name, source, *entry_points):
    """Make a package with plugins findable, as pip would."""
    module = name.replace("-", "_")
    sys.modules.pop(module, None)  # of an earlier test
    Path(folder, f"{module}.py").write_text(source, encoding="utf-8")
    information = Path(folder, f"{module}-1.2.dist-info")
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = "".join(f"{point} = {module}\n" for point in entry_points)
    (information / "entry_points.txt").write_text(f"[hypercycle]\n{lines}")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(host, "_state", host._State())


WAVES = """
from hypercycle import hookimpl

def {name}(x, xp):
    return x * x

@hookimpl
def hypercycle_waveforms():
    return {{"{name}": {name}}}
"""
DRIVES = """
@hookimpl
def hypercycle_attach(target):
    return None
"""


def test_list_names_plugins_with_what_they_do_and_broken_ones_with_the_cause(folder, monkeypatch):
    installed(monkeypatch, folder, "kettle-waves", WAVES.format(name="boil") + DRIVES, "kettle")
    installed(monkeypatch, folder, "bad-waves", "import a_package_that_is_not_here", "bad")
    result = run("list")  # a warning would be an error here
    assert result.err == ""
    assert re.search(r"^  boil +▁▁▁▂▂▂▃▄▅▆▇█  kettle-waves 1\.2$", result.out, re.MULTILINE)
    assert re.search(r"^  kettle  kettle-waves 1\.2$", result.out, re.MULTILINE)
    (listed,) = re.findall(r"^Plugins\n((?:  .*\n)+)", result.out, re.MULTILINE)
    assert [" ".join(one.split()) for one in re.split(r"\n(?=  \w)", listed)] == [
        (
            "bad bad-waves 1.2 failed: ModuleNotFoundError: No module named "
            "'a_package_that_is_not_here'"
        ),
        "kettle kettle-waves 1.2 attach, waveforms",
    ]
    assert widest(result.out) <= 80


def test_list_tells_of_two_plugins_with_one_name_and_lists_the_rest(folder, monkeypatch):
    installed(monkeypatch, folder, "kettle-waves", WAVES.format(name="boil"), "kettle")
    installed(monkeypatch, folder, "tea-waves", WAVES.format(name="boil"), "tea")
    text = run("list", "waveforms").out
    assert re.search(r"^  hann ", text, re.MULTILINE)
    assert "waveform 'boil' is claimed by plugin 'kettle'" in text
    assert widest(text) <= 80


def test_list_tells_of_a_waveform_that_fails_between_0_and_1(folder, monkeypatch):
    source = WAVES.format(name="boil").replace(
        "return x * x", "return [0.0, 1.0][len(x) - 2 :] or x"
    )
    installed(monkeypatch, folder, "bad-waves", source.replace("or x", "or {}['x']"), "bad")
    text = run("list", "waveforms").out
    assert re.search(r"^  boil +failed: KeyError: 'x'  bad-waves 1\.2$", text, re.MULTILINE)


def test_list_of_plugins_that_are_not_there(monkeypatch):
    monkeypatch.setattr(host, "_state", host._State(entry_points=()))
    monkeypatch.setenv(host.ENVIRONMENT_VARIABLE, "nonsense")
    assert error("list") == (
        "HYPERCYCLE_PLUGINS asks for 'nonsense', but the installed plugins are: none"
    )


def test_a_broken_plugin_is_told_of_once(folder, monkeypatch):
    installed(monkeypatch, folder, "bad-waves", "import a_package_that_is_not_here", "bad")
    installed(monkeypatch, folder, "kettle-waves", WAVES.format(name="boil"), "kettle")
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


# --- range-test ---

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
