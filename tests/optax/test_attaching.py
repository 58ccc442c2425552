"""What attach drives, and what it refuses."""

import functools
from types import SimpleNamespace

import optax
import pytest
from optax_training import (
    ADAMW,
    PARAMS,
    PLAN,
    assert_same,
    by_hand,
    train,
)

import hypercycle as hc
import hypercycle_optax
from hypercycle.driving.options import Options
from hypercycle_optax.attaching import attach_factory


def test_a_partial_of_a_factory_of_optax_is_taken():
    factory = functools.partial(optax.adamw, b2=0.9, nesterov=True)
    ours, _ = train(hc.attach(factory, PLAN), 10)
    assert_same(ours, by_hand(factory, ADAMW, PLAN, 10)[0])


@pytest.mark.parametrize(
    ("target", "options", "error", "text"),
    [
        (optax.adamw(0.1), {}, TypeError, "pass the factory, as in hc.attach"),
        (optax.MultiSteps(optax.sgd(0.1), 2), {}, TypeError, "pass the factory"),
        (SimpleNamespace(tx=optax.sgd(0.1)), {}, TypeError, "in this SimpleNamespace is made"),
        (optax.adamw, {"relative": True}, ValueError, "hc.Product"),
        (optax.adamw, {"on_event": print}, ValueError, r"plan.events\(step\)"),
        (optax.adamw, {"events_of": "lr"}, ValueError, r"events_of='lr' for a factory of Optax: "),
        (optax.adamw, {"advance": "optimizer"}, ValueError, "counts its own updates"),
        (optax.adamw, {"on_mismatch": "saved"}, ValueError, "holds the count alone"),
    ],
)
def test_options_that_make_no_sense_say_what_to_do(target, options, error, text):
    with pytest.raises(error, match=text):
        hc.attach(target, PLAN, **options)


def test_what_is_not_optax_s_is_left_to_others():
    class Dropout:
        p = 0.5

    assert attach_factory(Dropout(), hc.Plan(p=0.1), Options()) is None
    assert attach_factory(max, hc.Plan(p=0.1), Options()) is None


def test_start_step_is_honoured():
    ours = hc.attach(optax.adamw, PLAN, start_step=7)
    assert hypercycle_optax.plan_step(ours.init(PARAMS)) == 7


def test_arguments_of_cycled_are_named_where_attach_is_given_them():
    with pytest.raises(
        TypeError, match=r"use hypercycle_optax.cycled\(factory, plan, param_labels"
    ):
        hc.attach(optax.sgd, PLAN, param_labels={"w": "weights"})
