"""Plan files for people hold any plan."""

import hypercycle as hc
from hypercycle.plan_files.commented import commented


def test_a_commented_plan_holds_any_plan(tmp_path):
    plan = hc.Plan(
        lr=hc.Cycle(0.1, 0.123456789012345678, 9, waveform=("hann", "welch")),
        weight_decay=hc.Groups({"a": hc.Cycle(0.1, 0.5, 3), 1: None}),
        eps=hc.Chain((hc.Constant(0.1), 5), hc.Ramp(0.1, 0.2, 3)),
    )
    path = tmp_path / "any.toml"
    path.write_text(commented(plan, "any.toml", ["a note"]), encoding="utf-8")
    assert hc.Plan.load(path) == plan
