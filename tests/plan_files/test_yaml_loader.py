"""YAML as plan files have it."""

import pytest
import yaml
from plan_texts import problems_of

import hypercycle as hc
from hypercycle.plan_files.yaml_loader import PlanLoader


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YAML"])
def test_numbers_of_yaml_need_no_point(file, suffix):
    path = file("lr: {low: 1e-4, high: 5E-1, step_size_up: 2 ep}\nmomentum: 9e-1", suffix)
    assert hc.Plan.load(path) == hc.Plan(lr=hc.Cycle(1e-4, 0.5, "2 ep"), momentum=0.9)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("1E5", 1e5), ("-.5e1", -5.0), ("1.", 1.0), ("e5", "e5"), ("4ep", "4ep")],
)
def test_what_is_a_number(text, value):
    read = yaml.load(text, PlanLoader)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("lr: {kind: groups, groups: {0: 1, '0': 2}}", "'0' is given twice"),
        ("lr: {? [a] : 1, ? [a] : 1}", "found unhashable key"),
        ("lr: !!int ''", "tags are not allowed"),
        ("lr: !!map [a]", "tags are not allowed"),
        ("a: &a 1\nlr: *a", "aliases are not allowed"),
    ],
)
def test_what_yaml_has_and_a_plan_has_not(file, text, problem):
    (told,) = problems_of(file(text, ".yaml"))
    assert told.startswith("is not a plan in YAML: ")
    assert problem in told
