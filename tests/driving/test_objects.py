"""Plain objects: attributes follow schedules."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import strategies
import torch
from hypothesis import given

import hypercycle as hc

P = hc.Cycle(0.1, 0.5, 4)


class Layer:
    """Something with numeric attributes, one of which has limits."""

    def __init__(self, p=0.5, beta=2.0):
        self._p = p
        self.beta = beta
        self.name = "layer"

    @property
    def p(self):
        return self._p

    @p.setter
    def p(self, value):
        if not 0.0 <= value <= 1.0:
            raise RuntimeError(f"p out of range: {value}")
        self._p = value


@strategies.examples(40)
@given(strategies.schedules(depth=1), strategies.schedules(depth=1), strategies.near_steps)
def test_the_attributes_follow_the_plan(first, second, start):
    target = SimpleNamespace(p=0.5, beta=1.5, untouched="text")
    cycler = hc.attach(target, p=first, beta=second, start_step=start)
    for step in range(start, start + 7):
        assert cycler.last_epoch == step
        assert vars(target) == {"p": first(step), "beta": second(step), "untouched": "text"}
        assert cycler.values == {"p": first(step), "beta": second(step)}
        cycler.step()


def test_schedules_of_one_shape_share_their_work_and_keep_their_bits():
    lr = hc.Cycle(0.1, 0.7, 7, 3, waveform="hann", scale=hc.Exponential(0.999))
    plan = hc.Plan(a=lr, b=lr.opposite(0.85, 0.95), c=lr, d=hc.Cycle(0, 1, 7, 3, waveform="hann"))
    target = SimpleNamespace(a=0.0, b=0.0, c=0.0, d=0.0)
    cycler = hc.attach(target, plan)
    for step in range(3000):
        assert vars(target) == plan(step)
        cycler.step()


def test_a_plan_a_mapping_and_keywords_may_be_given():
    target = SimpleNamespace(p=0.0, beta=0.0)
    hc.attach(target, hc.Plan(p=hc.Cycle(0.1, 0.5, "2ep")), beta=3, steps_per_epoch=2)
    assert vars(target) == {"p": 0.1, "beta": 3.0}
    cycler = hc.attach(target, {"p": hc.Ramp(0, 1, "50%")}, total_steps=8, start_step=1)
    assert target.p == 0.25
    assert cycler.plan == hc.Plan(p=hc.Ramp(0, 1, 4))


@pytest.mark.parametrize("value", [0.7, np.float64(0.7), np.float32(0.7)])
def test_a_number_is_assigned(value):
    target = SimpleNamespace(p=value)
    cycler = hc.attach(target, p=P)
    assert (type(target.p), target.p) == (float, 0.1)
    cycler.step()
    assert target.p == 0.2


def test_a_number_is_assigned_where_one_of_jax_was():
    test_a_number_is_assigned(pytest.importorskip("jax.numpy").array(0.7))


@pytest.mark.parametrize(
    "holder", [np.array(0.7), np.array([0.7], np.float32), torch.tensor(0.7), torch.tensor([0.7])]
)
def test_what_holds_one_element_is_filled_in_place(holder):
    target = SimpleNamespace(p=holder)
    cycler = hc.attach(target, p=hc.Cycle(0.25, 0.75, 4))
    assert target.p is holder
    assert float(holder.item()) == 0.25
    cycler.step()
    assert float(holder.item()) == 0.375


def test_relative_multiplies_the_initial_value():
    target = Layer(p=0.5, beta=torch.tensor(2.0))
    cycler = hc.attach(target, relative=True, p=P, beta=hc.Ramp(1, 0, 2))
    assert (target.p, target.beta.item()) == (0.05, 2.0)
    cycler.step()
    assert (target.p, target.beta.item()) == (0.1, 1.0)
    assert cycler.values == {"p": 0.1, "beta": 1.0}


def test_what_the_target_refuses_is_rolled_back():
    target = Layer(p=0.5, beta=2.0)
    with pytest.raises(ValueError, match=re.escape("Layer refuses p=1.5: p out of range: 1.5")):
        hc.attach(target, beta=P, p=1.5)
    assert (target.p, target.beta) == (0.5, 2.0)
    cycler = hc.attach(target, beta=P, p=hc.Chain((0.5, 2), 1.5))
    state = {**cycler.state_dict(), "step": 2}
    cycler.step()
    with pytest.raises(ValueError, match=re.escape("Layer refuses p=1.5")):
        cycler.load_state_dict(state)
    assert (target.p, target.beta, cycler.last_epoch) == (0.5, P(1), 1)
    assert cycler.values == {"beta": P(1), "p": 0.5}


def test_the_optimizer_is_asked_for_where_a_model_is_given():
    model = torch.nn.Linear(2, 1)
    text = "Linear has no attribute 'lr'; lr belongs to an optimizer: attach(optimizer, lr=…); "
    with pytest.raises(ValueError, match=re.escape(text)):
        hc.attach(model, lr=P)
    with pytest.raises(ValueError, match="did you mean 'in_features'"):
        hc.attach(model, in_feature=P)


def test_what_nobody_can_drive_is_shown_in_one_line():
    several = [torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)] * 2
    with pytest.raises(TypeError, match=r"no plugin can drive a list: .* got \[SGD \(.{,80} …$"):
        hc.attach([several], lr=P)


def test_some_attributes_are_relative():
    target = SimpleNamespace(p=0.5, q=0.25)
    cycler = hc.attach(target, p=P, q=P, relative="q")
    assert (target.p, target.q) == (P(0), 0.25 * P(0))
    cycler.step()
    assert (target.p, target.q) == (P(1), 0.25 * P(1))


# Whole numbers.

GROWING = hc.Rounded(hc.Ramp(8, 64, 100), multiple_of=8)


@pytest.mark.parametrize(
    "holder",
    [np.array(8), np.array([8], np.int32), torch.tensor(8), torch.tensor([8], dtype=torch.int16)],
)
def test_what_holds_a_whole_number_is_filled_with_whole_ones(holder):
    target = SimpleNamespace(k=holder)
    cycler = hc.attach(target, k=GROWING, start_step=20)
    assert target.k is holder
    assert holder.item() == 16
    with pytest.raises(TypeError, match="k of SimpleNamespace is a whole number"):
        hc.attach(target, k=P)
    cycler.detach(restore=True)
    assert holder.item() == 8


@pytest.mark.parametrize("value", [8, np.int64(8), np.int32(8)])
def test_a_whole_number_stays_one(value):
    target = SimpleNamespace(batch_size=value, p=0.5)
    cycler = hc.attach(target, batch_size=GROWING, p=GROWING)
    for step in range(300):
        for one in (target.batch_size, cycler.values["batch_size"]):
            assert (type(one), one) == (int, GROWING(step))
        assert (type(target.p), target.p) == (float, GROWING(step))
        cycler.step()
    again = hc.attach(SimpleNamespace(batch_size=8, p=0.5), batch_size=GROWING, p=GROWING)
    again.load_state_dict(cycler.state_dict())
    assert again.last_epoch == 300
    assert type(again.target.batch_size) is int
    again.last_epoch = 10**12
    again.step()
    assert (type(again.target.batch_size), again.target.batch_size) == (int, 64)
    cycler.detach(restore=True)
    assert target.batch_size is value


@pytest.mark.parametrize(
    ("schedule", "relative"),
    [(P, False), (hc.Ramp(8, 64, 100), False), (lambda step: 8, False), (8.5, False), (1.5, True)],
)
def test_a_whole_number_is_refused_a_schedule_that_may_give_others(schedule, relative):
    target = SimpleNamespace(batch_size=8)
    message = "batch_size of SimpleNamespace is a whole number, 8, and it is not known that "
    with pytest.raises(TypeError, match=re.escape(message)) as caught:
        hc.attach(target, batch_size=schedule, relative=relative)
    assert str(caught.value).endswith(
        "gives such alone: wrap it, Rounded(schedule) or Rounded(schedule, multiple_of=8); if it "
        "may be any number, let it be a float before it is attached"
    )
    assert target.batch_size == 8


def test_a_switch_is_no_whole_number():
    with pytest.raises(TypeError, match="flag of SimpleNamespace must be a number to follow"):
        hc.attach(SimpleNamespace(flag=True), flag=GROWING)


def test_whole_multiples_of_a_whole_number():
    target = SimpleNamespace(batch_size=8)
    cycler = hc.attach(target, batch_size=hc.Rounded(hc.Ramp(1, 4, 3)), relative=True)
    sizes = [target.batch_size]
    for _ in range(3):
        cycler.step()
        sizes.append(target.batch_size)
    assert sizes == [8, 16, 24, 32]
    assert {type(size) for size in sizes} == {int}
    with pytest.raises(TypeError, match="is a whole number, 32, and it is not known that"):
        hc.attach(target, batch_size=hc.Ramp(1, 4, 3), relative=True)


def test_a_state_of_fractions_does_not_fit_a_whole_number():
    saved = hc.attach(SimpleNamespace(k=8.0), k=P).state_dict()
    cycler = hc.attach(SimpleNamespace(k=8), k=GROWING)
    with (
        pytest.raises(ValueError, match="the saved schedules do not fit the target: k of Simple"),
        pytest.warns(UserWarning, match="going on with the saved schedules"),
    ):
        cycler.load_state_dict(saved, on_mismatch="saved")
    assert cycler.target.k == 8


def test_batches_of_pytorch_grow_through_the_epochs():
    data = torch.arange(1000)
    batches = torch.utils.data.BatchSampler(
        torch.utils.data.SequentialSampler(data), batch_size=8, drop_last=False
    )
    loader = torch.utils.data.DataLoader(data, batch_sampler=batches)
    with pytest.raises(TypeError, match="batch_size of BatchSampler is a whole number, 8, and it"):
        hc.attach(batches, batch_size=hc.Ramp(8, 64, 100))
    cycler = hc.attach(batches, batch_size=GROWING)
    sizes = []
    for _ in range(6):
        seen = []
        for batch in loader:
            if len(seen) + len(batch) < 1000:  # the last one has what is left
                sizes.append((len(batch), int(GROWING(cycler.last_epoch))))
            seen += batch.tolist()
            cycler.step()
        assert seen == data.tolist()
    assert all(size == planned for size, planned in sizes)
    assert {size for size, _ in sizes} == set(range(8, 65, 8))
