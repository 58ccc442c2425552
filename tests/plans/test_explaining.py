"""``Plan.explain``: every rule finds what it is for, and says nothing of plans that are meant."""

import ast
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import hypercycle as hc
from hypercycle.numbers.lengths import Units
from hypercycle.plans.explaining import REFUSED, RULES, checked_rules, explain

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("examples/*/plot_*.py"))
LR = hc.Cycle(0.001, 0.006, 1000)

# A plan that is not meant for each rule: the plan, the run, the epoch, where it is found.
SHRINKS, GROWS = hc.Exponential(0.99), hc.Exponential(1.0001)
IN_PHASE = hc.Groups({0: hc.Cycle(0.0, 0.1, 1000), 1: None})
NOT_MEANT = {
    "bounds-close": (hc.Plan(lr=hc.Cycle(0.001, 0.002, 1000)), 4000, 500, "lr"),
    "cycle-longer-than-run": (hc.Plan(lr=LR), 1200, None, "lr"),
    "grows-without-end": (hc.Plan(lr=hc.Cycle(0.1, 1.0, 9, scale=GROWS)), None, None, "lr"),
    "later-cycles-invisible": (hc.Plan(lr=hc.Cycle(0.1, 1.0, 500, scale=SHRINKS)), 8000, 250, "lr"),
    "longer-than-run": (hc.Plan(lr=hc.warmup_stable_decay(0.1, 9, 800, 200)), 1000, None, "lr"),
    "mid-cycle": (hc.Plan(eps=1, lr=hc.warmup(50, LR)), 3050, 500, "lr.parts.1"),
    "momentum-in-phase": (hc.Plan(lr=LR, beta1=hc.Cycle(0.8, 0.9, 1000)), 4000, 500, "beta1"),
    "rate-and-decay-in-phase": (
        hc.Plan(lr=LR, weight_decay=IN_PHASE), 4000, 500, "weight_decay.groups.0"
    ),
    "shorter-than-run": (hc.Plan(lr=hc.warmup_stable_decay(0.1, 9, 50, 10)), 1000, None, "lr"),
    "step-size": (hc.Plan(lr=hc.Cycle(0.001, 0.006, "1ep")), 40_000, 500, "lr"),
    "warm-up-longer-than-run": (
        hc.Plan(lr=hc.Product(hc.Ramp(0.0, 1.0, 1000), 0.1)), 500, None, "lr.factors.0"
    ),
    "zero-at-first-update": (hc.Plan(lr=hc.Cycle(0.0, 0.1, 1000)), 4000, 500, "lr"),
}  # fmt: skip


def found(plan, total_steps=None, steps_per_epoch=None, **options):
    findings = plan.explain(total_steps=total_steps, steps_per_epoch=steps_per_epoch, **options)
    return [one.rule for one in findings]


def test_every_rule_has_a_plan_here():
    assert {*NOT_MEANT} == {*RULES} - {REFUSED}


@pytest.mark.parametrize("rule", NOT_MEANT)
def test_a_rule_finds_what_it_is_for_and_nothing_else_does(rule):
    plan, total, epoch, where = NOT_MEANT[rule]
    (finding,) = plan.explain(total_steps=total, steps_per_epoch=epoch)
    assert (finding.rule, finding.where) == (rule, where)
    assert found(plan, total, epoch, ignore=[rule]) == []


def test_findings_come_by_severity_and_say_all_that_they_are():
    plan = hc.Plan(
        weight_decay=hc.Cycle(1e-5, 1e-4, 300),
        lr=hc.Cycle(0.0, 0.006, 300),
        momentum=hc.Chain(hc.Ramp(0.5, 0.9, 2000), hc.Cycle(0.8, 0.9, 300)),
    )
    told = """
momentum.parts.0: error (warm-up-longer-than-run): the warm-up takes 2000 steps and the run has \
1000: it ends at 0.7; write a shorter one, such as steps=50 or '5%'
lr: warning (mid-cycle): the run ends 400 steps into a cycle of 600, at 0.00402 between 0 and \
0.006; write total_steps=1200, where a cycle ends, or 600
lr: note (zero-at-first-update): the rate of the first update is 0, and of the first of each \
cycle: these change nothing; write low=0.0006, or what a range test finds
weight_decay: note (rate-and-decay-in-phase): rises and falls with lr; AdamW and SGD shrink \
weights by their product; keep one of them constant, unless the product is meant
"""
    assert [str(one) for one in plan.explain(total_steps=1000)] == told.split("\n")[1:-1]
    assert [one.severity for one in plan.explain()] == ["note", "note"]


def test_lengths_that_are_not_known_are_not_looked_at():
    plan = hc.Plan(
        lr=hc.warmup_stable_decay(0.1, "5%", "80%", "20%"), momentum=hc.Cycle(0.8, 0.9, "2ep")
    )
    assert found(plan) == found(plan, 1000, 10) == ["longer-than-run"]
    assert found(hc.Plan(lr=hc.Chain((0.1, "1ep"), hc.Ramp(0.1, 0.0, "2ep")))) == []
    with pytest.raises(ValueError, match="without steps_per_epoch"):
        plan.explain(total_steps=1000)


def test_functions_of_users_are_not_called():
    def rate(step):
        raise AssertionError(step)

    assert found(hc.Plan(lr=rate, momentum=hc.Chain((rate, 10), 0.9)), 1000, 10) == []


def test_rules_that_there_are_not_are_refused():
    with pytest.raises(
        ValueError, match=r"no rule 'mid-cycel'; did you mean 'mid-cycle'[?] rules: "
    ):
        checked_rules(["mid-cycel"])
    with pytest.raises(TypeError, match=r"a list of rules, such as \['step'\], got 'step'"):
        hc.Plan(lr=0.1).explain(ignore="step")


# Plans that are meant.


def rates(rng, epoch):
    """Return learning rates as people train with them, each with its run."""
    high = 10 ** rng.uniform(-4, 0)
    low = high / rng.uniform(3, 100)
    size, cycles = rng.randint(2, 10), rng.randint(1, 8)
    steps = size * epoch
    run = 2 * steps * cycles
    hundreds = run // 100 * 100
    waveform = rng.choice(["triangular", "hann", "welch", "parzen"])
    gamma = rng.uniform(0.05, 0.6) ** (1 / run)
    doublings, before = rng.randint(1, 4), rng.randint(1, epoch)
    down = hc.Ramp(high, low / 100, "90%", "cosine")
    return [
        (hc.triangular(low, high, rng.choice([steps, f"{size}ep"]), waveform=waveform), run),
        (hc.triangular2(low, high, steps, waveform=waveform), run),
        (hc.exp_range(low, high, steps, gamma=gamma), run),
        (hc.sgdr(rng.choice([0.0, low]), high, steps), steps * cycles),
        (hc.sgdr(0.0, high, steps, cycle_mult=2), steps * (2**doublings - 1)),
        (hc.one_cycle(high, run, three_phase=rng.random() < 0.3)["lr"], run),
        (hc.warmup_stable_decay(high, "5%", "75%", "20%", waveform="linear"), hundreds),
        (hc.warmup(before, hc.Cycle(low, high, steps)), run + before),
        (hc.Chain(hc.Ramp(0.0, high, "10%"), down), hundreds),
    ]


def sensible(rng):
    """Return a plan as people train with it, its run and its epoch."""
    epoch = rng.choice([50, 98, 391, 500, 1251, 5004])
    lr, run = rng.choice(rates(rng, epoch))
    others = {"weight_decay": rng.choice([0.01, hc.Ramp(0.0, 0.05, "100%")]), "beta1": 0.9}
    if isinstance(lr, hc.Cycle):
        others["beta1"] = lr.opposite(0.85, 0.95)
    chosen = {name: one for name, one in others.items() if rng.random() < 0.5}
    if rng.random() < 0.3:
        lr = hc.Groups({"body": lr, "head": lr})
    return hc.Plan(lr=lr, **chosen), run, epoch


def test_hardly_a_sensible_plan_is_found_fault_with():
    rng = random.Random(0)
    alarms = Counter()
    for _ in range(300):
        plan, run, epoch = sensible(rng)
        alarms[bool(plan.explain(total_steps=run, steps_per_epoch=epoch))] += 1
    assert alarms[True] <= 0.01 * alarms.total()


def test_runs_of_any_length_are_mostly_found_fault_with():
    """The generator makes plans that could be found fault with: its runs are what they are for."""
    rng = random.Random(0)
    alarms = Counter()
    for _ in range(100):
        plan, run, epoch = sensible(rng)
        alarms[bool(plan.explain(total_steps=run * 7 // 10, steps_per_epoch=epoch))] += 1
    assert alarms[True] > 50


RUN = 12_000
POLICIES = {
    "triangular": hc.triangular(0.001, 0.006, 2000),
    "triangular2": hc.triangular2(0.001, 0.006, 2000),
    "exp_range": hc.exp_range(0.001, 0.006, 2000, gamma=0.9998),
    "bounds": hc.exp_range(0.001, 0.006, 2000, gamma=0.9998, scale_of="bounds"),
    "hann": hc.Cycle(0.001, 0.006, 2000, waveform="hann"),
    "sgdr": hc.sgdr(0.0, 0.05, 4000),
    "one_cycle": hc.one_cycle(0.006, total_steps=RUN)["lr"],
    "warmup": hc.warmup(1000, hc.sgdr(0.0, 0.05, 11_000)),
    "warmup to a constant": hc.warmup(1000, 0.05),
    "warmup_stable_decay": hc.warmup_stable_decay(0.001, 1000, 8600, 2400),
    "one triangle": hc.Cycle(1e-5, 8e-5, 3000, 9000, cycles=1),
    "product": hc.Product(hc.Ramp(0.0, 1.0, 3000), hc.Cycle(0.001, 0.006, 1000)),
    "envelope": hc.Product(hc.Ramp(1.0, 0.0, RUN, "hann"), hc.Cycle(0.001, 0.006, 1000)),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_policies_are_not_found_fault_with(policy):
    lr = POLICIES[policy]
    assert hc.Plan(lr=lr).explain(total_steps=RUN, steps_per_epoch=500) == ()
    if isinstance(lr, hc.Cycle):
        momentum = lr.opposite(0.85, 0.95)
        assert hc.Plan(lr=lr, momentum=momentum).explain(total_steps=RUN) == ()


def drawn(page):
    """Yield what the lines of a page that stand alone make of hypercycle, by its name there."""
    names = {"hc": hc, "np": np}
    for line in ast.parse(page.read_text(encoding="utf-8")).body:
        if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
            continue
        try:
            exec(compile(ast.Module([line], []), str(page), "exec"), names)
        except Exception:  # noqa: BLE001  (it needs what the page computes)
            continue
        name = line.targets[0].id
        if isinstance(names[name], hc.Plan):
            yield names[name]
        elif name == "lr":
            yield hc.Plan(lr=names[name])


def test_the_galleries_are_not_found_fault_with():
    plans = [plan for page in PAGES for plan in drawn(page)]
    assert len(plans) > 15
    assert [finding for plan in plans for finding in plan.explain()] == []


# What pages of the galleries train with, in the runs that they make.
TRAINED = {
    "plot_dino_plan": (
        hc.Plan(
            lr=hc.Chain(hc.Ramp(0.0, 5e-4, "10ep"), hc.Ramp(5e-4, 1e-6, "90ep", "cosine")),
            weight_decay=hc.Ramp(0.04, 0.4, "100ep", "cosine"),
            teacher_momentum=hc.Ramp(0.996, 1.0, "100ep", "cosine"),
        ),
        100 * 1251,
        1251,
    ),
    "plot_kl_annealing": (hc.Plan(beta=hc.Cycle(0.0, 1.0, 250, 0, waveform="hold")), 1000, 20),
    "plot_plans": (
        hc.Plan(
            lr=hc.Cycle(1e-4, 1e-2, 2000),
            momentum=hc.Cycle(0.85, 0.95, 2000, inverted=True),
            weight_decay=hc.Cycle(1e-4, 1e-3, 5000, waveform="hann"),
        ),
        20_000,
        500,
    ),
    "plot_resume": (hc.Plan(lr=hc.Cycle(0.01, 0.2, 100)), 600, 45),
    "plot_snapshots": (hc.Plan(lr=hc.sgdr(0.001, 0.5, 100, cycles=10)), 1000, 20),
    "plot_several_gpus": (hc.Plan(lr=hc.Cycle(0.01, 0.5, 45)), 90, 45),
    "plot_weight_decay": (
        hc.Plan(
            lr=hc.Cycle(1e-4, 1e-3, 1000),
            weight_decay=hc.Groups({"w": hc.Cycle(1e-3, 1e-2, 500, waveform="hann"), "b": None}),
        ),
        4000,
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("page", TRAINED)
def test_what_the_galleries_train_with_is_not_found_fault_with(page):
    plan, run, epoch = TRAINED[page]
    assert plan.explain(total_steps=run, steps_per_epoch=epoch) == ()


@pytest.mark.parametrize("epochs", [2, 5, 8, 12, 30, 90, 200])
def test_the_plans_of_range_tests_are_not_found_fault_with(epochs):
    rates = np.geomspace(1e-4, 10, 300)
    noise = np.random.default_rng(0).normal(0, 0.01, 300)
    losses = 2.3 - 1.5 / (1 + (0.03 / rates) ** 2) + np.maximum(3 * (rates - 1), 0) + noise
    plan = hc.RangeTest(rates, losses).bounds().plan(epochs, steps_per_epoch=391)
    assert plan.explain(total_steps=epochs * 391, steps_per_epoch=391) == ()


def test_explain_is_a_function_of_schedules_by_name():
    assert explain({"lr": LR}, Units(None, 1000), ["cycle-longer-than-run"]) == ()
