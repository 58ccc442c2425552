"""Reference: the values of a product, and whose they are."""

import re

import pytest
import strategies
from hypothesis import given

import hypercycle as hc

LR = hc.Cycle(0.1, 0.5, 4)


@strategies.examples(60)
@given(strategies.schedules(depth=1), strategies.values, strategies.steps)
def test_its_values_are_those_of_the_product(schedule, times, step):
    assert hc.Reference("lr", schedule, times)(step) == hc.Product(times, schedule)(step)
    assert hc.Reference("lr", schedule)(step) == schedule(step)


def test_it_is_a_record():
    decay = hc.Reference("lr", hc.Cycle(0.1, 0.5, "2ep"), times=0.1)
    assert decay == hc.Reference("lr", hc.Cycle(0.1, 0.5, "2ep"), 0.1)
    assert decay != hc.Reference("momentum", hc.Cycle(0.1, 0.5, "2ep"), 0.1)
    assert repr(decay) == "Reference('lr', Cycle(0.1, 0.5, '2ep'), times=0.1)"
    assert decay.resolve(steps_per_epoch=2) == hc.Reference("lr", LR, 0.1)
    assert hc.Reference("lr", LR, -2).reached() == [-0.2, -1.0]
    assert hc.Reference("lr", LR).events(4) == LR.events(4)


def test_a_state_is_that_of_the_product_and_may_be_loaded_by_it():
    class Loss:
        beta = decay = 1.0

    def attached(decay):
        return hc.attach(Loss(), beta=LR, decay=decay)

    for one, other in (
        (hc.Reference("beta", LR, 0.1), hc.Product(0.1, LR)),
        (hc.Reference("beta", LR), LR),
    ):
        attached(one).load_state_dict(attached(other).state_dict())
        attached(other).load_state_dict(attached(one).state_dict())
        assert hc.Plan(decay=one).fingerprint() == hc.Plan(decay=other).fingerprint()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hc.Reference(3, LR), "name must be a name in the plan such as 'lr', got 3"),
        (lambda: hc.Reference("lr", "x"), "the schedule must be a schedule (such as Cycle"),
        (lambda: hc.Reference("lr", LR, "x"), "times must be a number, got 'x' (str)"),
    ],
)
def test_what_makes_no_reference_is_refused(make, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        make()
