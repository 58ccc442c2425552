"""Which hyperparameter a name means."""

import pytest
import torch
from torch_models import LR, adamw, optimizer, sgd, snapshot, values_of

import hypercycle as hc

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


def test_momentum_of_lion_must_be_named():
    made = optimizer(Lion, {})
    before = snapshot(made)
    with pytest.raises(
        ValueError, match=r"Lion has no momentum of its own.* use 'beta1' or 'beta2'"
    ):
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


def test_what_only_shows_an_optimizers_groups_is_driven_too():
    class Wrapper:
        def __init__(self, wrapped):
            self.wrapped = wrapped

        @property
        def param_groups(self):
            return self.wrapped.param_groups

    made = sgd(2)
    cycler = hc.attach(Wrapper(made), lr=LR)
    made.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.7})
    with pytest.warns(UserWarning, match="it has its own lr=0.7"):
        cycler.step()
    assert values_of(made, "lr") == [LR(1), LR(1), 0.7]
    with pytest.raises(TypeError, match=r"needs a torch.optim.Optimizer, got a Wrapper"):
        hc.attach(Wrapper(made), lr=hc.Groups({0: 0.1, 1: 0.1, 2: None}), advance="optimizer")
