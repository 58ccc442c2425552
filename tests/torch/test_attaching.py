"""What cannot work is refused before anything is changed, with what to do instead."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_models import (
    LR,
    adamw,
    give_gradients,
    optimizer,
    parameters,
    sgd,
    snapshot,
    update,
    values_of,
)

import hypercycle as hc
from hypercycle.driving import tracks

RAISING = hc.Cycle(0.1, 0.5, 4, scale=hc.Exponential(1.5))

BAD_VALUES = [
    (
        sgd,
        {"momentum": hc.Cycle(0.8, 1.2, 4)},
        r"momentum .* accepts values in \[0, 1\].* gives 1.2",
    ),
    (sgd, {"momentum": 1.0001}, r"accepts values in \[0, 1\]"),
    (sgd, {"lr": -0.1}, r"lr .* accepts values in \[0, inf\), its schedule gives -0.1"),
    (sgd, {"lr": hc.Cycle(-0.1, 0.5, 400)}, "its schedule gives -0.1"),
    (sgd, {"lr": hc.Ramp(0.1, -1e-9, 10**9)}, "its schedule gives -1e-09"),
    (sgd, {"lr": hc.Chain(hc.Ramp(0, 1, 5), hc.Cycle(-1, 1, 9))}, "its schedule gives -1.0"),
    (sgd, {"lr": hc.Product(LR, -1.0)}, "accepts values in"),
    (sgd, {"weight_decay": -1e-4}, "weight_decay .* accepts values in"),
    (sgd, {"lr": lambda step: math.nan}, "its schedule gives nan"),
    (sgd, {"lr": lambda step: math.inf}, "its schedule gives inf"),
    (
        adamw,
        {"momentum": hc.Cycle(0.8, 1.0, 4)},
        r"betas\[0\] of AdamW.* values in \[0, 1\), .* 1.0",
    ),
    (adamw, {"beta2": 1.0}, r"betas\[1\] of AdamW.* values in \[0, 1\)"),
    (adamw, {"beta1": hc.Cycle(-0.1, 0.9, 4)}, "its schedule gives -0.1"),
    (adamw, {"eps": -1e-8}, "eps .* accepts values in"),
    (adamw, {"lr": LR, "beta1": 1.5}, r"betas\[0\]"),
]


@pytest.mark.parametrize(("make", "schedules", "text"), BAD_VALUES)
def test_values_that_the_optimizer_does_not_take(make, schedules, text):
    made = make(2)
    before = snapshot(made)
    for options in ({}, {"advance": "optimizer"}, {"start_step": 3}):
        with pytest.raises(ValueError, match=text):
            hc.attach(made, schedules, **options)
    assert snapshot(made) == before


def test_what_the_constructor_refuses_is_refused():
    def refused(kind, text, schedules, **settings):
        made = optimizer(kind, {}, **settings)
        before = snapshot(made)
        with pytest.raises(ValueError, match=text):
            hc.attach(made, schedules)
        assert snapshot(made) == before

    optim = torch.optim
    nesterov = {"lr": 0.1, "momentum": 0.9, "nesterov": True}
    refused(optim.Adadelta, "does not accept rho=1.5: Invalid rho", {"rho": hc.Cycle(0.5, 1.5, 9)})
    refused(optim.SGD, "momentum=0.0: Nesterov", {"momentum": hc.Cycle(0.0, 0.9, 9)}, **nesterov)
    refused(optim.SGD, "dampening=0.5: Nesterov", {"dampening": hc.Cycle(0.0, 0.5, 9)}, **nesterov)
    refused(optim.Rprop, r"etas\[0\]=1.5: Invalid eta", {"etas[0]": hc.Cycle(0.5, 1.5, 9)})
    refused(optim.Adafactor, "d=0.5: Clipping threshold", {"d": hc.Cycle(0.5, 1.5, 9)})
    refused(optim.NAdam, "momentum_decay=-1.0: Invalid", {"momentum_decay": -1.0})
    hc.attach(optimizer(optim.SGD, {}, **nesterov), momentum=hc.Cycle(0.1, 0.9, 9))


class TestMomentumOfRmspropFromZero:
    """RMSprop makes its buffers in the first step, if momentum is above 0 there, or never."""

    FROM_ZERO = hc.Cycle(0.0, 0.9, 3)

    def test_torch_fails_in_the_middle_of_training(self):
        made = optimizer(torch.optim.RMSprop, {}, momentum=0.0)
        update(made)
        made.param_groups[0]["momentum"] = 0.5
        with pytest.raises(KeyError, match="momentum_buffer"):
            update(made)

    @pytest.mark.parametrize(
        "schedule", [FROM_ZERO, hc.Ramp(0.0, 0.9, 5), lambda step: step / 100], ids=str
    )
    def test_so_it_is_refused(self, schedule):
        made = optimizer(torch.optim.RMSprop, {}, momentum=0.9)
        before = snapshot(made)
        with pytest.raises(ValueError, match=r"RMSprop that starts at momentum 0.* 1e-8 is enough"):
            hc.attach(made, lr=LR, momentum=schedule)
        assert snapshot(made) == before

    def test_also_when_steps_were_made_without(self):
        made = optimizer(torch.optim.RMSprop, {}, momentum=0.0)
        update(made)
        with pytest.raises(ValueError, match="has made steps with momentum 0"):
            hc.attach(made, momentum=hc.Cycle(0.5, 0.9, 3))

    def test_what_works_is_not_refused(self):
        made = optimizer(torch.optim.RMSprop, {})
        hc.attach(made, momentum=0.0)
        cycler = hc.attach(made, momentum=self.FROM_ZERO.opposite(0.0, 0.9))
        for step in range(12):
            update(made, step)
            cycler.step()
        hc.attach(made, momentum=self.FROM_ZERO)  # the buffers are there
        grouped = optimizer(torch.optim.RMSprop, {"momentum": 0.9}, {"momentum": 0.0})
        hc.attach(grouped, momentum=hc.Groups({0: hc.Cycle(0.1, 0.9, 3), 1: None}))
        hc.attach(optimizer(torch.optim.RMSprop, {}), lr=hc.Ramp(0.0, 1.0, 3))


def test_a_tensor_that_lbfgs_remembers_is_refused():
    made = optimizer(torch.optim.LBFGS, {}, lr=torch.tensor(0.1))
    before = snapshot(made)
    with pytest.raises(TypeError, match=r"LBFGS keeps a tensor lr.* give lr as a float"):
        hc.attach(made, lr=LR)
    assert snapshot(made) == before


def test_a_value_that_overflows_fails_at_its_step_and_not_before():
    made = sgd(2)
    first_bad = next(s for s in range(10_000) if not _available(RAISING, s))
    assert tracks.BLOCK_STEPS > first_bad > 1000
    cycler = hc.attach(made, momentum=hc.Cycle(0.5, 0.9, 7), lr=RAISING)
    for step in range(1, first_bad):
        cycler.step()
        assert values_of(made, "lr") == [RAISING(step)] * 2
    before, state = snapshot(made), cycler.state_dict()
    for _ in range(3):
        with pytest.raises(OverflowError, match=f"at step={first_bad}; a scale that grows"):
            cycler.step()
        assert (snapshot(made), cycler.state_dict()) == (before, state)
    cycler.last_epoch = 5
    cycler.step()
    assert values_of(made, "lr") == [RAISING(6)] * 2


def _available(schedule, step):
    try:
        schedule(step)
    except OverflowError:
        return False
    return True


def test_a_value_that_leaves_what_is_accepted_fails_at_its_step():
    growing = hc.Cycle(0.5, 0.9, 4, scale=hc.Exponential(1.001), phase=0.25)
    first_bad = next(s for s in range(10_000) if growing(s) > 1.0)
    made = sgd(2)
    cycler = hc.attach(made, lr=LR, momentum=growing)
    for step in range(1, first_bad):
        cycler.step()
        assert values_of(made, "momentum") == [growing(step)] * 2
    before = snapshot(made)
    with pytest.raises(
        ValueError, match=r"momentum accepts values in \[0, 1\], its schedule gives"
    ):
        cycler.step()
    assert snapshot(made) == before
    assert cycler.last_epoch == first_bad - 1


@pytest.mark.parametrize("wrong", [math.nan, -1.0, math.inf])
def test_a_function_that_goes_wrong_fails_at_its_step(wrong):
    made = sgd(2)
    cycler = hc.attach(made, momentum=LR, lr=lambda step: wrong if step == 5 else 0.1)
    for _ in range(4):
        cycler.step()
    before = snapshot(made)
    with pytest.raises(ValueError, match=f"lr accepts values in .* gives {wrong}"):
        cycler.step()
    assert snapshot(made) == before
    assert cycler.last_epoch == 4


def test_a_following_cycler_fails_at_its_step_too():
    made = sgd()
    cycler = hc.attach(made, lr=lambda step: -1.0 if step == 2 else 0.1, advance="optimizer")
    update(made)
    give_gradients(made)
    with pytest.raises(ValueError, match="its schedule gives -1"):
        made.step()
    assert cycler.last_epoch == 1


TARGETS = [
    (None, TypeError, "no plugin can drive a NoneType"),
    (torch.optim.AdamW, TypeError, "attach.. drives an instance, got the class AdamW"),
    (torch.nn.Linear(2, 2), ValueError, "Linear has no attribute 'lr'"),
    ([torch.nn.Parameter(torch.zeros(1))], TypeError, "no plugin can drive a list"),
    (torch.optim.lr_scheduler.LambdaLR(sgd(), lambda step: 1), ValueError, "no attribute 'lr'"),
]


@pytest.mark.parametrize(("target", "kind", "text"), TARGETS)
def test_what_is_no_optimizer(target, kind, text):
    with pytest.raises(kind, match=text):
        hc.attach(target, lr=LR)


CALLS = [
    ((), {}, ValueError, "needs at least one schedule, such as lr=Cycle"),
    (({},), {}, ValueError, "at least one schedule"),
    ((LR,), {}, TypeError, "second argument of attach.. is a Plan"),
    ((0.1,), {}, TypeError, "second argument of attach.. is a Plan"),
    (({"lr": LR},), {"lr": LR}, ValueError, "lr given twice"),
    ((), {"lr": "fast"}, TypeError, "lr must be a schedule"),
    ((), {"lr": None}, TypeError, "lr must be a schedule"),
    ((), {"lr": hc.Cycle}, TypeError, "lr must be a schedule"),
    ((), {"lr": math.nan}, ValueError, "must be finite"),
    ((), {"lr": LR, "advance": "always"}, ValueError, "advance must be 'step' or 'optimizer'"),
    ((), {"lr": LR, "on_mismatch": "x"}, ValueError, "on_mismatch must be 'error', 'saved'"),
    ((), {"lr": LR, "relative": 1}, TypeError, "relative must be True or False"),
    ((), {"lr": LR, "start_step": -1}, ValueError, "start_step must be at least 0"),
    ((), {"lr": LR, "start_step": 0.5}, ValueError, "start_step must be a whole number"),
    ((), {"lr": LR, "start_step": "5"}, TypeError, "start_step must be a whole number"),
    ((), {"lr": LR, "total_steps": 0}, ValueError, "total_steps must be at least 1"),
    ((), {"lr": LR, "steps_per_epoch": 1.5}, ValueError, "steps_per_epoch must be a whole number"),
    ((), {"lr": LR, "on_event": 5}, TypeError, "on_event must be a function"),
    ((), {"lr": hc.Cycle(0.1, 0.5, "2ep")}, ValueError, "without steps_per_epoch"),
    ((), {"lr": LR, "totalsteps": 500}, ValueError, "no hyperparameter 'totalsteps'"),
]


@pytest.mark.parametrize(("arguments", "options", "kind", "text"), CALLS)
def test_wrong_calls(arguments, options, kind, text):
    made = sgd(2)
    before = snapshot(made)
    with pytest.raises(kind, match=text):
        hc.attach(made, *arguments, **options)
    assert snapshot(made) == before


MAKERS = {
    "sgd": lambda: sgd(2),
    "tensors": lambda: optimizer(torch.optim.AdamW, {}, {}, lr=torch.tensor(0.1)),
    "mixed": lambda: optimizer(
        torch.optim.AdamW, {"name": "a"}, {"weight_decay": 0.0, "name": "b"}
    ),
    "rprop": lambda: optimizer(torch.optim.Rprop, {}),
    "rmsprop": lambda: optimizer(torch.optim.RMSprop, {}),
    "lbfgs": lambda: optimizer(torch.optim.LBFGS, {}, lr=torch.tensor(0.1)),
}
GOOD = st.sampled_from(["lr", "momentum", "weight_decay", "beta1", "beta2", "eps"])
ANY_NAME = st.one_of(
    GOOD, st.sampled_from(["betas", "betas[7]", "nesterov", "foreach", "params", "etas[0]", "lrr"])
)
NUMBERS = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0, 1.2, -1.0])
SCHEDULES = st.one_of(
    NUMBERS,
    st.tuples(NUMBERS, NUMBERS).map(lambda pair: hc.Cycle(min(pair), max(pair), 3)),
    st.dictionaries(
        st.sampled_from([0, 1, 2, "a", "b", "c"]), st.one_of(st.none(), NUMBERS), min_size=1
    ).map(hc.Groups),
    st.just(lambda step: math.nan),
)


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(MAKERS)),
    st.dictionaries(ANY_NAME, SCHEDULES, min_size=1, max_size=3),
    st.sampled_from(["step", "optimizer"]),
    st.booleans(),
    st.integers(0, 5),
)
def test_a_call_that_is_refused_has_changed_nothing(maker, schedules, advance, relative, start):
    made = MAKERS[maker]()
    before = snapshot(made)
    options = {"advance": advance, "relative": relative, "start_step": start}
    try:
        cycler = hc.attach(made, schedules, **options)
    except (ValueError, TypeError, OverflowError):
        assert snapshot(made) == before
        return
    # What is accepted works, and stands in the groups.
    expected = hc.Plan(**schedules)(start)
    for name, value in cycler.values.items():
        if not isinstance(value, dict) and not relative:
            assert value == expected[name]
    for step in range(6):
        made.step(lambda step=step: give_gradients(made, step))
        cycler.step()


def test_without_groups_there_is_nothing_to_drive():
    made = sgd(1)
    made.param_groups.clear()
    with pytest.raises(ValueError, match="the optimizer has no parameter groups"):
        hc.attach(made, lr=LR)


def test_a_group_without_the_hyperparameter():
    made = sgd(2)
    del made.param_groups[1]["momentum"]
    with pytest.raises(ValueError, match=r"group 1 has no momentum: leave the group alone"):
        hc.attach(made, momentum=LR)
    cycler = hc.attach(made, momentum=hc.Groups({0: LR, 1: None}))
    cycler.step()
    assert [group.get("momentum") for group in made.param_groups] == [LR(1), None]
    assert parameters(1)[0].shape == (2, 2)
