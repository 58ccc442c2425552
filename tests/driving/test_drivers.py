"""Two cyclers that meet on one hyperparameter: it is told once, to whom attaches the second."""

import gc
import linecache
import warnings
from types import SimpleNamespace

import pytest
from torch_models import LR, adamw, sgd

import hypercycle as hc
from hypercycle.driving.drivers import driver_of, release, take

OTHER = hc.Cycle(0.6, 0.7, 2)


@pytest.mark.parametrize(
    ("target", "first", "second", "shared"),
    [
        (lambda: SimpleNamespace(p=0.5), {"p": LR}, {"p": OTHER}, "p of this SimpleNamespace"),
        (sgd, {"lr": LR}, {"lr": OTHER}, "lr of this SGD"),
        (sgd, {"lr": LR, "momentum": 0.9}, {"momentum": 0.5, "lr": 0.1}, "lr, momentum of this"),
        (adamw, {"momentum": LR}, {"beta1": OTHER}, "beta1 of this AdamW"),
        (lambda: sgd(2), {"lr": LR}, {"lr": hc.Groups({0: None, 1: OTHER})}, "lr of this SGD"),
    ],
)  # fmt: skip
def test_a_second_attach_to_one_hyperparameter_is_told(target, first, second, shared):
    target = target()
    kept = hc.attach(target, first)
    with pytest.warns(UserWarning, match=f"an earlier attach.* drives {shared}.* too") as told:
        hc.attach(target, second)
    assert len(told) == 1
    assert "hc.attach(target, second)" in linecache.getline(told[0].filename, told[0].lineno)
    del kept


@pytest.mark.parametrize("first_is", [{}, {"relative": True}])
def test_a_second_relative_attach_multiplies_the_first_values(first_is):
    made = sgd(3, lr=1.0, momentum=0.5)
    for group, rate in zip(made.param_groups, (1.0, 0.1, 0.0), strict=True):
        group["lr"] = rate
    plan = {"lr": hc.Groups(dict.fromkeys(range(3), hc.Ramp(1.0, 0.25, 3))), "momentum": 0.5}
    first = hc.attach(made, plan, **first_is)
    for _ in range(3):
        first.step()
    with pytest.warns(UserWarning, match="drives lr, momentum of this SGD too"):
        second = hc.attach(made, lr=LR, momentum=LR, relative=True)
    assert [group["lr"] for group in made.param_groups] == [LR(0), 0.1 * LR(0), 0.0]
    assert made.param_groups[0]["momentum"] == 0.5 * LR(0)
    del first
    with pytest.warns(UserWarning, match="drives lr of this SGD too"):
        hc.attach(made, lr=hc.Cycle(0.5, 1.0, 3), relative=True)
    assert [group["lr"] for group in made.param_groups] == [0.5, 0.05, 0.0]
    del second


@pytest.mark.parametrize("ways", [("step", "optimizer"), ("optimizer", "step")])
def test_one_that_follows_and_one_that_is_stepped_meet_too(ways):
    made = sgd()
    kept = hc.attach(made, lr=LR, advance=ways[0])
    with pytest.warns(UserWarning, match="an earlier attach.* drives lr of this SGD too"):
        hc.attach(made, lr=OTHER, advance=ways[1])
    del kept


def test_what_does_not_meet_is_not_told():
    made, gone = sgd(2), SimpleNamespace(p=0.5)
    cyclers = [
        hc.attach(made, lr=hc.Groups({0: LR, 1: None})),
        hc.attach(made, lr=hc.Groups({0: None, 1: LR})),
        hc.attach(made, momentum=LR),
        hc.attach(sgd(2), lr=LR),
    ]
    hc.attach(gone, p=LR)  # nobody keeps it
    gc.collect()
    hc.attach(gone, p=OTHER)
    assert [driver_of(made, place) for place in cyclers[0].places(cyclers[0]._tracks.tracks)] == [
        cyclers[0]
    ]


def test_a_detached_follower_is_no_driver():
    made = sgd()
    first = hc.attach(made, lr=LR, advance="optimizer")
    first.detach()
    second = hc.attach(made, lr=OTHER, advance="optimizer")
    first.detach()
    with pytest.warns(UserWarning, match="it is detached"):
        hc.attach(made, lr=LR, advance="optimizer")
    assert second._hooks == []


def test_a_warning_that_is_an_error_changes_nothing():
    target = SimpleNamespace(p=0.5)
    kept = hc.attach(target, p=LR)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="an earlier attach"):
            hc.attach(target, p=OTHER)
    assert (target.p, driver_of(target, "p")) == (LR(0), kept)


def test_another_object_with_the_identity_of_one_that_is_gone_is_not_driven(monkeypatch):
    made = sgd()
    follower = hc.attach(made, lr=LR, advance="optimizer")
    places = list(follower.driven())
    identity = id(made)
    follower.detach()
    take(follower, places)
    del made
    gc.collect()
    monkeypatch.setattr("hypercycle.driving.drivers.id", lambda target: identity, raising=False)
    assert driver_of(sgd(), places[0]) is None


def test_who_released_a_place_does_not_drive_it():
    target = SimpleNamespace(p=0.5)
    first = hc.attach(target, p=LR)
    release(first, ["p", "q"])
    assert driver_of(target, "p") is None
    second = hc.attach(target, p=LR)
    release(first, ["p"])
    assert driver_of(target, "p") is second
