"""What attach takes for an optimizer, and what a call that is refused leaves behind."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_models import LR, give_gradients, optimizer, sgd, snapshot, values_of

import hypercycle as hc

TARGETS = [
    (None, TypeError, "no plugin can drive a NoneType"),
    (torch.optim.AdamW, TypeError, "attach.. drives an instance, got the class AdamW"),
    (torch.nn.Linear(2, 2), ValueError, "Linear has no attribute 'lr'"),
    ([torch.nn.Parameter(torch.zeros(1))], ValueError, "Parameter has no attribute"),
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


class Wrapper:
    """Shows an optimizer's groups and nothing else, as Accelerate's and Apex's may."""

    def __init__(self, wrapped):
        self.wrapped = wrapped

    @property
    def param_groups(self):
        return self.wrapped.param_groups


def test_what_only_shows_an_optimizers_groups_is_driven_too():
    made = sgd(2)
    cycler = hc.attach(Wrapper(made), lr=LR)
    made.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.7})
    with pytest.warns(UserWarning, match="it has its own lr=0.7"):
        cycler.step()
    assert values_of(made, "lr") == [LR(1), LR(1), 0.7]


def test_a_wrapper_does_not_report_its_steps():
    made = sgd(2)
    before = snapshot(made)
    with pytest.raises(
        ValueError,
        match=r"does not take advance='optimizer' for a Wrapper: it does not report its steps; "
        r"call step\(\) after each update, or attach to the optimizer inside",
    ):
        hc.attach(Wrapper(made), lr=LR, advance="optimizer")
    assert snapshot(made) == before


def test_an_optimizer_honours_every_option():
    made, heard = sgd(lr=0.5), []
    cycler = hc.attach(
        made,
        lr=LR,
        start_step=3,
        relative=True,
        advance="optimizer",
        on_mismatch="current",
        on_event=lambda *event: heard.append(event),
        events_of="lr",
        marks={"sample": 0.5},
    )
    made.step()
    assert cycler.get_last_lr() == [0.5 * LR(4)]
    assert heard == [("sample", 0, 4), ("peak", 0, 4)]
