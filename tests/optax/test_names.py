"""Names of arguments, and the walk over all factories of Optax and all their numeric arguments."""

from typing import Any

import jax.numpy as jnp
import optax
import optax_aliases as aliases
import pytest
from optax_training import LR, MOMENTUM

import hypercycle as hc
from hypercycle.driving.names import Place
from hypercycle_optax import cycled, names

CASES = list(aliases.cases())
SAMPLE = CASES[::14]
KNOWN = aliases.read_table()


def check(name, factory, argument):
    expected = KNOWN[name, argument]
    assert aliases.kind(name, factory, argument) == expected


def test_the_table_is_of_this_optax_and_holds_every_argument():
    text = aliases.TABLE.read_text(encoding="utf-8")
    assert f"with optax {optax.__version__}:" in text
    assert {(name, argument) for name, _, argument in CASES} == set(KNOWN)


@pytest.mark.parametrize(("name", "factory", "argument"), SAMPLE)
def test_a_spread_of_arguments(name, factory, argument):
    check(name, factory, argument)


@pytest.mark.walk
@pytest.mark.parametrize(("name", "factory", "argument"), [c for c in CASES if c not in SAMPLE])
def test_every_argument(name, factory, argument):
    check(name, factory, argument)


@pytest.mark.parametrize(
    ("factory", "name", "own"),
    [
        (optax.sgd, "lr", "learning_rate"),
        (optax.sgd, "momentum", "momentum"),
        (optax.adam, "momentum", "b1"),
        (optax.adam, "beta1", "b1"),
        (optax.adam, "beta2", "b2"),
        (optax.adam, "eps", "eps"),
        (optax.lamb, "momentum", "b1"),
        (optax.lion, "beta2", "b2"),
        (optax.adan, "beta3", "b3"),
        (optax.rmsprop, "momentum", "momentum"),
        (optax.contrib.madgrad, "momentum", "momentum"),
        (optax.adafactor, "weight_decay", "weight_decay_rate"),
        (optax.contrib.prodigy, "momentum", "betas[0]"),
        (optax.contrib.prodigy, "beta2", "betas[1]"),
        (optax.contrib.prodigy, "beta3", "beta3"),
        (optax.contrib.muon, "ns_coeffs[2]", "ns_coeffs[2]"),
    ],
)
def test_neutral_and_own_names(factory, name, own):
    assert str(names.find(factory, name)) == own


@pytest.mark.parametrize("factory", [optax.lion, optax.contrib.schedule_free_adamw, optax.adan])
def test_momentum_is_not_guessed_where_b1_means_something_else(factory):
    with pytest.raises(ValueError, match=r"use 'beta1' or 'beta2'"):
        cycled(factory, {"lr": LR, "momentum": MOMENTUM})


TO_BE_FIXED = "it cannot follow a schedule; give it as fixed$"


@pytest.mark.parametrize(
    ("factory", "name", "error", "text"),
    [
        (optax.adamw, "weigth_decay", ValueError, "did you mean 'weight_decay'.* available: .*eps"),
        (optax.adamw, "lrr", ValueError, "adamw has no hyperparameter 'lrr'; did you mean 'lr'"),
        (
            optax.contrib.prodigy,
            "betas",
            ValueError,
            r"2 members: name one, betas\[0\], betas\[1\]",
        ),
        (optax.contrib.prodigy, "betas[2]", ValueError, "no hyperparameter 'betas"),
        (optax.adamw, "nesterov", TypeError, f"nesterov of adamw is a switch: {TO_BE_FIXED}"),
        (optax.lbfgs, "memory_size", TypeError, f"is a count, a whole number: {TO_BE_FIXED}"),
        (optax.contrib.muon, "ns_steps", TypeError, f"is a count, a whole number: {TO_BE_FIXED}"),
        (optax.contrib.galore, "rank", TypeError, f"is a count, a whole number: {TO_BE_FIXED}"),
        (lambda lr, seed=0: optax.sgd(lr), "seed", TypeError, f"a whole number: {TO_BE_FIXED}"),
        (
            optax.adamw,
            "mask",
            TypeError,
            "must be a number to follow a schedule, got None; give it as fixed; the numbers of ",
        ),
        (optax.identity, "lr", ValueError, "identity has no numeric argument"),
        (optax.adamw(0.1), "lr", TypeError, "must be a function that makes an optax"),
        (
            lambda lr, /: optax.sgd(lr),
            "lr",
            ValueError,
            "lr by position only: wrap it in a function",
        ),
    ],
)
def test_names_that_are_refused(factory, name, error, text):
    with pytest.raises(error, match=text):
        cycled(factory, {name: hc.Cycle(0.1, 0.2, 5)})


def test_what_cannot_follow_a_schedule_may_be_a_constant():
    assert names.find(optax.adamw, "nesterov", cycles=False) == Place("nesterov")


@pytest.mark.parametrize(
    ("place", "interval"),
    [
        (Place("learning_rate"), "[0, inf)"),
        (Place("momentum"), "[0, 1]"),
        (Place("b1"), "[0, 1)"),
        (Place("betas", 1), "[0, 1)"),
        (Place("weight_decay_rate"), "[0, inf)"),
        (Place("ns_coeffs", 1), "(-inf, inf)"),
        (Place("decay"), "(-inf, inf)"),
    ],
)
def test_accepted_values(place, interval):
    assert str(names.interval_of(place)) == interval


def test_an_argument_annotated_any_may_be_a_number():
    def scaled(learning_rate: Any, momentum: "Any" = None):
        return optax.sgd(learning_rate, momentum)

    transformation = cycled(scaled, hc.Plan(lr=hc.Cycle(0.25, 0.5, 4), momentum=0.9))
    updates, _ = transformation.update(jnp.ones(2), transformation.init(jnp.ones(2)))
    assert updates.tolist() == [-0.25, -0.25]
