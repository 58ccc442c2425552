"""Optimizers inside of others: their names are found, and their steps counted."""

import copy
import pickle
from types import SimpleNamespace

import pytest
import torch
from torch_models import LR, adamw, give_gradients, sgd, values_of

import hypercycle as hc
from hypercycle_torch.follower import KEY
from hypercycle_torch.wrappers import innermost, is_optimizer, reports_steps

PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95))


class Shown:
    """Shows an optimizer's groups and nothing else."""

    def __init__(self, inside):
        self.hidden = inside
        self.param_groups = inside.param_groups


class Plain:
    """Hands everything on, under any name for what is inside."""

    def __init__(self, inside, name="optimizer"):
        setattr(self, name, inside)
        self._name = name

    @property
    def param_groups(self):
        return getattr(self, self._name).param_groups

    def step(self, closure=None):
        getattr(self, self._name).step(closure)

    def state_dict(self):
        return getattr(self, self._name).state_dict()

    def load_state_dict(self, state):
        getattr(self, self._name).load_state_dict(state)


class LooksLikeOne(torch.optim.Optimizer):
    """Accelerate's: an Optimizer that was never made as one, and so has no hooks."""

    def __init__(self, inside):
        self.optimizer = inside

    @property
    def param_groups(self):
        return self.optimizer.param_groups

    def step(self, closure=None):
        self.optimizer.step(closure)

    def state_dict(self):
        return self.optimizer.state_dict()

    def load_state_dict(self, state):
        self.optimizer.load_state_dict(state)


class Sharpness(torch.optim.Optimizer):
    """SAM as it is copied everywhere: two calls for an update, none of them step()."""

    def __init__(self, inside):
        super().__init__([p for group in inside.param_groups for p in group["params"]], {})
        self.base_optimizer = inside
        self.param_groups = inside.param_groups

    def first_step(self):
        pass

    def step(self, closure=None):
        self.first_step()
        self.base_optimizer.step(closure)


class Sharded(torch.optim.Optimizer):
    """ZeroRedundancyOptimizer: groups of its own, handed to the one inside and taken back."""

    def __init__(self, inside):
        groups = [{"params": group["params"], **group} for group in inside.param_groups]
        super().__init__(groups, {})
        self.optim = inside

    def step(self, closure=None):
        for own, inner in zip(self.param_groups, self.optim.param_groups, strict=True):
            inner.update({key: own[key] for key in ("lr", "betas")})
        self.optim.step(closure)
        for own, inner in zip(self.param_groups, self.optim.param_groups, strict=True):
            own.update({key: inner[key] for key in ("lr", "betas")})


WRAPPERS = {
    "optimizer": Plain,
    "opt, as fastai's": lambda inside: Plain(inside, "opt"),
    "_base_optimizer, as Lookahead": lambda inside: Plain(inside, "_base_optimizer"),
    "Accelerate's": LooksLikeOne,
    "SAM": Sharpness,
    "ZeroRedundancyOptimizer": Sharded,
    "two of them": lambda inside: LooksLikeOne(Plain(inside, "opt")),
}


@pytest.mark.parametrize("kind", WRAPPERS)
@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_every_update_has_its_values(kind, advance):
    made = adamw(2)
    used = []
    made.register_step_pre_hook(
        lambda one, *_: used.append((one.param_groups[1]["lr"], one.param_groups[1]["betas"][0]))
    )
    wrapper = WRAPPERS[kind](made)
    cycler = hc.attach(wrapper, PLAN, advance=advance)
    for step in range(9):
        give_gradients(made, step)
        wrapper.step()
        cycler.step()
    assert used == [tuple(PLAN(step).values()) for step in range(9)]
    assert cycler.last_epoch == 9
    if advance == "optimizer":
        cycler.detach()
        wrapper.step()
        assert cycler.last_epoch == 9


def test_sams_two_calls_are_one_update():
    made = adamw()
    sam = Sharpness(made)
    cycler = hc.attach(sam, PLAN, advance="optimizer")
    for step in range(5):
        give_gradients(made, step)
        sam.first_step()
        give_gradients(made, step)
        sam.base_optimizer.step()
    assert cycler.last_epoch == 5


@pytest.mark.parametrize("kind", ["optimizer", "Accelerate's", "two of them"])
def test_a_wrapper_that_hands_its_state_on_brings_the_followers(kind):
    made = adamw()
    wrapper = WRAPPERS[kind](made)
    hc.attach(wrapper, PLAN, advance="optimizer")
    for step in range(4):
        give_gradients(made, step)
        wrapper.step()
    state = copy.deepcopy(wrapper.state_dict())
    assert len(state[KEY]) == 1
    other = WRAPPERS[kind](adamw())
    cycler = hc.attach(other, PLAN, advance="optimizer")
    other.load_state_dict(state)
    assert (cycler.last_epoch, values_of(other, "lr")) == (4, [LR(4)])


def test_a_follower_keeps_a_wrapper_that_nobody_else_keeps():
    made = adamw()
    cycler = hc.attach(Plain(made), PLAN, advance="optimizer")
    give_gradients(made)
    made.step()
    assert cycler.last_epoch == 1
    again = pickle.loads(pickle.dumps(cycler))
    give_gradients(again.optimizer.optimizer)
    again.optimizer.step()
    assert (again.last_epoch, cycler.last_epoch) == (2, 1)


def test_who_is_inside():
    made = sgd()
    assert innermost(made) is made
    assert innermost(LooksLikeOne(Plain(made, "opt"))) is made
    assert innermost(Shown(made)).__class__ is Shown
    assert innermost(SimpleNamespace(param_groups=[{}], optimizer="sgd")).optimizer == "sgd"
    assert (reports_steps(made), reports_steps(LooksLikeOne(made))) == (True, False)


def test_what_is_an_optimizer():
    assert is_optimizer(sgd())
    assert is_optimizer(Plain(sgd()))
    for other in (torch.optim.SGD, Plain, None, [], SimpleNamespace(param_groups=[])):
        assert not is_optimizer(other)
    assert not is_optimizer(SimpleNamespace(param_groups=[0.1]))
    assert not is_optimizer(SimpleNamespace(param_groups=({"lr": 0.1},)))
