"""``hypercycle new``: each policy as a plan file that works."""

import re
from pathlib import Path

import numpy as np
import pytest
from commands import error, run, widest

import hypercycle as hc

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
        lr=hc.warmup_stable_decay(1e-3, "5%", "rest", "20%")
    ),
    ("--policy", "inverse_sqrt", "--low", "1e-5"): hc.Plan(
        lr=hc.inverse_sqrt(0.01, "5%", start=1e-5, min_lr=1e-5)
    ),
    ("--policy", "polynomial", "--high", "0.1"): hc.Plan(
        lr=hc.Chain(
            hc.Ramp(0.0, 0.1, "5%"),
            hc.Cycle(0.0, 0.1, 0, "95%", waveform=hc.Polynomial(0.9), cycles=1),
        )
    ),
    ("--policy", "wsd", "--low", "1e-5"): hc.Plan(
        lr=hc.warmup_stable_decay(1e-2, "5%", "rest", "20%", start=1e-5, end=1e-5)
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
    assert run("check", "new.toml").out.splitlines()[0] == f"new.toml: ok ({names})"
    text = Path("new.toml").read_text(encoding="utf-8")
    # A part is one line: an inline table of TOML has no line breaks.
    assert widest(re.sub(r"^  \{.*$", "", text, flags=re.MULTILINE)) <= 80
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
        (
            ["--low", "1"],
            "low must not be above high, got low=1.0, high=0.01: the smaller is --low",
        ),
        (["--high", "nan"], "high must be finite"),
        (["--step-size", "4x"], "step_size_up must be a whole number of steps or a number with"),
        (["--momentum", "0.9", "0.8"], "--momentum is LOW HIGH, got 0.9 0.8"),
        (["--weight-decay", "1", "0"], "--weight-decay is LOW HIGH, got 1 0"),
        (["--policy", "wsd", "--low", "1"], "wsd needs --low below --high, got 1 and 0.01"),
        (
            ["--policy", "inverse_sqrt", "--low", "1"],
            "inverse_sqrt needs --low below --high, got 1 and 0.01",
        ),
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
