"""What fails while others are told: all are told, then the first error is raised.

Where a target is attached or a state is loaded, all is then as it was before.
"""

from types import SimpleNamespace

import pytest
import torch
from torch_models import adamw, sgd

import hypercycle as hc
from hypercycle.plans.descriptions import describe_plan


class Disk:
    """An observer whose disk is full at a step."""

    def __init__(self, full_at):
        self.full_at, self.seen = full_at, []

    @hc.hookimpl
    def hypercycle_step(self, step):
        self.seen.append(step)
        if step == self.full_at:
            raise OSError(f"no space left at {step}")


@pytest.fixture
def disks():
    both = [Disk(10), Disk(10)]
    for disk in both:
        hc.register_plugin(disk)
    yield both
    for disk in both:
        hc.unregister_plugin(disk)


def test_an_observer_that_fails_takes_no_event_with_it(disks):
    heard, target = [], SimpleNamespace(p=0.0)
    cycle = hc.Cycle(0.0, 1.0, 5)
    cycler = hc.attach(target, p=cycle, on_event=lambda *event: heard.append(event))
    for step in range(1, 21):
        if step == 10:
            with pytest.raises(OSError, match="no space left at 10") as caught:
                cycler.step()
            assert caught.value.__notes__ == ["(and then: OSError: no space left at 10)"]
        else:
            cycler.step()
        assert (cycler.plan_step, target.p) == (step, cycle(step))
    assert [name for name, _, _ in heard] == ["peak", "cycle_end"] * 2
    assert [disk.seen for disk in disks] == [list(range(21))] * 2


def test_an_event_that_fails_takes_no_observer_with_it(disks):
    def on_event(name, cycle, step):
        raise RuntimeError(f"{name} at {step}")

    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=hc.Cycle(0.0, 1.0, 2), on_event=on_event)
    cycler.step()
    with pytest.raises(RuntimeError, match="peak at 2"):
        cycler.step()
    assert (cycler.plan_step, target.p) == (2, 1.0)
    assert [disk.seen for disk in disks] == [[0, 1, 2]] * 2


KINDS = {
    "step": lambda: (sgd(2, lr=1), {"momentum": hc.Ramp(0.5, 0.9, 4)}, {}),
    "optimizer": lambda: (sgd(2), {"momentum": 0.5}, {"advance": "optimizer"}),
    "groups": lambda: (
        sgd(2, momentum=0.3),
        {"momentum": hc.Groups({0: 0.5, 1: None})},
        {"relative": True},
    ),
    "tensors": lambda: (sgd(2, lr=torch.tensor(0.3), momentum=0.4), {"momentum": 0.5}, {}),
    "members": lambda: (adamw(2, lr=torch.tensor(0.3)), {"beta2": hc.Ramp(0.5, 0.9, 4)}, {}),
    "an object": lambda: (SimpleNamespace(lr=1.5, gate=torch.tensor(0.2)), {"gate": 0.5}, {}),
}
"""A target, what is driven beside its rate, and options of attach."""


def held(target):
    """Return the objects that a target holds, and the numbers in them."""
    groups = getattr(target, "param_groups", None) or [vars(target)]
    return [
        (key, id(value), float(value) if isinstance(value, torch.Tensor) else repr(value))
        for group in groups
        for key, value in group.items()
        if key != "params"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_attaching_that_an_observer_refuses_changes_nothing(kind):
    target, plan, options = KINDS[kind]()
    before = held(target)
    disk = Disk(full_at=0)
    hc.register_plugin(disk)
    try:
        with pytest.raises(OSError, match="no space left at 0"):
            hc.attach(target, lr=hc.Cycle(0.1, 0.9, 4), **plan, **options)
    finally:
        hc.unregister_plugin(disk)
    assert held(target) == before
    if kind != "an object":
        assert not target._optimizer_step_post_hooks
    # Nor does anything of it drive the target: this is the first one.
    hc.attach(target, lr=hc.Cycle(0.1, 0.9, 4), **plan, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_loading_that_an_observer_refuses_changes_nothing(kind):
    target, plan, options = KINDS[kind]()
    disk = Disk(full_at=3)
    hc.register_plugin(disk)
    try:
        cycler = hc.attach(target, lr=hc.Cycle(0.1, 0.9, 4), **plan, **options)
        state = cycler.state_dict()
        falling = describe_plan(hc.Plan(lr=hc.Ramp(0.9, 0.1, 3), **plan))
        other = state | {"step": 3, "plan": falling}
        if state["initial"] != "null":
            other["initial"] = {name: [0.5, 0.25] for name in falling}
        before = held(target)
        with (
            pytest.warns(UserWarning, match="going on with the saved schedules"),
            pytest.raises(OSError, match="no space left at 3"),
        ):
            cycler.load_state_dict(other, on_mismatch="saved")
        assert (held(target), cycler.state_dict(), cycler.plan_step) == (before, state, 0)
        values = cycler.values
        cycler.load_state_dict(state)
        assert (cycler.state_dict(), cycler.values) == (state, values)
    finally:
        hc.unregister_plugin(disk)
