"""States of cyclers that somebody changed: they load, or are refused and nothing is changed."""

from types import SimpleNamespace

import mutations
import numpy as np
import pytest
import strategies
from hypothesis import example, given
from hypothesis import strategies as st
from mutations import CYCLE, RAMP

import hypercycle as hc
from hypercycle.plans.descriptions import describe_plan

PLANS = [
    hc.Plan(lr=CYCLE, momentum=hc.Chain((RAMP, 2), hc.Cycle(0.8, 0.9, 4))),
    hc.Plan(lr=0.1, momentum=hc.Product(0.9, RAMP)),
    hc.Plan(lr=hc.Groups({"a": CYCLE, "b": None}), momentum=0.8),
]
VALUES = mutations.odd(
    (1,), b"x", {1: 2}, {("a", 1): 2}, {1, 2}, range(3), object, np.array([1, 2]), np.float32(0.5),
    np.bool_(True), 1j,
)  # fmt: skip
KEYS = st.sampled_from([*mutations.KEYS, "version", "step", "plan", "initial", 1, None, (1, 2)])


class Attributes(SimpleNamespace):
    """A target of plain attributes, of which one is no number."""


def of_torch():
    torch = pytest.importorskip("torch")
    weights = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    groups = [{"params": [one], "name": name} for one, name in zip(weights, "ab", strict=True)]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


@st.composite
def changed_states(draw, plans, groups):
    """Draw a plan, whether it is relative, a state that is nearly its own, and ``on_mismatch``."""
    plan, relative = draw(st.sampled_from(plans)), draw(st.booleans())
    initial = {name: [0.5] * groups for name in plan} if relative else None
    state = {"version": 1, "step": 7, "plan": describe_plan(plan), "initial": initial}
    changed = draw(mutations.mutated(state, values=VALUES, keys=KEYS))
    return plan, relative, changed, draw(st.sampled_from(["error", "saved", "current"]))


def nearly(**changed):
    state = {"version": 1, "step": 7, "plan": describe_plan(PLANS[1]), "initial": None}
    return PLANS[1], False, state | changed, "saved"


def check(target, plan, relative, state, on_mismatch):
    """Load a state, or see that nothing came of it; the cycler goes on after either."""
    cycler = hc.attach(target, plan, relative=relative, start_step=3)
    before = everything(target, cycler)
    try:
        cycler.load_state_dict(state, on_mismatch=on_mismatch)
    except (ValueError, OverflowError):
        assert everything(target, cycler) == before
        cycler.step()
        assert cycler.last_epoch == 4
        return
    assert cycler.last_epoch == state["step"]
    again = cycler.state_dict()
    cycler.load_state_dict(again)
    assert cycler.state_dict() == again


def everything(target, cycler):
    own = vars(target) if isinstance(target, Attributes) else target.state_dict()["param_groups"]
    return repr((own, cycler.plan, cycler.last_epoch, cycler.values, cycler.state_dict()))


MAY_WARN = pytest.mark.filterwarnings(
    "ignore:going on with the", "ignore:.*overflow:RuntimeWarning"
)


@MAY_WARN
@strategies.examples(150)
@given(changed_states(PLANS[:2], groups=1))
@example(nearly(step="7"))
@example(nearly(plan={1: 0.5}))
@example(nearly(plan={"nesterov": 0.5}))
@example(nearly(plan={"lr": {"kind": "groups", "groups": [1]}}))
def test_a_changed_state_of_an_object_loads_or_changes_nothing(drawn):
    check(Attributes(lr=0.1, momentum=0.9, nesterov=False, name="x"), *drawn)


@MAY_WARN
@strategies.examples(100)
@given(changed_states(PLANS, groups=2))
@example(nearly(plan={"foreach": 0.5}))
def test_a_changed_state_of_an_optimizer_loads_or_changes_nothing(drawn):
    check(of_torch(), *drawn)
