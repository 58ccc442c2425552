"""What is found in values, whatever the run."""

import pytest

import hypercycle as hc

LR = hc.Cycle(0.001, 0.006, 1000)


def rules(plan, **run):
    return [one.rule for one in plan.explain(**run)]


def test_a_scale_that_overflows_in_the_run_is_an_error():
    plan = hc.Plan(lr=hc.Cycle(0.001, 0.006, 1000, scale=hc.Exponential(1.001), cycles=1000))
    assert rules(plan, total_steps=4000) == []
    (finding,) = plan.explain(total_steps=2_000_000)
    assert (finding.rule, finding.severity) == ("grows-without-end", "error")
    per_cycle = hc.Exponential(10.0, per="cycle")
    (finding,) = hc.Plan(momentum=hc.Cycle(0.0, 0.1, 1, scale=per_cycle)).explain(total_steps=800)
    assert finding.severity == "error"


def test_each_group_is_looked_at_with_its_own_rate():
    lr = hc.Groups({"body": LR, "head": LR.opposite(0.001, 0.006)})
    momentum = hc.Groups({"body": LR.opposite(0.85, 0.95), "head": LR.opposite(0.85, 0.95)})
    (finding,) = hc.Plan(lr=lr, momentum=momentum).explain(total_steps=4000)
    assert (finding.rule, finding.where) == ("momentum-in-phase", "momentum.groups.head")


@pytest.mark.parametrize(
    ("cycle", "told"),
    [
        (hc.Cycle(0.1, 0.3, 10), []),
        (hc.Cycle(0.1, 0.29, 10), ["bounds-close"]),
        (hc.Cycle(0.1, 0.1, 10), ["bounds-close"]),
        (hc.Cycle(0.0, 0.3, 10), ["zero-at-first-update"]),
        (hc.Cycle(0.0, 0.3, 10, phase=0.5), []),
        (hc.Cycle(0.0, 0.3, 10, inverted=True), []),
        (hc.sgdr(0.0, 0.3, 10), []),
        (hc.warmup(10, hc.Cycle(0.1, 0.3, 10)), []),
        (hc.Chain(hc.Cycle(0.0, 0.3, 10, cycles=1), 0.1), ["zero-at-first-update"]),
    ],
)
def test_bounds(cycle, told):
    assert rules(hc.Plan(lr=cycle)) == rules(hc.Plan(**{"optimizer.lr": cycle})) == told
    assert rules(hc.Plan(dropout=cycle)) == []


@pytest.mark.parametrize(
    ("lengths", "epochs", "told"),
    [
        ((10_000,), 100, []),
        ((10_010,), 100, ["step-size"]),
        ((1_990,), 100, ["step-size"]),
        ((2_000,), 100, []),
        # So short a run holds no two cycles of that size, and so long a cycle is the run's own.
        ((500,), 4, []),
        ((25_000,), 50, []),
        ((0, 500), 100, []),  # restarts
        (("1ep", "4ep"), 100, []),
        (("1ep", "2ep"), 100, ["step-size"]),
    ],
)
def test_step_sizes(lengths, epochs, told):
    plan = hc.Plan(lr=hc.Cycle(0.001, 0.006, *lengths))
    run = {"steps_per_epoch": 1000, "total_steps": epochs * 1000, "ignore": ["mid-cycle"]}
    assert rules(plan, **run) == told


@pytest.mark.parametrize(
    ("scale", "run", "told"),
    [
        (hc.Exponential(0.998), None, ["later-cycles-invisible"]),
        (hc.Exponential(0.9999), None, []),
        (hc.Exponential(0.9999), 40_000, []),
        (hc.Exponential(0.9999), 100_000, ["later-cycles-invisible"]),
        (hc.Exponential(0.001, per="cycle"), None, ["later-cycles-invisible"]),
        (hc.Exponential(0.001, per="cycle"), 2000, []),  # there is no second one
        (hc.Exponential(0.7, per="cycle"), 20_000, []),
        ("halving", 20_000, []),
        ("halving", 60_000, ["later-cycles-invisible"]),
        (hc.Exponential(1.0), 60_000, []),
    ],
)
def test_scales_that_shrink(scale, run, told):
    plan = hc.Plan(eps=hc.Cycle(0.1, 1.0, 1000, scale=scale))
    assert rules(plan, total_steps=run) == told


def test_what_instead_of_a_scale_is_not_found_fault_with():
    for gamma, per in ((0.99, "step"), (0.1, "cycle")):
        plan = hc.Plan(lr=hc.Cycle(0.1, 1.0, 1000, scale=hc.Exponential(gamma, per)))
        (finding,) = plan.explain(total_steps=40_000)
        better = float(finding.instead.rpartition(" ")[2])
        assert (
            rules(
                plan.override({"lr.scale": {"name": "exponential", "gamma": better, "per": per}}),
                total_steps=40_000,
            )
            == []
        )


@pytest.mark.parametrize(
    ("momentum", "told"),
    [
        (LR.opposite(0.85, 0.95), []),
        (hc.Cycle(0.85, 0.95, 1000, waveform="hann"), ["momentum-in-phase"]),
        (hc.Cycle(0.85, 0.95, 1000, phase=0.25), []),
        (hc.Cycle(0.85, 0.95, 300), []),
        (hc.Ramp(0.5, 0.9, 1000), []),
        (0.9, []),
    ],
)
def test_momentum(momentum, told):
    assert rules(hc.Plan(lr=LR, momentum=momentum), total_steps=4000, ignore=["mid-cycle"]) == told


def test_one_cycle_against_its_own_momentum_and_with_it():
    plan = hc.one_cycle(0.1, 1000)
    assert rules(plan, total_steps=1000) == []
    lr = plan["lr"]
    assert rules(hc.Plan(lr=lr, momentum=hc.Product(9.0, lr)), total_steps=1000) == [
        "momentum-in-phase"
    ]


def test_a_weight_decay_of_another_form_is_not_told():
    plan = hc.Plan(lr=LR, weight_decay=hc.Cycle(0.0, 0.1, 1000, waveform="hann"))
    assert rules(plan) == []


@pytest.mark.parametrize(
    "lr",
    [
        hc.Chain(hc.Ramp(0.01, 1.0, 2000), (1.0, "rest"), hc.Ramp(1.0, 0.1, 150_000)),
        hc.Chain(hc.Ramp(0.01, 1.0, "2Btok"), (1.0, "rest"), hc.Ramp(1.0, 0.1, "200Btok")),
        hc.Ramp(1.0, 0.1, "100%-5000000it"),
    ],
)
def test_plans_of_long_runs_are_explained_without_a_run(lr):
    assert rules(hc.Plan(lr=lr, momentum=hc.Cycle(0.85, 0.95, 1000))) == []


def test_parts_of_more_than_the_run_are_told_beside_a_rest():
    lr = hc.Chain(hc.Ramp(0.01, 1.0, "60%"), (1.0, "rest"), hc.Ramp(1.0, 0.1, "50%"))
    (finding,) = hc.Plan(lr=lr, momentum=0.9, weight_decay=lr).explain()[:1]
    assert (finding.rule, finding.what) == (
        "longer-than-run",
        "its parts add up to 110% of the run",
    )


def test_a_decay_that_refers_to_the_rate_is_meant():
    lr = hc.Cycle(0.001, 0.006, 1000)
    assert rules(hc.Plan(lr=lr, weight_decay=hc.Product(0.1, lr))) == ["rate-and-decay-in-phase"]
    assert rules(hc.Plan(lr=lr, weight_decay=hc.Reference("lr", lr, times=0.1))) == []
    momentum = hc.Reference("lr", lr, times=100.0)
    assert rules(hc.Plan(lr=lr, momentum=momentum)) == ["momentum-in-phase"]
