"""Where one described plan leaves another."""

import math

import pytest

import hypercycle as hc
from hypercycle.plans.descriptions import describe_plan, fingerprint, same_until, trunks

LR = hc.Cycle(0.1, 0.5, 4)
GROUPS = hc.Groups({0: LR, "a": 1})


def until(saved, present):
    return same_until(describe_plan(saved), describe_plan(present))


@pytest.mark.parametrize(
    ("saved", "present", "step"),
    [
        (hc.Plan(lr=LR), hc.Plan(lr=LR), math.inf),
        (hc.Plan(lr=LR), hc.Plan(lr=hc.Chain((LR, 10), 0.1)), 10),
        (hc.Plan(lr=LR), hc.Plan(lr=hc.Chain((hc.Chain((LR, 10), 0.1), 7), 0.2)), 7),
        (hc.Plan(lr=LR), hc.Plan(lr=hc.Chain((hc.Chain((LR, 10), 0.1), 70), 0.2)), 10),
        (hc.Plan(lr=LR, eps=1), hc.Plan(lr=hc.Chain((LR, 10), 0.1), eps=hc.Chain((1, 5), 2)), 5),
        (hc.Plan(lr=GROUPS), hc.Plan(lr=hc.Groups({0: hc.Chain((LR, 3), 1), "a": 1})), 3),
        (hc.Plan(lr=hc.Groups({0: LR})), hc.Plan(lr=hc.Groups({1: LR})), -1),
        (hc.Plan(lr=LR), hc.Plan(lr=LR, eps=1), -1),
        (hc.Plan(lr=LR), hc.Plan(lr=hc.Chain((LR, 10))), -1),
        (hc.Plan(lr=LR), hc.Plan(lr=hc.Chain((LR, "10%"), 1)), -1),
        (hc.Plan(lr=hc.Chain((LR, 10), 0.1)), hc.Plan(lr=LR), -1),
        (hc.Plan(lr=LR), hc.Plan(lr=hc.Chain((hc.Cycle(0.1, 0.6, 4), 10), 0.1)), -1),
    ],
)  # fmt: skip
def test_same_until(saved, present, step):
    assert until(saved, present) == step
    for at in range(max(min(step, 20), 0)):
        assert saved(at) == present(at)


def test_the_trunks_of_a_branch_of_a_branch():
    trunk = hc.Plan(lr=LR, momentum=hc.Chain((0.9, 99), 0.8))
    first = trunk.branch(10, 5)
    second = first.branch(12, 5)
    found = list(map(fingerprint, trunks(describe_plan(second))))
    assert {trunk.fingerprint(), first.fingerprint()} <= {*found}
    assert second.fingerprint() not in found
    assert list(trunks(describe_plan(hc.Plan(lr=LR)))) == []


def test_a_plan_of_many_cuts_is_soon_told_from_another():
    many = {f"x{index}": hc.Chain((0.1, index + 1), 0.2) for index in range(40)}
    with pytest.raises(ValueError, match="belongs to another plan"):
        hc.Plan(**many).check_fingerprint("0123456789abcdef")
