"""Mixture: weights that sum to one, as one hyperparameter."""

import copy
import math
import pickle
import re

import numpy as np
import pytest
import strategies
import torch
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc

RAMP = hc.Ramp(1, 3, 100)
MIX = hc.Mixture({"web": 3, "code": RAMP, "math": hc.Cycle(0, 1, 10)})
WEIGHTS = st.dictionaries(
    st.sampled_from(["web", "code", "math", "papers", "books"]),
    st.one_of(strategies.positive_values, strategies.ramps(bounds=strategies.positive_values)),
    min_size=1,
)


@strategies.examples(60)
@given(WEIGHTS, strategies.steps)
def test_each_is_its_weight_divided_by_the_sum(weights, step):
    mix = hc.Mixture(weights)
    values = {n: one(step) if callable(one) else one for n, one in weights.items()}
    got = mix(step)
    assert list(got) == list(weights)
    assert all(0.0 <= share <= 1.0 for share in got.values())
    assert abs(math.fsum(got.values()) - 1.0) <= len(got) * math.ulp(1.0)
    for name, value in values.items():
        assert got[name] == pytest.approx(value / math.fsum(values.values()), rel=1e-14)


def test_arrays_have_the_very_bits_of_their_steps_and_tensors_their_values():
    steps = np.arange(150)
    arrays = MIX(steps)
    assert list(arrays) == ["web", "code", "math"]
    for name, array in arrays.items():
        assert array.tolist() == [MIX(step)[name] for step in range(150)]
        tensor = MIX(torch.from_numpy(steps))[name]
        np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-15)


def test_it_is_a_record_in_the_order_of_its_names():
    for again in (pickle.loads(pickle.dumps(MIX)), copy.deepcopy(MIX), hc.Mixture(MIX.weights)):
        assert again == MIX
        assert hash(again) == hash(MIX)
        assert eval(repr(again), {name: getattr(hc, name) for name in hc.__all__}) == MIX
    assert hc.Mixture({"a": 1, "b": 2}) != hc.Mixture({"b": 2, "a": 1})
    assert hc.Mixture({"a": 1, "b": hc.Ramp(0, 1, "2ep")}).resolve(steps_per_epoch=7) == hc.Mixture(
        {"a": 1, "b": hc.Ramp(0, 1, 14)}
    )
    assert MIX["code"].length is None
    assert hc.Mixture({"a": 1, "b": RAMP})["a"].length == 100


def test_it_is_in_plans_and_their_files(tmp_path):
    plan = hc.Plan(mix=MIX, lr=0.1)
    assert plan(10)["mix"] == MIX(10)
    for suffix in ("toml", "json", "yaml"):
        plan.save(tmp_path / f"plan.{suffix}")
        assert hc.Plan.load(tmp_path / f"plan.{suffix}") == plan
    assert hc.Plan.from_dict(plan.to_dict()) == plan
    assert plan.flat()["mix.weights.code.end"] == 3.0
    assert plan.override({"mix.weights.code.end": 6})(100)["mix"]["code"] == 6 / 9
    lines = hc.plot(plan, 150).axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["web", "code", "math"]


def test_weights_that_sum_to_nothing_are_an_error_of_the_step():
    to_zero = hc.Mixture({"a": hc.Ramp(1, 0, 4), "b": hc.Ramp(2, 0, 3)})
    assert to_zero(3) == {"a": 1.0, "b": 0.0}
    for step in (4, np.array([0, 4])):
        with pytest.raises(ValueError, match="weights of a Mixture must not all be 0, as they are"):
            to_zero(step)
    negative = hc.Mixture({"a": lambda step: 2.0 - step, "b": 3})
    for step in (5, np.array([0, 5])):
        with pytest.raises(ValueError, match="must not be negative, as they are at step=5"):
            negative(step)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Mixture([1]), TypeError, "Mixture takes a mapping {name: schedule}, got [1]"),
        (lambda: hc.Mixture({}), ValueError, "Mixture needs at least one weight, got {}"),
        (lambda: hc.Mixture({0: 1}), TypeError, "a weight of a Mixture is named by a str, got 0"),
        (lambda: hc.Mixture({"a": "x"}), TypeError, "the weight 'a' must be a schedule (such as"),
        (
            lambda: hc.Mixture({"a": 1, "b": hc.Ramp(1, -0.5, 3)}),
            ValueError,
            "weights of a Mixture must not be negative, and 'b' reaches -0.5",
        ),
        (lambda: hc.Mixture({"a": 0, "b": 0}), ValueError, "a Mixture must not all be 0"),
        (lambda: hc.Chain(MIX), TypeError, "part 0 of Chain must be a schedule (such as Cycle"),
    ],
)
def test_what_makes_no_mixture_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
