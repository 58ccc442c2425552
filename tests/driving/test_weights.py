"""What a Mixture is written to."""

import re
from types import SimpleNamespace

import keras
import numpy as np
import optax
import pytest
import torch

import hypercycle as hc
from hypercycle import observers

MIX = hc.Mixture({"web": hc.Ramp(1, 0, 4), "code": hc.Ramp(0, 1, 4)})
HOLDERS = {
    "dict": lambda: {"code": 1, "web": 2},
    "list": lambda: [2, 1],
    "array": lambda: np.array([2.0, 1.0], np.float32),
    "tensor": lambda: torch.tensor([2.0, 1.0], dtype=torch.float64),
    "leaf": lambda: torch.tensor([2.0, 1.0], requires_grad=True),
}


def plain(holder):
    if isinstance(holder, dict):
        return [holder["web"], holder["code"]]
    return holder.tolist() if hasattr(holder, "tolist") else list(holder)


@pytest.mark.parametrize("kind", HOLDERS)
def test_weights_are_written_into_what_is_there_and_given_back(kind):
    holder = HOLDERS[kind]()
    target = SimpleNamespace(mix=holder, p=0.5)
    cycler = hc.attach(target, mix=MIX, p=0.25)
    seen = []
    for _ in range(6):
        assert target.mix is holder
        assert cycler.values["mix"] == MIX(cycler.last_epoch)
        seen.append(plain(holder))
        cycler.step()
    assert seen == [[1, 0], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0, 1], [0, 1]]
    again = hc.attach(SimpleNamespace(mix=HOLDERS[kind](), p=0.5), mix=MIX, p=0.25)
    cycler.last_epoch = 1
    cycler.step()
    again.load_state_dict(cycler.state_dict())
    assert plain(again.target.mix) == plain(holder) == [0.5, 0.5]
    cycler.detach(restore=True)
    assert target.mix is holder
    assert (plain(holder), target.p) == ([2, 1], 0.5)


def test_a_tuple_is_replaced():
    target = SimpleNamespace(mix=(2, 1))
    before = target.mix
    cycler = hc.attach(target, mix=MIX, start_step=1)
    assert target.mix == (0.75, 0.25)
    cycler.detach(restore=True)
    assert target.mix is before


def test_a_sampler_of_pytorch_draws_by_the_weights_of_the_step():
    sampler = torch.utils.data.WeightedRandomSampler([1.0, 1.0], num_samples=50)
    cycler = hc.attach(sampler, weights=MIX)
    drawn = []
    for _ in range(5):
        drawn.append(sum(sampler))
        cycler.step()
    assert (drawn[0], drawn[4]) == (0, 50)
    assert 0 < drawn[2] < 50


def test_what_is_refused_leaves_the_weights_as_they_were():
    target = SimpleNamespace(mix=[2, 1], p=0.5)
    with pytest.raises(TypeError, match="p of SimpleNamespace must be a number"):
        hc.attach(SimpleNamespace(mix=target.mix, p="x"), mix=MIX, p=0.5)
    assert target.mix == [2, 1]
    to_zero = hc.Mixture({"web": hc.Ramp(1, 0, 4), "code": hc.Ramp(1, 0, 4)})
    cycler = hc.attach(target, mix=to_zero)
    for _ in range(3):
        cycler.step()
    with pytest.raises(ValueError, match="must not all be 0, as they are at step=4"):
        cycler.step()
    assert target.mix == [0.5, 0.5]


@pytest.mark.parametrize(
    ("holder", "error", "message"),
    [
        ({"web": 1}, ValueError, "has the keys ['web'], and its Mixture the names ['web', 'code']"),
        ([1, 2, 3], ValueError, "mix of SimpleNamespace has 3 and its Mixture 2 weights, ['web', "),
        (np.ones((2, 2)), ValueError, "has the shape (2, 2) and its Mixture 2 weights"),
        (np.ones(2, int), TypeError, "must be a dict, or a list, tuple, array or tensor of floats"),
        (0.5, TypeError, "to follow a Mixture, got 0.5 (float)"),
        (None, TypeError, "to follow a Mixture, got None (NoneType)"),
    ],
)
def test_what_cannot_hold_the_weights_is_refused_before_training(holder, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.attach(SimpleNamespace(mix=holder), mix=MIX)


def test_no_weight_is_relative():
    with pytest.raises(ValueError, match="mix is a Mixture, whose weights sum to 1: none is rel"):
        hc.attach(SimpleNamespace(mix=[1, 2]), mix=MIX, relative=True)


def test_optimizers_have_numbers():
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    for target in (sgd, keras.optimizers.SGD(0.1), optax.sgd):
        with pytest.raises(
            TypeError, match="lr is a Mixture, which is written to a dict, list, ar"
        ):
            hc.attach(target, lr=MIX)


def test_logs_have_a_column_for_each(tmp_path):
    target = SimpleNamespace(mix=[1, 2])
    with observers.CSV(tmp_path / "values.csv"):
        cycler = hc.attach(target, mix=MIX)
        cycler.step()
    lines = (tmp_path / "values.csv").read_text().splitlines()
    assert lines[0] == "step,mix/web,mix/code"
    assert lines[1] == "0,1.0,0.0"
