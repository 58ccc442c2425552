"""Names that mean the same everywhere, and the words in which adapters refuse one."""

from fractions import Fraction

import numpy as np
import pytest

from hypercycle.driving import names
from hypercycle.driving.names import Place


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("betas[0]", Place("betas", 0)),
        ("etas[12]", Place("etas", 12)),
        ("lr", None),
        ("betas[-1]", None),
        ("betas[]", None),
        ("betas[x]", None),
        ("betas[٣]", None),
        ("betas[0]x", None),
        ("a.betas[0]", None),
        ("[0]", None),
    ],
)
def test_a_member_of_a_tuple_is_spelt_out(name, place):
    assert names.member_of(name) == place
    if place is not None:
        assert str(place) == name


@pytest.mark.parametrize(
    ("name", "index"),
    [("beta1", 0), ("beta2", 1), ("beta3", 2), ("momentum", 0), ("beta4", None), ("lr", None)],
)
def test_the_betas(name, index):
    assert names.beta_index(name) == index


def test_momentum_is_the_first_beta_of_whatever_averages_gradients_as_adam_does():
    adam_like = "Adam AdamW NAdam RAdam Adamax SparseAdam NovoGrad Lamb AdaBelief Prodigy Sophia "
    assert all(map(names.averages_gradients, adam_like.split()))
    others = "SGD RMSprop Lion AdamWScheduleFree adam_schedule_free RAdamScheduleFree Muon"
    assert not any(map(names.averages_gradients, others.split()))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, True),
        (0.5, True),
        (np.float32(0.5), True),
        (Fraction(1, 2), True),
        (True, False),
        ("1", False),
        (None, False),
        (np.ones(1), False),
        (1j, False),
    ],
)
def test_a_switch_is_no_number(value, number):
    assert names.is_number(value) is number


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            names.is_unknown("SGD", "momentun", iter(["momentum"])),
            ValueError,
            "SGD has no hyperparameter 'momentun'; did you mean 'momentum'? available: momentum",
        ),
        (
            names.is_unknown("Adam", "betaa1", ["lr", "betas"], also=["beta1"]),
            ValueError,
            "Adam has no hyperparameter 'betaa1'; did you mean 'beta1'? available: lr, betas",
        ),
        (
            names.is_unknown("Adam", "x", ["lr"]),
            ValueError,
            "Adam has no hyperparameter 'x'; available: lr",
        ),
        (
            names.ambiguous_momentum("Lion"),
            ValueError,
            (
                "Lion has no momentum of its own, and its betas may mean something else than "
                "Adam's: use 'beta1' or 'beta2'"
            ),
        ),
        (
            names.given_twice("momentum", "beta1", "Adam", Place("betas", 0)),
            ValueError,
            (
                "'momentum' and 'beta1' are the same hyperparameter of Adam, betas[0]: give one "
                "of them"
            ),
        ),
        (
            names.is_a_tuple("betas", "Adan", 3),
            ValueError,
            "betas of Adan has 3 members: name one, betas[0], betas[1], betas[2]",
        ),
        (
            names.is_a_switch("nesterov", "SGD", True),
            TypeError,
            "nesterov of SGD is a switch (True): it cannot follow a schedule",
        ),
        (
            names.is_a_switch(Place("nesterov"), "SGD"),
            TypeError,
            "nesterov of SGD is a switch: it cannot follow a schedule",
        ),
        (
            names.is_a_count("ns_steps", "Muon"),
            TypeError,
            "ns_steps of Muon is a count, a whole number: it cannot follow a schedule",
        ),
        (
            names.needs_whole_numbers("k", "Sampler", 8, "lr", "or leave it"),
            TypeError,
            (
                "k of Sampler is a whole number, 8, and it is not known that 'lr' gives such "
                "alone: wrap it, Rounded(schedule) or Rounded(schedule, multiple_of=8); or leave it"
            ),
        ),
        (
            names.is_not_a_number("lr", "SGD", "x" * 200),
            TypeError,
            f"lr of SGD must be a number to follow a schedule, got '{'x' * 79}",
        ),
        (
            names.leaves_out("lr", "group 1", "None leaves it alone"),
            ValueError,
            "lr: Groups does not mention group 1: None leaves it alone",
        ),
    ],
)
def test_the_words_of_a_refusal(error, kind, text):
    assert (type(error), str(error)) == (kind, text)


def test_a_neutral_name_that_a_target_does_not_have_is_left_out():
    error = names.is_unknown("Adagrad", "momentum", ["lr", "eps"])
    assert str(error) == (
        "Adagrad has no hyperparameter 'momentum'; leave it out, as in attach(target, "
        "lr=plan['lr']); available: lr, eps"
    )
    error = names.is_unknown("muon", "momentum", ["learning_rate", "beta", "eps"])
    assert "'momentum' is called 'beta' here; available" in str(error)
    assert "leave it out" not in str(names.is_unknown("Adagrad", "rho", ["lr", "eps"]))
