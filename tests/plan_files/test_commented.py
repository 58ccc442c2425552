"""Plan files for people."""

import re

import hypercycle as hc
from hypercycle.plan_files.commented import commented_text


def test_a_commented_plan_holds_any_plan(tmp_path):
    plan = hc.Plan(
        lr=hc.Cycle(0.1, 0.123456789012345678, 9, waveform=("hann", "welch")),
        weight_decay=hc.Groups({"a": hc.Cycle(0.1, 0.5, 3), 1: None}),
        eps=hc.Chain((hc.Constant(0.1), 5), hc.Ramp(0.1, 0.2, 3)),
        rho=hc.Maximum(0.1, hc.Points({0: 0.5, "2ep": 0.0})),
        mix=hc.Mixture({"web": hc.Rounded(hc.Ramp(1, 5, 9)), "code": 1}),
        beta1=hc.Reference("eps", hc.Chain((hc.Constant(0.1), 5), hc.Ramp(0.1, 0.2, 3)), 2.0),
    )
    path = tmp_path / "any.toml"
    path.write_text(commented_text(plan, "any.toml", ["a note"]), encoding="utf-8")
    assert hc.Plan.load(path) == plan
    assert path.read_text().count("# one part after the other") == 1


def test_comments_stand_beside_their_keys_and_notes_above():
    lr = hc.Cycle(1e-4, 1e-2, "4ep")
    plan = hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95))
    text = commented_text(plan, "my.toml", ["a note " * 20])
    assert "#   hypercycle show my.toml --steps-per-epoch 100\n" in text
    assert re.search(r"^low = 0.0001 +# the lower bound$", text, re.MULTILINE)
    assert re.search(r'^opposite = "lr" +# low where that one is high', text, re.MULTILINE)
    assert re.search(r'^# scale = "halving" ', text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 80
