"""Groups: one schedule per group, a mapping."""

import re

import numpy as np
import pytest

import hypercycle as hc

LR = hc.Cycle(0.1, 0.5, 4)
NO_SCHEDULE = "must be a schedule (such as Cycle, Ramp, or a function of the step) or a number, got"


def test_every_group_that_has_a_schedule_has_its_value():
    groups = hc.Groups({0: LR, "biases": None, "head": 2})
    assert groups(4) == {0: 0.5, "head": 2.0}
    values = groups(np.array([0, 4]))
    assert {key: one.tolist() for key, one in values.items()} == {0: [0.1, 0.5], "head": [2.0, 2.0]}


def test_it_is_a_mapping_of_schedules_that_cannot_be_changed():
    groups = hc.Groups({0: LR, "biases": None, "head": 2})
    assert dict(groups) == {0: LR, "biases": None, "head": hc.Constant(2.0)}
    assert (list(groups), len(groups), 1 in groups) == ([0, "biases", "head"], 3, False)
    assert {groups: 1}[hc.Groups({"head": 2, 0: LR, "biases": None})] == 1
    with pytest.raises(TypeError, match="does not support item assignment"):
        groups[0] = 3
    with pytest.raises(KeyError, match="body"):
        groups["body"]


def test_it_prints_as_it_is_written():
    assert repr(hc.Groups({0: LR, "b": None})) == "Groups({0: Cycle(0.1, 0.5, 4), 'b': None})"


def test_lengths_are_resolved_in_every_group():
    groups = hc.Groups({0: hc.Ramp(0, 1, "2ep"), 1: None, 2: LR})
    assert not groups.resolved
    assert groups.resolve(steps_per_epoch=5) == hc.Groups({0: hc.Ramp(0, 1, 10), 1: None, 2: LR})
    assert hc.Groups({1: None, 2: LR}).resolved


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Groups({}), ValueError, "Groups needs at least one group, got {}"),
        (lambda: hc.Groups([LR]), TypeError, "Groups takes a mapping {group: schedule}, got [Cyc"),
        (lambda: hc.Groups({0.5: LR}), TypeError, "a group is named by an int or a str, got 0.5"),
        (lambda: hc.Groups({True: LR}), TypeError, "a group is named by an int or a str, got True"),
        (lambda: hc.Groups({"a": "x"}), TypeError, f"the schedule of group 'a' {NO_SCHEDULE} 'x'"),
        (lambda: hc.Groups({0: hc.Groups({0: 1})}), TypeError, f"group 0 {NO_SCHEDULE} Groups("),
    ],
)
def test_what_makes_no_groups_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
