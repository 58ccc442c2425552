"""What fails while others are told: all are told, then the first error is raised."""

from types import SimpleNamespace

import pytest

import hypercycle as hc


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


def test_an_observer_that_fails_leaves_no_state_half_loaded(disks):
    plan = {"p": hc.Cycle(0.5, 1.0, 5)}
    saved = hc.attach(SimpleNamespace(p=8.0), plan, relative=True).state_dict() | {"step": 10}
    cycler = hc.attach(SimpleNamespace(p=2.0), plan, relative=True)
    with pytest.raises(OSError, match="no space left at 10"):
        cycler.load_state_dict(saved)
    assert cycler.state_dict() == saved
    assert cycler.values == {"p": 4.0}


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
