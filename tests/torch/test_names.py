"""Which hyperparameter a name means, and which values PyTorch takes for it."""

import pytest
import torch
from torch_models import LR, adamw, optimizer, sgd, snapshot, update, values_of

import hypercycle as hc
from hypercycle.driving import Interval
from hypercycle_torch.names import Hyperparameter

MOMENTUM = hc.Cycle(0.8, 0.9, 4)


class Lion(torch.optim.Optimizer):
    """Has betas that are not Adam's."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def step(self, closure=None):
        raise NotImplementedError


class Lamb(Lion):
    """Adam-like: its first beta is a momentum."""


class ThreeBetas(Lion):
    def __init__(self, params, betas=(0.9, 0.99, 0.999)):
        super().__init__(params, betas=betas)


class MyAdamW(torch.optim.AdamW):
    pass


class Adopt(Lion):
    """Adam-like by name, though the name holds no "adam"."""


class AdamWScheduleFree(Lion):
    """Adam's name, but its first beta interpolates between weights."""


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.RMSprop])
def test_momentum_is_the_optimizers_own(kind):
    made = optimizer(kind, {}, momentum=0.5)
    hc.attach(made, momentum=MOMENTUM)
    assert values_of(made, "momentum") == [0.8]


@pytest.mark.parametrize(
    "kind",
    [
        torch.optim.Adam,
        torch.optim.AdamW,
        torch.optim.NAdam,
        torch.optim.RAdam,
        torch.optim.Adamax,
        Lamb,
        Adopt,
        MyAdamW,
    ],
)
def test_momentum_is_the_first_beta_of_what_is_like_adam(kind):
    made = optimizer(kind, {})
    second = made.param_groups[0]["betas"][1]
    cycler = hc.attach(made, momentum=MOMENTUM)
    assert values_of(made, "betas") == [(0.8, second)]
    assert cycler.values == {"momentum": 0.8}
    with pytest.raises(ValueError, match=r"'momentum' and 'beta1' are the same .* betas\[0\]"):
        hc.attach(made, momentum=MOMENTUM, beta1=MOMENTUM)


@pytest.mark.parametrize("kind", [Lion, AdamWScheduleFree])
def test_momentum_of_what_is_not_like_adam_must_be_named(kind):
    made = optimizer(kind, {})
    before = snapshot(made)
    text = f"{kind.__name__} has no momentum of its own.* use 'beta1' or 'beta2'"
    with pytest.raises(ValueError, match=text):
        hc.attach(made, momentum=MOMENTUM)
    assert snapshot(made) == before
    hc.attach(made, beta1=MOMENTUM)
    assert values_of(made, "betas") == [(0.8, 0.99)]


def test_all_the_names_of_a_member():
    for name, index in [("beta1", 0), ("beta2", 1), ("betas[0]", 0), ("betas[1]", 1)]:
        made = adamw()
        hc.attach(made, hc.Plan(**{name: 0.5}))
        assert made.param_groups[0]["betas"][index] == 0.5
        assert made.param_groups[0]["betas"][1 - index] in (0.9, 0.999)
    made = optimizer(ThreeBetas, {})
    hc.attach(made, beta3=0.5)
    assert values_of(made, "betas") == [(0.9, 0.99, 0.5)]
    made = optimizer(torch.optim.Rprop, {})
    hc.attach(made, {"etas[1]": 1.5, "step_sizes[0]": 1e-3})
    assert values_of(made, "etas") == [(0.5, 1.5)]
    assert values_of(made, "step_sizes") == [(1e-3, 50)]
    made = optimizer(torch.optim.Adafactor, {})
    hc.attach(made, {"eps[1]": 0.01})
    assert values_of(made, "eps") == [(None, 0.01)]


def test_a_list_of_betas_stays_one():
    made = adamw()
    made.param_groups[0]["betas"] = [0.9, 0.999]
    hc.attach(made, beta1=0.5)
    assert values_of(made, "betas") == [[0.5, 0.999]]


REFUSED = [
    (
        sgd,
        {"lrr": LR},
        r"SGD has no hyperparameter 'lrr'; did you mean 'lr'\? available: lr, momentum",
    ),
    (sgd, {"beta1": 0.5}, "SGD has no hyperparameter 'beta1'"),
    (adamw, {"beta3": 0.5}, r"no hyperparameter 'beta3'; did you mean 'beta[12]'\?"),
    (adamw, {"betas": 0.5}, r"betas of AdamW has 2 members: name one, betas\[0\], betas\[1\]"),
    (adamw, {"betas[2]": 0.5}, r"no hyperparameter 'betas\[2\]'.* available: lr, beta1, beta2"),
    (adamw, {"lr[0]": 0.5}, r"no hyperparameter 'lr\[0\]'"),
    (adamw, {"params": 0.5}, "no hyperparameter 'params'"),
    (adamw, {"params[0]": 0.5}, r"no hyperparameter 'params\[0\]'"),
    (adamw, {"beta1": 0.5, "betas[0]": 0.5}, r"'beta1' and 'betas\[0\]' are the same"),
    (adamw, {"lr": LR, "rho": LR}, "AdamW has no hyperparameter 'rho'"),
]


@pytest.mark.parametrize(("make", "schedules", "text"), REFUSED)
def test_other_names_are_refused_and_nothing_is_changed(make, schedules, text):
    made = make(2)
    before = snapshot(made)
    with pytest.raises(ValueError, match=text):
        hc.attach(made, hc.Plan(**schedules))
    assert snapshot(made) == before


def test_the_names_of_a_target_are_all_listed():
    with pytest.raises(ValueError, match=r"available: lr, beta1, beta2, eps, weight_decay$"):
        hc.attach(adamw(), unknown=0.1)


def test_a_key_of_the_users_own_can_be_driven():
    made = sgd(2)
    for group in made.param_groups:
        group["ema_decay"] = 0.5
    cycler = hc.attach(made, ema_decay=hc.Cycle(0.9, 1.5, 3))
    cycler.step()
    assert values_of(made, "ema_decay") == [hc.Cycle(0.9, 1.5, 3)(1)] * 2


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
        "schedule",
        [FROM_ZERO, hc.Ramp(0.0, 0.9, 5), lambda step: step / 100],
        ids=["cycle", "ramp", "function"],
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
        del cycler
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


def test_a_group_without_the_hyperparameter():
    made = sgd(2)
    del made.param_groups[1]["momentum"]
    with pytest.raises(ValueError, match=r"group 1 has no momentum: leave the group alone"):
        hc.attach(made, momentum=LR)
    cycler = hc.attach(made, momentum=hc.Groups({0: LR, 1: None}))
    cycler.step()
    assert [group.get("momentum") for group in made.param_groups] == [LR(1), None]


def test_reading_and_writing_a_group():
    tensor = torch.tensor(0.5)
    group = {"lr": 0.1, "betas": (0.9, 0.99), "eps": [tensor, 1e-8]}
    lr, beta, eps = Hyperparameter("lr"), Hyperparameter("betas", 1), Hyperparameter("eps", 0)
    assert [place.read(group) for place in (lr, beta, eps)] == [0.1, 0.99, tensor]
    for place, value in ((lr, 0.2), (beta, 0.8), (eps, 0.25)):
        place.write(group, value)
    assert group == {"lr": 0.2, "betas": (0.9, 0.8), "eps": [tensor, 1e-8]}
    assert tensor.item() == 0.25
    eps.replace(group, 0.75)
    assert (group["eps"], tensor.item()) == ([0.75, 1e-8], 0.25)
    assert list(map(str, (lr, beta, eps))) == ["lr", "betas[1]", "eps[0]"]


def test_intervals_are_those_of_the_neutral_names():
    beta = Interval(least=0.0, most=1.0, most_included=False)
    assert [Hyperparameter("betas", index).interval for index in range(4)] == [beta] * 4
    assert Hyperparameter("lr").interval == Hyperparameter("eps", 1).interval == Interval(least=0.0)
    assert Hyperparameter("rho").interval == Interval()
