"""Branches: one trunk, and plans that leave it and come to an end."""

import numpy as np
import pytest

import hypercycle as hc

STEPS = np.arange(130)
TRUNK = hc.Plan(
    lr=hc.Groups({"body": hc.warmup(10, 1.0), "head": hc.Cycle(0.1, 0.5, 7), "frozen": None}),
    momentum=hc.Cycle(0.85, 0.95, 9),
    beta2=0.99,
)


def test_a_branch_of_a_plateau_is_warmup_stable_decay():
    trunk = hc.Plan(lr=hc.warmup(10, 1.0))
    for waveform in ("sqrt", "linear"):
        branch = trunk.branch(80, "20%", waveform=waveform)["lr"]
        whole = hc.warmup_stable_decay(1.0, 10, 70, 20, waveform=waveform)
        assert branch.length == whole.length == 100
        assert branch(STEPS).tolist() == whole(STEPS).tolist()


def test_what_is_named_decays_in_all_groups_and_the_rest_goes_on():
    branch = TRUNK.branch(80, 20, to=0.01, names=["lr", "momentum"])
    assert branch["beta2"] == TRUNK["beta2"]
    for name, before, after in (
        ("body", TRUNK["lr"]["body"], branch["lr"]["body"]),
        ("head", TRUNK["lr"]["head"], branch["lr"]["head"]),
        ("momentum", TRUNK["momentum"], branch["momentum"]),
    ):
        assert after(STEPS[:81]).tolist() == before(STEPS[:81]).tolist(), name
        assert after(80) == before(80)
        assert after(100) == after(129) == 0.01
        assert after.length == 100
    assert branch["lr"]["frozen"] is None


def test_the_rates_of_all_targets_decay_unless_others_are_named():
    plan = hc.Plan(**{"model.lr": 0.1, "lr": 0.2, "lr_decay": 0.3, "loss.beta": 0.4})
    branch = plan.branch(10, 5)
    assert [name for name in plan if branch[name] != plan[name]] == ["model.lr", "lr"]
    assert [name for name in plan if plan.branch(10, 5, names="lr_decay")[name] != plan[name]] == [
        "lr_decay"
    ]


@pytest.mark.parametrize(
    ("at", "decay", "steps"),
    [
        (8000, "20%", 2000),
        (80, "33.3%", 40),
        (1, "0.1%", 1),
        (100, "50%", 100),
        (10**12, "20%", 25 * 10**10),
        (100, 30, 30),
        (100, "30it", 30),
        (100, "2ep", "2ep"),
    ],
)
def test_a_part_is_one_of_the_run_of_the_branch(at, decay, steps):
    assert hc.Plan(lr=0.1).branch(at, decay)["lr"].parts[-1].steps == steps


def test_a_branch_may_branch():
    trunk = hc.Plan(lr=hc.Cycle(0.1, 0.5, 7))
    branch = trunk.branch(50, 50, to=0.2, waveform="linear")
    second = branch.branch(75, 10)
    expected = [trunk["lr"](50), branch["lr"](75), 0.0]
    assert [second["lr"](step) for step in (50, 75, 85)] == expected


def test_files_and_fingerprints_know_the_trunk(tmp_path):
    branch, second = TRUNK.branch(80), TRUNK.branch(80).branch(90)
    for one in (branch, second):
        one.save(tmp_path / "branch.toml")
        read = hc.Plan.load(tmp_path / "branch.toml")
        assert read == one
        for plan in (one, read):
            plan.check_fingerprint(TRUNK.fingerprint())
            plan.check_fingerprint(one.fingerprint())
            with pytest.raises(ValueError, match="belongs to another plan"):
                plan.check_fingerprint(hc.Plan(lr=0.1).fingerprint())
    second.check_fingerprint(branch.fingerprint())
    with pytest.raises(ValueError, match="belongs to another plan"):
        branch.check_fingerprint(second.fingerprint())
    with pytest.raises(ValueError, match="belongs to another plan"):
        TRUNK.check_fingerprint(branch.fingerprint())


@pytest.mark.parametrize(
    ("plan", "arguments", "message"),
    [
        (hc.Plan(lr=0.1), {"at": 0}, "at must be at least 1, got at=0"),
        (hc.Plan(lr=0.1), {"at": 9, "decay": 0}, "decay must be at least 1, got decay=0"),
        (hc.Plan(lr=0.1), {"at": 9, "decay": "100%"}, "above 0% and below 100%, got decay='100%'"),
        (hc.Plan(lr=0.1), {"at": 9, "decay": "0%"}, "above 0% and below 100%, got decay='0%'"),
        (hc.Plan(lr=0.1), {"at": 9, "names": "lrr"}, "the plan has no 'lrr'; did you mean 'lr'?"),
        (hc.Plan(lr=0.1), {"at": 9, "names": []}, "names is empty: a branch in which nothing"),
        (hc.Plan(eps=0.1), {"at": 9}, "no lr: say what decays, as in names=['eps']"),
        (hc.Plan(lr=0.1, eps=hc.Ramp(0, 1, "9%")), {"at": 9}, "eps has a length with a unit"),
        (hc.Plan(lr=lambda step: step), {"at": 9}, "lr has a function of yours, whose"),
    ],
)  # fmt: skip
def test_what_cannot_branch_is_refused(plan, arguments, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (below)
        plan.branch(**arguments)
    assert message in str(caught.value)


# The state of the trunk.


def attached(plan, **options):
    target = type("Model", (), {"lr": 0.5, "momentum": 0.5})()
    return hc.attach(target, plan, **options)


CYCLED = hc.Plan(lr=hc.Cycle(0.1, 0.5, 7), momentum=hc.Cycle(0.85, 0.95, 9, inverted=True))


@pytest.mark.parametrize("relative", [False, True, "lr"])
@pytest.mark.parametrize("step", [0, 10, 50])
def test_a_branch_goes_on_where_its_trunk_was_saved(step, relative, recwarn):
    trunk = attached(CYCLED, start_step=step, relative=relative)
    branch = attached(CYCLED.branch(50, 10), relative=relative)
    branch.load_state_dict(trunk.state_dict())
    assert branch.last_epoch == step
    assert branch.values == trunk.values
    for _ in range(60 - step):
        branch.step()
    assert branch.target.lr == 0.0
    assert branch.values["momentum"] == trunk.plan["momentum"](60) * (
        0.5 if relative is True else 1
    )
    again = attached(CYCLED.branch(50, 10), relative=relative)
    again.load_state_dict(branch.state_dict())  # its own
    assert [str(one.message) for one in recwarn] == []


def test_a_state_from_beyond_the_branch_or_of_another_plan_is_refused():
    branch = attached(CYCLED.branch(50, 10))
    with pytest.raises(
        ValueError, match="they leave the saved ones at step 50, before the saved s"
    ):
        branch.load_state_dict(attached(CYCLED, start_step=51).state_dict())
    other = hc.Plan(lr=hc.Cycle(0.1, 0.4, 7), momentum=CYCLED["momentum"])
    for plan in (other, other.branch(50, 10), CYCLED.branch(49, 10), hc.Plan(lr=CYCLED["lr"])):
        with pytest.raises(
            ValueError, match="the saved schedules differ from the present ones"
        ) as e:
            branch.load_state_dict(attached(plan).state_dict())
        assert "they leave" not in str(e.value)
    assert branch.last_epoch == 0
    trunk = attached(CYCLED)
    with pytest.raises(ValueError, match="the saved schedules differ"):
        trunk.load_state_dict(branch.state_dict())


def test_several_targets_branch_together():
    trunk_plan = hc.Plan(**{"lr": hc.Cycle(0.1, 0.5, 7), "second.lr": 0.3, "second.momentum": 0.9})

    def both(plan):
        targets = [type("Model", (), {"lr": 0.5, "momentum": 0.5})() for _ in range(2)]
        return hc.attach(dict(zip(("first", "second"), targets, strict=True)), plan)

    trunk, branch = both(trunk_plan), both(trunk_plan.branch(3, 2))
    for _ in range(3):
        trunk.step()
    branch.load_state_dict(trunk.state_dict())
    assert branch.values == trunk.values
    branch.step()
    branch.step()
    assert branch.values == {"first": {"lr": 0.0}, "second": {"lr": 0.0, "momentum": 0.9}}


def test_a_reference_to_what_decays_follows_it():
    lr = hc.warmup(10, 1.0)
    decay = hc.Reference("lr", lr, times=0.1)
    again = hc.Reference("weight_decay", decay, times=0.5)
    stale = hc.Reference("lr", hc.Ramp(0.1, 1.0, 9))
    trunk = hc.Plan(lr=lr, weight_decay=decay, dropout=again, momentum=stale)
    branch = trunk.branch(20, 10, to=0.2)
    assert branch(20) == trunk(20)
    assert branch(30) == pytest.approx(
        {
            "lr": 0.2,
            "weight_decay": 0.02,
            "dropout": 0.01,
            "momentum": 1.0,
        }
    )
    assert branch["momentum"] == stale
    branch.check_fingerprint(trunk.fingerprint())
    assert hc.Plan.from_dict(trunk.branch(20).to_dict())(25) == trunk.branch(20)(25)


def test_a_mixture_is_not_decayed():
    trunk = hc.Plan(lr=0.1, mix=hc.Mixture({"web": 1.0, "code": hc.Ramp(0.5, 2.0, 9)}))
    assert trunk.branch(5)["mix"] == trunk["mix"]
    with pytest.raises(ValueError, match="mix is a Mixture, whose weights sum to 1: it goes on"):
        trunk.branch(5, names=["mix"])
