"""YAML as plan files have it."""

import pytest
import yaml
from plan_texts import problems_of

import hypercycle as hc
from hypercycle.plan_files.yaml_loader import PlanDumper, PlanLoader


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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0100", 100),
        ("0o100", 64),
        ("0x40", 64),
        ("-7", -7),
        ("+7", 7),
        ("1e-4", 1e-4),
        (".5", 0.5),
        ("2.", 2.0),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("2020-01-01", "2020-01-01"),
        ("<<", "<<"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    (read,) = yaml.load(f"[{text}]", PlanLoader)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("text", ["1e3", "0100", "no", "1:30", "true", "~", "", "a: b", "0x1f"])
def test_a_text_is_written_so_that_it_reads_back_as_one(text):
    written = yaml.dump({text: [text]}, Dumper=PlanDumper)
    assert yaml.load(written, PlanLoader) == {text: [text]}


@pytest.mark.parametrize("keys", ["1: 2, +1: 3", "0: 2, 0x0: 3", '7: 2, "7": 3', "a: 2, a: 3"])
def test_a_key_twice_is_refused_however_it_is_spelled(keys):
    with pytest.raises(yaml.MarkedYAMLError, match="is given twice"):
        yaml.load(f"{{{keys}}}", PlanLoader)
