"""``hypercycle check``: what is wrong in plan files, all of it."""

import json
from pathlib import Path

import pytest
from commands import error, run, widest

import hypercycle as hc
from hypercycle.command_line.output import wrap


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
    both = ("--steps-per-epoch", 100, "--total-steps", 500)
    assert run("check", "epochs.toml", *both).out == "epochs.toml: ok (lr)\n"
    assert run("check", "epochs.toml", "--total-steps", 1000, status=2).out == (
        "epochs.toml: lr: step_size_up='2ep' cannot be turned into steps without steps_per_epoch: "
        "give --steps-per-epoch\n"
    )
    assert run("check", "epochs.toml", "--steps-per-epoch", 10, status=2).out == (
        "epochs.toml: lr: step_size_down='10%' cannot be turned into steps without total_steps: "
        "give --total-steps\n"
    )


def test_check_tells_what_is_probably_not_meant():
    told = run("check", "plan.toml", "--total-steps", 130).out
    assert told == (
        "plan.toml: lr: warning (mid-cycle): the run ends 10 steps into a cycle of 40, at 0.00456 "
        "between 0.0001 and 0.01; write total_steps=120, where a cycle ends, or 160\n"
        "plan.toml: weight_decay.groups.weights: note (mid-cycle): the run ends 10 steps into a "
        "cycle of 60, at 0.000214 between 1e-05 and 0.001; write total_steps=120, where a cycle "
        "ends, or 180\n"
    )
    assert run("check", "plan.toml", "--total-steps", 120).out == (
        "plan.toml: ok (lr, momentum, weight_decay)\n"
    )


def test_check_says_ok_beside_notes():
    ok, note = run("check", "plan.toml", "--total-steps", 160, "--strict").out.splitlines()
    assert ok == "plan.toml: ok (lr, momentum, weight_decay)"
    assert note.startswith("plan.toml: weight_decay.groups.weights: note (mid-cycle): the run ends")


def test_strict_fails_on_warnings_and_errors_fail_anyway():
    run("check", "plan.toml", "--total-steps", 130, "--strict", status=2)
    Path("long.toml").write_text(
        '[lr]\nkind = "chain"\nparts = [{kind = "ramp", start = 0, end = 1, steps = 90}, 1]\n'
    )
    told = run("check", "long.toml", "--total-steps", 60, status=2).out
    assert told.startswith("long.toml: lr.parts.0: error (warm-up-longer-than-run): ")


def test_rules_are_passed_over_by_name():
    options = ("--total-steps", 130, "--ignore", "mid-cycle", "--ignore", "step-size", "--strict")
    assert run("check", "plan.toml", *options).out.startswith("plan.toml: ok")
    assert error("check", "plan.toml", "--ignore", "mid-cycel").startswith(
        "there is no rule 'mid-cycel'; did you mean 'mid-cycle'? rules: bounds-close, cycle-"
    )


@pytest.mark.parametrize("suffix", [".toml", ".json", ".yaml"])
def test_a_file_passes_over_rules(suffix):
    data = {"check": 0.5, "lr": {"low": 0.1, "high": 0.5, "step_size_up": 20}}
    data["$check"] = {"ignore": ["mid-cycle"]}
    path = Path(f"silent{suffix}")
    as_toml = '["$check"]\nignore = ["mid-cycle"]\n'
    hc.Plan.from_dict(data).save(path)
    assert hc.Plan.load(path) == hc.Plan.from_dict(data)
    told = run("check", path, "--total-steps", 130, "--strict", status=2).out
    assert f"{path}: lr: warning (mid-cycle): " in told
    if suffix == ".toml":
        path.write_text(path.read_text() + as_toml)
    else:
        path.write_text(json.dumps(data))
    assert hc.Plan.load(path) == hc.Plan.from_dict(data)
    assert run("check", path, "--total-steps", 130, "--strict").out == f"{path}: ok (check, lr)\n"


def test_a_file_that_names_no_rule_is_wrong():
    Path("wrong.toml").write_text('lr = 0.1\n["$check"]\nignore = ["mid-cycel"]\n')
    (line,) = run("check", "wrong.toml", status=2).out.splitlines()
    assert line.startswith("wrong.toml: $check.ignore: there is no rule 'mid-cycel'; did you mean")


def test_for_a_target_names_and_values_are_checked():
    pytest.importorskip("torch")
    Path("names.toml").write_text("lr = 0.1\nmomentm = 0.9\nweight_decay = -1\n")
    assert run("check", "names.toml").out == "names.toml: ok (lr, momentm, weight_decay)\n"
    assert run("check", "names.toml", "--for", "torch.optim.SGD", status=2).out == (
        "names.toml: momentm: error (refused-by-target): SGD has no hyperparameter 'momentm'; did "
        "you mean 'momentum'? available: lr, momentum, dampening, weight_decay; write what it has "
        "and takes, or leave it out\n"
        "names.toml: weight_decay: error (refused-by-target): weight_decay (weight_decay of SGD) "
        "accepts values in [0, inf), its schedule gives -1.0; write what it has and takes, or "
        "leave it out\n"
    )
    run("check", "plan.toml", "--for", "torch.optim.SGD", "--strict")
    ignored = ("--for", "torch.optim.SGD", "--ignore", "refused-by-target", "--strict")
    run("check", "names.toml", *ignored)


def test_findings_fit_into_80_columns():
    for line in run("check", "plan.toml", "--total-steps", 130).out.splitlines():
        assert widest(wrap(line, indent="  ")) <= 80  # as on a terminal


def test_the_run_may_be_told_in_tokens():
    Path("tokens.json").write_text('{"lr": {"kind": "ramp", "start": 0, "end": 1, "steps": "50%"}}')
    told = ["--total-steps", "10Mtok"]
    wanted = "total_steps='10Mtok' cannot be turned into steps without tokens_per_step: give --tok"
    assert wanted in error("check", "tokens.json", *told)
    rows = run("values", "tokens.json", *told, "--tokens-per-step", "1000000").out.splitlines()
    assert (rows[6], rows[11], len(rows)) == ("5,1.0", "10,1.0", 12)
    assert "'50%' is not a valid integer" in error("check", "tokens.json", "--total-steps", "50%")
