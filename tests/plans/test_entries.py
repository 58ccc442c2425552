"""What the rules look at: entries, what is within them, and how alike they move."""

import hypercycle as hc
from hypercycle.plans.entries import at, entries_of, likeness, sampled, within

CYCLE = hc.Cycle(0.1, 1.0, 10)


def test_entries_are_names_and_groups_whose_values_may_be_computed():
    groups = hc.Groups({"a": 0.1, "b": None, "c": lambda step: step})
    plan = hc.Plan(**{"model.lr": groups, "beta1": 0.9, "eps": lambda step: step})
    entries = list(entries_of(plan))
    assert [(one.name, one.group, one.where) for one in entries] == [
        ("model.lr", "a", "model.lr.groups.a"),
        ("beta1", None, "beta1"),
    ]
    assert [one.is_rate for one in entries] == [True, False]
    assert [one.is_momentum for one in entries] == [False, True]


def test_what_is_within_has_the_path_that_files_give_it():
    chain = hc.Chain((CYCLE, 30), hc.Product(hc.Ramp(0.0, 1.0, 5), CYCLE))
    assert [(one.where, one.start, one.steps) for one in within(chain, "lr")] == [
        ("lr", 0, None),
        ("lr.parts.0.0", 0, 30),
        ("lr.parts.1", 30, None),
        ("lr.parts.1.factors.0", 30, None),
        ("lr.parts.1.factors.1", 30, None),
    ]
    keys = {key.rpartition(".")[0] for key in hc.Plan(lr=chain).flat()}
    assert {"lr.parts.0.0", "lr.parts.1.factors.1"} <= keys
    assert [one.where for one in at(chain, "lr", 29)] == ["lr.parts.0.0"]
    assert [one.where for one in at(chain, "lr", 30)] == ["lr.parts.1.factors.1"]


def test_steps_of_lengths_that_are_not_known_are_not_known():
    chain = hc.Chain((0.5, "2ep"), CYCLE)
    assert [(one.start, one.steps) for one in within(chain, "lr")][1:] == [(0, None), (None, None)]
    assert list(at(chain, "lr", 5)) == []


def test_likeness_is_a_correlation_of_what_rises_and_falls():
    assert likeness(CYCLE, hc.Cycle(5.0, 7.0, 10), 40) > 0.999
    assert likeness(CYCLE, CYCLE.opposite(5.0, 7.0), 40) < -0.999
    assert likeness(CYCLE, hc.Ramp(0.0, 1.0, 40), 40) == 0.0
    assert likeness(CYCLE, hc.Constant(1.0), 40) == 0.0


def test_what_grows_beyond_numbers_is_not_sampled():
    growing = hc.Cycle(0.1, 1.0, 10, scale=hc.Exponential(2.0))
    assert sampled(growing, 4000) is None
    assert sampled(growing, 40)[[0, -1]].tolist() == [growing(0), growing(39)]
    assert likeness(growing, CYCLE, 4000) == 0.0
