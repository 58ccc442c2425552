"""Plan files for people hold any plan."""

from pathlib import Path

from hypercycle.command_line.commented import commented

import hypercycle as hc


def test_a_commented_plan_holds_any_plan():
    plan = hc.Plan(
        lr=hc.Cycle(0.1, 0.123456789012345678, 9, waveform=("hann", "welch")),
        weight_decay=hc.Groups({"a": hc.Cycle(0.1, 0.5, 3), 1: None}),
        eps=hc.Chain((hc.Constant(0.1), 5), hc.Ramp(0.1, 0.2, 3)),
    )
    Path("any.toml").write_text(commented(plan, "any.toml", ["a note"]), encoding="utf-8")
    assert hc.Plan.load("any.toml") == plan
