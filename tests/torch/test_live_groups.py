"""Optimizers that show copies of their groups: what is driven is where the values really are."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch_models import LR, adamw, parameters, sgd, update

import hypercycle as hc
import hypercycle_torch
from hypercycle_torch.live_groups import FastaiOptimizer, with_live_groups

PLAN = hc.Plan(
    lr=LR, momentum=LR.opposite(0.85, 0.95), weight_decay=hc.Cycle(0.01, 0.1, 3), beta2=0.95
)


class Hypers:
    """As fastai's own optimizers: a dict of values for each group, and groups made when asked."""

    def __init__(self, *hypers):
        self.param_lists = [[parameter] for parameter in parameters(len(hypers))]
        self.hypers = [dict(hyper) for hyper in hypers]

    @property
    def param_groups(self):
        pairs = zip(self.param_lists, self.hypers, strict=True)
        return [{"params": params, **hyper} for params, hyper in pairs]


class Wrapper:
    """As fastai's OptimWrapper: other names, and the values are in PyTorch's groups."""

    def __init__(self, inside):
        self.opt = inside

    @property
    def hypers(self):
        return [
            {"lr": group["lr"], "mom": group["betas"][0], "wd": group["weight_decay"]}
            for group in self.opt.param_groups
        ]

    @property
    def param_groups(self):
        return [{"params": [], **hyper} for hyper in self.hypers]


def adam(n=1):
    return Hypers(*[{"lr": 0.1, "mom": 0.9, "sqr_mom": 0.99, "wd": 0.01, "eps": 1e-5}] * n)


def test_the_values_that_a_fastai_optimizer_reads_follow_the_plan():
    made = adam(2)
    cycler = hc.attach(made, PLAN)
    for step in range(9):
        values = PLAN(step)
        for hyper in made.hypers:
            assert hyper == {
                "lr": values["lr"],
                "mom": values["momentum"],
                "sqr_mom": values["beta2"],
                "wd": values["weight_decay"],
                "eps": 1e-5,
            }
        cycler.step()
    assert cycler.get_last_lr() == [LR(9)] * 2
    assert cycler.base_lrs == [0.1, 0.1]


def test_what_a_fastai_optimizer_has_loaded_is_driven_too():
    made = adam()
    cycler = hc.attach(made, PLAN)
    state, saved = cycler.state_dict(), copy.deepcopy(made.hypers)
    cycler.step()
    made.hypers = saved
    cycler.load_state_dict(state)
    cycler.step()
    assert made.hypers[0]["lr"] == LR(1)
    again = pickle.loads(pickle.dumps(cycler))
    again.step()
    assert again.optimizer.optimizer.hypers[0]["lr"] == LR(2)
    assert made.hypers[0]["lr"] == LR(1)


def test_a_fastai_optimizer_is_given_back_as_it_was():
    made = adam()
    before = copy.deepcopy(made.hypers)
    hc.attach(made, PLAN, relative="lr").detach(restore=True)
    assert made.hypers == before


@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_of_a_wrapper_pytorchs_groups_are_driven(advance):
    inside = adamw(2)
    cycler = hc.attach(Wrapper(inside), PLAN, advance=advance)
    assert cycler.optimizer is inside
    for step in range(5):
        values = [PLAN(step)[name] for name in ("lr", "momentum", "weight_decay")]
        assert [list(hyper.values()) for hyper in Wrapper(inside).hypers] == [values] * 2
        update(inside)
        cycler.step()


def test_names_that_a_fastai_optimizer_does_not_have():
    plain = Hypers({"lr": 0.1, "mom": 0.9, "wd": 0.0})
    hc.attach(plain, momentum=0.8)
    assert plain.hypers[0]["mom"] == 0.8
    for name in ("beta1", "beta2", "nonsense"):
        with pytest.raises(ValueError, match=f"has no hyperparameter '{name}'.*wd"):
            hc.attach(plain, {name: 0.8})
    with pytest.raises(ValueError, match=r"mom of FastaiOptimizer\) accepts values in \[0, 1\]"):
        hc.attach(plain, momentum=1.5)
    with pytest.raises(ValueError, match="does not report its steps"):
        hc.attach(plain, lr=LR, advance="optimizer")


def test_copies_of_what_cannot_be_found_are_refused():
    class Copies:
        param_groups = property(lambda self: [{"params": [], "lr": 0.1}])

    with pytest.raises(ValueError, match="Copies shows copies of its parameter groups, and what"):
        hc.attach(Copies(), lr=LR)


def test_who_shows_its_own_groups_is_driven_itself():
    made = sgd()
    assert with_live_groups(made) is made
    fastais = with_live_groups(adam())
    assert isinstance(fastais, FastaiOptimizer)
    assert with_live_groups(fastais) is fastais


# Range tests.


class Stepping(Hypers):
    """One that makes steps with what is in its dicts."""

    def __init__(self, tell, *hypers):
        super().__init__(*hypers)
        self.state = {}
        self.tell = tell

    def zero_grad(self):
        for params in self.param_lists:
            for parameter in params:
                parameter.grad = None

    @torch.no_grad()
    def step(self):
        self.tell([hyper["lr"] for hyper in self.hypers])
        for params, hyper in zip(self.param_lists, self.hypers, strict=True):
            for parameter in params:
                parameter.sub_(hyper["lr"] * parameter.grad)


class SteppingWrapper(Wrapper):
    def zero_grad(self):
        self.opt.zero_grad()

    def step(self):
        self.opt.step()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_range_test_sweeps_the_values_that_a_fastai_optimizer_reads(wrapped):
    used = []
    if wrapped:
        inside = adamw(2)
        inside.param_groups[1]["lr"] = inside.param_groups[0]["lr"] / 4
        inside.register_step_pre_hook(
            lambda one, *_: used.append([group["lr"] for group in one.param_groups])
        )
        made = SteppingWrapper(inside)
        weights = [p for group in inside.param_groups for p in group["params"]]
    else:
        made = Stepping(used.append, {"lr": 0.1}, {"lr": 0.025})
        weights = [p for params in made.param_lists for p in params]
    model = torch.nn.ParameterList(weights)
    before = [dict(hyper) for hyper in made.hypers], [p.tolist() for p in weights]

    def loss(model, _):
        return sum((p - 1).square().sum() for p in model)

    test = hypercycle_torch.range_test(model, made, loss, [0], start=1e-3, end=0.1, steps=10)
    expected = np.outer(np.geomspace(1e-3, 0.1, 10), [1.0, 0.25])
    np.testing.assert_allclose(used, expected, rtol=1e-15)
    assert test.losses[-1] < test.losses[0]
    assert ([dict(hyper) for hyper in made.hypers], [p.tolist() for p in weights]) == before
