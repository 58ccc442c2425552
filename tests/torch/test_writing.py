"""Values are the plan's whatever happens to the groups between two steps, however they are written.

The fast ways to write remember what they wrote: each is led astray here in all the ways we know.
"""

import copy
import pickle
import random

import numpy as np
import pytest
import torch
from torch_models import LR, optimizer, sgd

import hypercycle as hc
from hypercycle_torch import writing

GROUPS = 3
BETAS = hc.Cycle(0.5, 0.9, 5, waveform="hann")


def own(schedule, count=GROUPS):
    low = schedule.low
    return hc.Groups({f"g{i}": hc.Cycle(low, low + 0.1 + 0.01 * i, 4 + i) for i in range(count)})


PLANS = {
    "one": hc.Plan(lr=LR, beta1=BETAS),
    "own": hc.Plan(lr=own(LR), beta1=own(BETAS)),
    "one, betas own": hc.Plan(lr=LR, beta1=own(BETAS)),
    "own, betas one": hc.Plan(lr=own(LR), beta1=BETAS),
    "betas alone": hc.Plan(beta1=BETAS),
    "own betas alone": hc.Plan(beta1=own(BETAS)),
    "both betas": hc.Plan(lr=LR, beta1=BETAS, beta2=hc.Cycle(0.9, 0.99, 7)),
    "own both betas": hc.Plan(beta1=own(BETAS), lr=own(LR), beta2=own(hc.Cycle(0.8, 0.9, 7))),
    "second beta": hc.Plan(lr=LR, beta2=hc.Cycle(0.9, 0.99, 7)),
    "three": hc.Plan(lr=LR, weight_decay=own(LR), beta1=BETAS, eps=hc.Cycle(1e-9, 1e-8, 3)),
}


def of_the_first(plan, count):
    """Return a plan for the first groups alone."""
    kept = {f"g{i}" for i in range(count)}
    return hc.Plan(
        **{
            name: hc.Groups({key: one for key, one in value.items() if key in kept})
            if isinstance(value, hc.Groups)
            else value
            for name, value in plan.items()
        }
    )


KINDS = {
    "floats": dict,
    "tensor lr": lambda: {"lr": torch.tensor(0.1)},
    "half": lambda: {"lr": torch.tensor(0.1, dtype=torch.float16)},
    "double": lambda: {"lr": torch.tensor(0.1, dtype=torch.float64)},
    "length 1": lambda: {"lr": torch.tensor([0.1])},
    "tensors": lambda: {
        "lr": torch.tensor(0.1),
        "betas": (torch.tensor(0.9), torch.tensor(0.99)),
        "weight_decay": 0.1,
    },
}


def made_of(kind, count=GROUPS):
    names = ({"name": f"g{i}"} | KINDS[kind]() for i in range(count))
    return optimizer(torch.optim.AdamW, *names)


def rounded(value, like):
    """Return a value as what stands in a group rounds it."""
    if not isinstance(like, torch.Tensor):
        return value
    kinds = {torch.float64: np.float64, torch.float32: np.float32, torch.float16: np.float16}
    return float(kinds[like.dtype](value))


def plain(value):
    return value.item() if isinstance(value, torch.Tensor) else value


def check(made, plan, step, rest):
    """Compare all that is written with ``plan(step)``, and the rest with what was set by hand."""
    for name, value in plan(step).items():
        for index, group in enumerate(made.param_groups):
            key, member = {"beta1": ("betas", 0), "beta2": ("betas", 1)}.get(name, (name, None))
            present = group[key] if member is None else group[key][member]
            expected = value[group["name"]] if isinstance(value, dict) else value
            assert plain(present) == rounded(expected, present), (name, index, step)
    if "beta2" not in plan:
        for group in made.param_groups:
            seen = plain(group["betas"][1])
            assert seen == rest[group["name"]], (group["name"], step)


def as_given(group, beta2):
    """Return betas with another second member, of the same kind as those that a group has."""
    first, second = group["betas"]
    if isinstance(second, torch.Tensor):
        return type(group["betas"])((first, torch.tensor(beta2, dtype=torch.float64)))
    return type(group["betas"])((first, beta2))


class Interference:
    """What others do between two steps: each method is one way, with the group that it hits."""

    def __init__(self, made, rest, generator):
        self.made, self.rest, self.generator = made, rest, generator

    def second_beta_of_one(self, cycler):
        group = self.generator.choice(self.made.param_groups)
        self._set(group, self.generator.choice([0.95, 0.97, 0.999]))
        return cycler

    def second_beta_of_the_first(self, cycler):
        self._set(self.made.param_groups[0], self.generator.choice([0.95, 0.97, 0.999]))
        return cycler

    def second_beta_of_all(self, cycler):
        beta2 = self.generator.choice([0.95, 0.97, 0.999])
        for group in self.made.param_groups:
            self._set(group, beta2)
        return cycler

    def _set(self, group, beta2):
        group["betas"] = as_given(group, beta2)
        self.rest[group["name"]] = beta2

    def list_or_tuple(self, cycler):
        group = self.generator.choice(self.made.param_groups)
        other = {tuple: list, list: tuple}[type(group["betas"])]
        group["betas"] = other(group["betas"])
        return cycler

    def others_tuple(self, cycler):
        one, other = self.generator.choices(self.made.param_groups, k=2)
        if not isinstance(one["betas"][0], torch.Tensor):
            one["betas"] = other["betas"]
            self.rest[one["name"]] = self.rest[other["name"]]
        return cycler

    def another_lr(self, cycler):
        group = self.generator.choice(self.made.param_groups)
        lr = group["lr"]
        group["lr"] = lr.clone() if isinstance(lr, torch.Tensor) else 0.7
        return cycler

    def shared_memory_and_gradients(self, cycler):
        lr = self.generator.choice(self.made.param_groups)["lr"]
        if isinstance(lr, torch.Tensor):
            lr.share_memory_()
            lr.requires_grad_(not lr.requires_grad)
        return cycler

    def loaded(self, cycler):
        self.made.load_state_dict(self.made.state_dict())
        cycler.load_state_dict(cycler.state_dict())
        return cycler

    def jump(self, cycler):
        cycler.last_epoch = self.generator.choice([0, 3, 1_000, 5_000_000])
        return cycler

    def back_in_the_block(self, cycler):
        cycler.last_epoch = max(cycler.last_epoch - 2, 0)
        return cycler

    def pickled(self, cycler):
        pickle.dumps(cycler)
        return self._copy(cycler, pickle.loads(pickle.dumps(cycler)))

    def deep_copied(self, cycler):
        return self._copy(cycler, copy.deepcopy(cycler))

    def _copy(self, cycler, again):
        cycler.detach()
        self.made = again.optimizer
        return again

    def reordered(self, cycler):
        self.made.param_groups.reverse()
        return cycler

    def new_list(self, cycler):
        self.made.param_groups = list(self.made.param_groups)
        return cycler

    def nothing(self, cycler):
        return cycler


WAYS = [name for name in vars(Interference) if not name.startswith("_")]


@pytest.mark.parametrize(
    ("kind", "count"), [(kind, GROUPS) for kind in KINDS] + [("floats", 1), ("tensor lr", 1)]
)
@pytest.mark.parametrize("name", PLANS)
def test_values_are_the_plans_whatever_happens_in_between(kind, name, count):
    plan, made = of_the_first(PLANS[name], count), made_of(kind, count)
    rest = {group["name"]: plain(group["betas"][1]) for group in made.param_groups}
    interference = Interference(made, rest, random.Random(0))
    cycler = hc.attach(made, plan)
    ways = WAYS * 2
    interference.generator.shuffle(ways)
    for way in ways:
        cycler = getattr(interference, way)(cycler)
        for _ in range(interference.generator.choice([1, 2, 3])):
            step = int(cycler.last_epoch) + 1
            cycler.step()
            assert cycler.last_epoch == step
            check(interference.made, plan, step, rest)


@pytest.mark.parametrize("name", ["one", "own"])
def test_groups_that_come_and_go(name):
    made = made_of("floats", GROUPS + 1)
    schedules = PLANS["one"] if name == "one" else hc.Plan(lr=own(LR, 4), beta1=own(BETAS, 4))
    cycler = hc.attach(made, schedules)
    rest = dict.fromkeys((f"g{i}" for i in range(4)), 0.999)
    for turn in range(6):
        if turn == 2:
            gone = made.param_groups.pop(0)
        if turn == 4:
            beside = made.param_groups[0]  # whoever has its values joins
            gone |= {"lr": beside["lr"], "betas": (beside["betas"][0], 0.5)}
            rest["g0"] = 0.5
            made.param_groups.append(gone)
        cycler.step()
        check(made, schedules, turn + 1, rest)


# What must not be lost on the fast ways.


@pytest.mark.parametrize("name", ["one", "own"])
def test_a_list_stays_a_list_and_a_tuple_that_is_shared_is_shared_again(name):
    made = made_of("floats")
    cycler = hc.attach(made, PLANS[name])
    cycler.step()
    made.param_groups[1]["betas"] = list(made.param_groups[1]["betas"])
    cycler.step()
    assert [type(group["betas"]) for group in made.param_groups] == [tuple, list, tuple]
    made.param_groups[1]["betas"] = tuple(made.param_groups[1]["betas"])
    cycler.step()
    assert (made.param_groups[0]["betas"] is made.param_groups[1]["betas"]) == (name == "one")


def test_after_another_second_beta_in_all_groups_they_share_a_tuple_again():
    made = made_of("floats")
    cycler = hc.attach(made, PLANS["one"])
    for group in made.param_groups:
        group["betas"] = (0.3, float("0.95"))  # equal, each one's own
    cycler.step()
    cycler.step()
    assert len({id(group["betas"]) for group in made.param_groups}) == 1
    assert made.param_groups[0]["betas"] == (BETAS(2), 0.95)


def test_groups_of_one_group():
    made, plan = made_of("floats", 1), hc.Plan(lr=own(LR, 1), beta1=own(BETAS, 1))
    cycler = hc.attach(made, plan)
    for step in range(1, 12):
        cycler.step()
        check(made, plan, step, {"g0": 0.999})
        assert cycler.values == plan(step)


@pytest.mark.parametrize("name", ["one", "own"])
@pytest.mark.parametrize("without", [False, True])
def test_tensors_are_filled_in_place_and_their_versions_count(name, without, monkeypatch):
    if without:  # an older or a later PyTorch
        monkeypatch.setattr(writing, "_copy_each", None)
    made = made_of("tensors")
    cycler = hc.attach(made, PLANS[name])
    tensors = [group["lr"] for group in made.param_groups]
    tensors += [group["betas"][0] for group in made.param_groups]
    before = [(tensor._version, tensor.data_ptr()) for tensor in tensors]
    cycler.step()
    after = [group["lr"] for group in made.param_groups]
    after += [group["betas"][0] for group in made.param_groups]
    assert all(one is other for one, other in zip(tensors, after, strict=True))
    assert [(t._version, t.data_ptr()) for t in tensors] == [(v + 1, p) for v, p in before]
    check(made, PLANS[name], 1, {f"g{i}": plain(torch.tensor(0.99)) for i in range(GROUPS)})


def test_a_tensor_that_is_on_no_cpu_or_has_a_shape_is_filled_by_itself():
    plain_tensor = writing._is_plain_tensor
    assert plain_tensor(torch.tensor(0.1))
    assert not plain_tensor(torch.tensor([0.1]))
    assert not plain_tensor(torch.tensor(0.1, device="meta"))
    assert not plain_tensor(torch.tensor(0.1, requires_grad=True))
    assert not plain_tensor(torch.nn.Parameter(torch.tensor(0.1)))


def test_what_a_step_asks_for_is_in_no_dict():
    cycler = hc.attach(sgd(2), lr=LR)
    again = pickle.loads(pickle.dumps(cycler))
    for one in (cycler, again):  # which is slow to look into, once it has been asked for
        assert not {"last_epoch", "optimizer", "_watched", "_now"} & set(vars(one))
