"""Which tracks a plan makes, and which values are refused before anything is changed."""

import math
import re

import pytest
import torch
from torch_models import LR, adamw, optimizer, sgd, snapshot

import hypercycle as hc
from hypercycle.driving import UNLIMITED
from hypercycle_torch.names import Hyperparameter
from hypercycle_torch.tracks import Destination, tracks_of

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


def test_bounds_are_checked_after_multiplication():
    made = sgd(2, momentum=0.9)
    before = snapshot(made)
    with pytest.raises(
        ValueError, match=r"momentum .* accepts values in \[0, 1\], its schedule gives 1.08"
    ):
        hc.attach(made, momentum=hc.Cycle(0.5, 1.2, 4), relative=True)
    assert snapshot(made) == before
    hc.attach(made, momentum=hc.Cycle(0.5, 1.1, 4), relative=True)


HEAD = hc.Cycle(0.2, 0.8, 3)


def test_one_schedule_is_one_track_for_all_groups():
    lr, beta = tracks_of(adamw(3), hc.Plan(lr=LR, momentum=HEAD))
    assert (lr.name, lr.schedules, lr.keys, lr.factors) == ("lr", (LR,), None, None)
    assert lr.place == Destination(Hyperparameter("lr"))
    assert (beta.name, beta.place) == ("momentum", Destination(Hyperparameter("betas", 0)))
    assert beta.interval.most == 1.0


def test_groups_are_a_track_with_a_schedule_for_each_that_is_driven():
    made = optimizer(torch.optim.SGD, {"name": "a"}, {"name": "b"}, {}, lr=0.1)
    plan = hc.Plan(lr=hc.Groups({"b": HEAD, 2: LR, "a": None}), dampening=hc.Groups(ALL))
    lr, dampening = tracks_of(made, plan)
    assert (lr.schedules, lr.keys) == ((HEAD, LR), ("b", 2))
    assert lr.place == Destination(Hyperparameter("lr"), (1, 2))
    assert dampening.keys == ("a", "b", 2)
    assert dampening.place == Destination(Hyperparameter("dampening"))
    assert dampening.interval == UNLIMITED


ALL = {0: LR, 1: HEAD, 2: LR}


def test_initial_values_are_factors_for_each_group_where_they_differ():
    made, plan = sgd(2), hc.Plan(lr=LR)
    (same,) = tracks_of(made, plan, {"lr": [0.5, 0.5]})
    assert (same.schedules, same.keys, same.factors) == ((LR,), None, (0.5,))
    (own,) = tracks_of(made, plan, {"lr": [0.5, 0.25]})
    assert (own.schedules, own.keys, own.factors) == ((LR, LR), (0, 1), (0.5, 0.25))
    with pytest.raises(ValueError, match="initial values of lr are of 1 parameter groups"):
        tracks_of(made, plan, {"lr": [0.5]})


def test_groups_that_are_left_alone_are_not_written():
    (track,) = tracks_of(sgd(3), hc.Plan(lr=LR), left_alone={1})
    assert (track.schedules, track.keys) == ((LR,), None)
    assert track.place == Destination(Hyperparameter("lr"), (0, 2))


def test_values_that_we_have_written_are_not_the_users():
    made = optimizer(torch.optim.SGD, {"lr": 0.1}, {"lr": 0.2})
    with pytest.raises(ValueError, match="different values of lr"):
        tracks_of(made, hc.Plan(lr=LR))
    (track,) = tracks_of(made, hc.Plan(lr=LR), driven={"lr"})
    assert track.keys is None


def test_bounds_of_one_group_are_refused_with_its_name():
    made = optimizer(torch.optim.SGD, {}, {"name": "head"}, lr=0.1)
    groups = hc.Groups({0: LR, "head": hc.Ramp(0.1, -0.1, 10**9)})
    with pytest.raises(
        ValueError, match=r"lr \(lr of SGD\) of group 'head' accepts values in .*-0.1"
    ):
        tracks_of(made, hc.Plan(lr=groups))


def test_counts_are_written_as_whole_numbers():
    weights = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    made = torch.optim.LBFGS([weights], lr=0.1, max_iter=2, line_search_fn="strong_wolfe")
    evaluations = hc.Points({0: 2, 2: 5, 4: 3}, between="hold")
    cycler = hc.attach(made, max_iter=evaluations)
    for step in range(6):
        present = made.param_groups[0]["max_iter"]
        assert (type(present), present) == (int, evaluations(step))
        assert (type(cycler.values["max_iter"]), cycler.get_last_lr()) == (int, [0.1])

        def closure():
            made.zero_grad()
            loss = weights.square().square().sum()
            loss.backward()
            return loss

        made.step(closure)
        cycler.step()
    message = "max_iter of LBFGS is a whole number, 3, and it is not known that Cycle(0.1, 0.5, 4) "
    with pytest.raises(TypeError, match=re.escape(message)):
        hc.attach(made, max_iter=hc.Cycle(0.1, 0.5, 4))
    with pytest.raises(TypeError, match="is a whole number, 3, and"):
        hc.attach(made, max_iter=hc.Constant(0.5), relative=True)


def test_counts_are_whole_numbers_in_each_group():
    made = torch.optim.Muon([{"params": [torch.nn.Parameter(torch.zeros(2, 2))]} for _ in "ab"])
    counts = hc.Groups({0: hc.Points({0: 5, 3: 6}, between="hold"), 1: 4})
    cycler = hc.attach(made, ns_steps=counts)
    for step in range(5):
        present = [group["ns_steps"] for group in made.param_groups]
        assert [(type(one), one) for one in present] == [(int, 5 + (step >= 3)), (int, 4)]
        cycler.step()


def test_a_number_that_happens_to_be_an_int_is_any_number():
    made = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1, weight_decay=0)
    hc.attach(made, lr=LR, weight_decay=0.5)
    assert made.param_groups[0]["weight_decay"] == 0.5
