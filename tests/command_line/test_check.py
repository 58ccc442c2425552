"""``hypercycle check``: what is wrong in plan files, all of it."""

from commands import run


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
