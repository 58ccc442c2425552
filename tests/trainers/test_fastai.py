import copy
import warnings

import pytest
import torch
from digit_updates import BATCHES, PLAN, loader, network, of_steps
from torch import nn

import hypercycle as hc

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # fastai's own, about torch.jit
    own = pytest.importorskip("fastai.optimizer")
    from fastai.callback.core import Callback
    from fastai.callback.training import GradientAccumulation
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("error::hypercycle.MisuseWarning"),
]


class Cycled(Callback):
    """The one of docs/trainers.md."""

    order = 100

    def before_fit(self):
        if not hasattr(self, "cycler"):
            self.cycler = hc.attach(self.learn.opt, PLAN)
        self.cycler.load_state_dict(self.cycler.state_dict())

    def before_step(self):
        self.updates = True

    def after_step(self):
        if self.updates:
            self.cycler.step()
        self.updates = False


def learner(factory, *callbacks):
    """Return a learner, and a list that grows by what the first parameter's updates are made of."""
    used, seen = [], []

    def note(p, **hyper):
        seen[:] = seen or [p]
        if p is seen[0]:
            used.append({ours: hyper[theirs] for ours, theirs in NAMES.items()})

    def opt_func(parameters, lr, **_):
        made = factory(parameters, lr=lr)
        made.cbs.insert(0, note)
        return made

    batches = DataLoaders(loader(), loader())
    callbacks = [Cycled(), *callbacks]
    return Learner(
        batches, network(), nn.CrossEntropyLoss(), opt_func=opt_func, cbs=callbacks
    ), used


NAMES = {"lr": "lr", "momentum": "mom", "weight_decay": "wd"}


@pytest.mark.parametrize("factory", [own.Adam, own.RAdam, own.QHAdam, own.Lamb, own.SGD])
def test_each_update_has_the_values_of_its_step(factory):
    learn, used = learner(factory)
    with learn.no_bar(), learn.no_logging():
        learn.fit(1)
        learn.fit(1)
    assert used == of_steps(0, 2 * BATCHES)


def test_batches_that_are_accumulated_are_one_update():
    learn, used = learner(own.Adam, GradientAccumulation(n_acc=32))
    with learn.no_bar(), learn.no_logging():
        learn.fit(2)
    assert used == of_steps(0, BATCHES)


def test_goes_on_with_the_state_of_the_optimizer():
    learn, _ = learner(own.Adam)
    with learn.no_bar(), learn.no_logging():
        learn.fit(1)
        state = copy.deepcopy((learn.opt.state_dict(), learn.cycled.cycler.state_dict()))
        other, used = learner(own.Adam)
        other.create_opt()
        other.opt.load_state_dict(state[0])
        other.cycled.cycler = hc.attach(other.opt, PLAN)
        other.cycled.cycler.load_state_dict(state[1])
        other.fit(1)
    assert used == of_steps(BATCHES, 2 * BATCHES)


@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_a_wrapper_is_driven_by_the_neutral_names(advance):
    made = own.OptimWrapper(network().parameters(), torch.optim.AdamW)
    cycler = hc.attach(made, PLAN, advance=advance)
    for values in of_steps(0, 9):
        assert {ours: made.hypers[0][theirs] for ours, theirs in NAMES.items()} == values
        for parameter, *_ in made.all_params():
            parameter.grad = torch.ones_like(parameter)
        made.step()
        cycler.step()
