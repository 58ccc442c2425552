"""Entries that refer to others: their order, circles, and how much they stand for."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.schedules.description import schedules_from
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Reader
from hypercycle.schedules.referring import MOST_SCHEDULES, Order, count_within, names_in

RAMP = {"kind": "ramp", "start": 0, "end": 1, "steps": 5}


def problems_in(data):
    reader = Reader(KINDS, data, from_file=True)
    reader.schedules()
    return list(map(str, reader.problems))


def test_names_are_found_wherever_they_stand():
    data = {"kind": "chain", "parts": [[{"of": "a"}, 3], {"opposite": {"of": "b"}, "low": 0}, 1.0]}
    assert sorted(names_in(data)) == ["a", "b"]
    assert names_in({"of": 3}) == names_in(0.1) == names_in({"kind": "groups"}) == []


@given(st.integers(1, 40), st.integers(0, 10**6))
def test_each_is_read_after_what_it_refers_to(count, seed):
    refers = random.Random(seed)
    entries = {"n0": RAMP}
    for number in range(1, count):
        entries[f"n{number}"] = {"of": f"n{refers.randrange(number)}"}
    names = list(entries)
    refers.shuffle(names)
    order = list(Order({name: entries[name] for name in names}))
    assert sorted(order) == sorted(entries)
    for place, name in enumerate(order):
        assert set(names_in(entries[name])) <= set(order[:place])


def test_data_that_go_round_in_a_circle_are_read_once():
    data = {"kind": "sum", "parts": [{"of": "a"}]}
    data["parts"].append(data)
    assert names_in(data) == ["a"]
    data["parts"][0] = 1.0
    with pytest.raises(ValueError, match="is nested too deeply"):
        schedules_from({"lr": data})


def test_circles_are_told_once_for_each_that_leads_into_them():
    maximum = {"kind": "maximum", "parts": [{"of": "c"}, 0.1]}
    data = {"a": {"of": "b"}, "b": maximum, "c": {"of": "b", "times": 2}, "d": {"of": "d"}}
    assert problems_in(data) == [
        "a.of: is circular: a → b → c → b",
        "b.parts.0.of: is circular: b.parts.0 → c → b → c",
        "c.of: is circular: c → b → c",
        "d.of: is circular: d → d",
    ]


def test_what_is_no_schedule_of_the_plan_is_told():
    groups = {"kind": "groups", "groups": {"0": 1.0}}
    data = {
        "a": {"of": "lr"},
        "b": {"of": "g"},
        "c": {"of": 3},
        "d": {"of": "e"},
        "e": {},
        "g": groups,
    }
    assert problems_in(data)[:3] == [
        "a.of: the plan has no 'lr'; available: b, c, d, e, g",
        "b.of: must name a schedule, and 'g' has Groups: write it out",
        "c.of: must be a name in the plan such as 'lr', got 3",
    ]
    assert [line for line in problems_in(data) if line.startswith("d")] == []


def test_few_lines_do_not_stand_for_more_than_anybody_can_compute():
    data = {"n0": RAMP}
    for number in range(1, 60):
        data[f"n{number}"] = {"kind": "product", "factors": [{"of": f"n{number - 1}"}] * 2}
    (first, *_) = problems_in(data)
    assert first.endswith("references stand for more than 10,000 schedules")
    assert first.startswith("n11.")
    deep = {"n0": RAMP} | {f"n{number}": {"of": f"n{number - 1}"} for number in range(1, 99)}
    (problem,) = problems_in(deep)
    assert problem == "n51.of: references are nested more than 50 deep"
    opposites = {f"n{n}": {"opposite": f"n{n - 1}", "low": 0, "high": 1} for n in range(1, 3000)}
    cycle = {"low": 0, "high": 1, "step_size_up": 4}
    assert problems_in({**opposites, "n0": cycle}) == []


def test_schedules_are_counted_as_often_as_they_are_asked_for():
    ramp = hc.Ramp(0, 1, 3)
    twice = hc.Sum(ramp, ramp)
    assert count_within(hc.Product(twice, twice), MOST_SCHEDULES) == 7
    with pytest.raises(ValueError, match="stand for more than 10,000 schedules"):
        count_within(hc.Product(twice, twice), 6)
