"""What does not fit into a run, and what does."""

import random

import pytest

import hypercycle as hc


def found(plan, total_steps):
    return [one.rule for one in plan.explain(total_steps=total_steps)]


def test_the_nearest_length_ends_well():
    rng = random.Random(1)
    for _ in range(100):
        lr = hc.Cycle(0.1, 1.0, rng.randint(2, 90), rng.choice([None, 0, 7, 90]))
        plan, total = hc.Plan(lr=hc.warmup(rng.randint(1, 9), lr)), rng.randint(10, 400)
        for finding in plan.explain(total_steps=total, ignore=["cycle-longer-than-run"]):
            assert finding.rule == "mid-cycle"
            words = finding.instead.replace(",", "").split()
            nearest, other = int(words[1].removeprefix("total_steps=")), int(words[-1])
            assert abs(nearest - total) <= abs(other - total)
            assert found(plan, nearest) == found(plan, other) == []


def test_a_run_that_ends_low_ends_well():
    cycle = hc.Cycle(0.001, 0.006, 300)
    assert found(hc.Plan(lr=cycle), 599) == found(hc.Plan(lr=cycle), 620) == []
    assert found(hc.Plan(lr=cycle), 700) == ["mid-cycle"]
    # The product has become low, and a halved cycle is.
    assert found(hc.Plan(lr=hc.Product(hc.Ramp(1.0, 0.0, 700), cycle)), 700) == []
    assert found(hc.Plan(lr=hc.triangular2(0.001, 0.006, 300)), 2700) == []
    # So it does where whole cycles end where they began.
    assert found(hc.Plan(lr=hc.Cycle(0.001, 0.006, 300, phase=0.5)), 1200) == []
    # Restarts end low, and one update after a restart is one at the top.
    assert found(hc.Plan(lr=hc.sgdr(0.0, 0.1, 300)), 900) == []
    assert found(hc.Plan(lr=hc.sgdr(0.0, 0.1, 300)), 901) == ["mid-cycle"]


def test_what_moves_with_the_rate_is_told_once_and_other_cycles_are_noted():
    lr = hc.Cycle(0.001, 0.006, 300)
    assert found(hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95)), 1000) == ["mid-cycle"]
    plan = hc.Plan(lr=hc.Cycle(0.001, 0.006, 500), dropout=hc.Cycle(0.1, 0.3, 300))
    (finding,) = plan.explain(total_steps=1000)
    assert (finding.where, finding.severity) == ("dropout", "note")


@pytest.mark.parametrize(
    ("schedule", "total", "rule"),
    [
        (hc.warmup(1000, 0.1), 1000, "warm-up-longer-than-run"),
        (hc.warmup(1000, 0.1), 1001, None),
        # A warm-up that goes down is none.
        (hc.Chain(hc.Ramp(1.0, 0.1, 1000), 0.1), 900, None),
        (hc.Ramp(0.1, 0.0, 1000), 999, "longer-than-run"),
        (hc.Chain(hc.Ramp(0.0, 0.1, 100), (0.1, 5000)), 999, None),
        (hc.Ramp(0.1, 0.0, 1000), 1000, None),
        # The last update of one_cycle, total_steps - 1, has the last value.
        (hc.one_cycle(0.1, 1000)["lr"], 1000, None),
        (hc.one_cycle(0.1, 1000)["lr"], 998, "longer-than-run"),
        (hc.one_cycle(0.1, 1000)["lr"], 1100, "shorter-than-run"),
        # Who holds a rate that is none too small may mean to, and so may who ends a little sooner.
        (hc.Chain(hc.Ramp(0.0, 1.0, 10), hc.Ramp(1.0, 0.1, 500)), 1000, None),
        (hc.Ramp(0.1, 0.0, 995), 1000, None),
        (hc.Cycle(0.001, 0.006, 100, cycles=2), 1000, None),
        (hc.Cycle(0.0, 0.1, 0, 100, cycles=2), 1000, "shorter-than-run"),
    ],
)  # fmt: skip
def test_what_fits_is_a_matter_of_steps(schedule, total, rule):
    assert found(hc.Plan(lr=schedule), total) == ([] if rule is None else [rule])


def test_what_a_run_leaves_over_of_other_hyperparameters_is_a_note():
    (finding,) = hc.Plan(weight_decay=hc.Ramp(0.1, 0.0, 1000)).explain(total_steps=500)
    assert (finding.rule, finding.severity) == ("longer-than-run", "note")


def test_a_cycle_cut_to_fit_fits():
    (finding,) = hc.Plan(lr=hc.warmup(100, hc.Cycle(0.001, 0.006, 900, 300))).explain(
        total_steps=1000
    )
    assert finding.instead == "write step_size_up=675, step_size_down=225 for one cycle"
    assert found(hc.Plan(lr=hc.warmup(100, hc.Cycle(0.001, 0.006, 675, 225))), 1000) == []


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("5%", "75%", "20%"), None),
        (("5%", "80%", "20%"), "longer-than-run"),
        (("5%", "70.5%", "20%"), "shorter-than-run"),
        (("33.3%", "33.3%", "33.4%"), None),
        (("100it", "80%", "20%"), None),  # is not known
        (("100it", "200it", "99%"), None),
    ],
)
def test_percentages_add_up_in_any_run(parts, told):
    lr = hc.warmup_stable_decay(0.1, *parts)
    (rules, beside) = (
        [one.rule for one in hc.Plan(**{name: lr}).explain()] for name in ("lr", "x")
    )
    assert rules == ([] if told is None else [told])
    assert beside == ([told] if told == "longer-than-run" else [])  # what holds may be meant to


def test_percentages_that_do_not_add_up_say_to_what():
    (finding,) = hc.Plan(lr=hc.warmup_stable_decay(0.1, "5%", "80%", "20%")).explain()
    assert str(finding) == (
        "lr: warning (longer-than-run): its parts add up to 105% of the run; write parts that add "
        "up to 100%"
    )
