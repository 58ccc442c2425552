"""The JSON Schema takes what the reader takes."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_texts import PLANS, SOME, json_values, problems_of

import hypercycle as hc
from hypercycle.numbers.lengths import checked_length
from hypercycle.plan_files.files import PlanFileError, file_data
from hypercycle.plan_files.schema import json_schema


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(json.loads(json.dumps(schema)))


@SOME
@given(plan=PLANS)
def test_the_schema_takes_every_plan(plan, validator):
    validator.validate(file_data(plan))


@settings(max_examples=200)
@given(data=st.dictionaries(st.sampled_from(["lr", "eps"]), json_values, min_size=1, max_size=2))
def test_the_schema_takes_what_the_reader_takes(data, validator, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    path.write_text(json.dumps(data))
    try:
        hc.Plan.load(path)
    except PlanFileError:
        return
    validator.validate(data)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        None,
        {"low": 0.1, "high": 0.5},
        {"low": 0.1, "high": "0.5", "step_size_up": 4},
        {"low": 0.1, "high": 0.5, "step_size_up": -4},
        {"low": 0.1, "high": 0.5, "step_size_up": 2.5},
        {"low": 0.1, "high": 0.5, "step_size_up": "4 epochs"},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "waveform": "han"},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "waveform": ["hann"]},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "waveform": {"name": "hann", "alpha": 0.5}},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "waveform": {"name": "tukey", "alpha": "1"}},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "waveform": {"name": "tukey", "beta": 0.5}},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "scale": "half"},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "scale_of": "bound"},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "space": "exp"},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "phase": 1},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "hihg": 1},
        {"opposite": "lr", "low": 0.1, "high": 0.5, "step_size_up": 4},
        {"kind": "ramp", "start": 0, "end": 1},
        {"kind": "cicle", "low": 0.1, "high": 0.5, "step_size_up": 4},
        {"kind": "product", "factors": [1]},
        {"kind": "chain", "parts": [[1]]},
        {"kind": "chain", "parts": [{"kind": "groups", "groups": {"0": 1}}]},
        {"kind": "unchanged"},
    ],
)
def test_the_schema_and_the_reader_refuse_the_same(entry, validator, file):
    assert not validator.is_valid({"lr": entry})
    assert problems_of(file(json.dumps({"lr": entry}), ".json"))


TERM = r" ?[0-9]{1,3}(\.[0-9]{1,3})? ?(it|ep|%|x|[kMx]?(tok|samples)|s|min|h)?"


@given(text=st.from_regex(rf"\A{TERM}( ?[+-]{TERM}){{0,2}}\Z") | st.just("rest "))
def test_the_schema_s_lengths_are_the_reader_s(text, validator):
    schema = validator.schema["$defs"]["RampEntry"]["properties"]["steps"]
    try:
        checked_length(text, "steps", rest=True)
    except ValueError:
        # Of parts of a step and more than the whole run a pattern knows nothing.
        if "%" not in text and "it" not in text:
            assert not jsonschema.Draft202012Validator(schema).is_valid(text)
    else:
        assert jsonschema.Draft202012Validator(schema).is_valid(text)


def test_every_kind_has_its_entry(validator):
    kinds = (
        "Chain Constant Cycle Groups Held Maximum Minimum Mixture Opposite Points PowerLaw Product "
        "Quotient Ramp Reference Repeat Rounded Sum Unchanged"
    )
    assert list(validator.schema["$defs"]) == [f"{kind}Entry" for kind in kinds.split()]
    cycle = validator.schema["$defs"]["CycleEntry"]
    assert cycle["properties"]["cycle_mult"] == {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 100.0,
        "title": "Cycle Mult",
        "default": 1.0,
    }
    assert cycle["required"] == ["low", "high", "step_size_up"]


def test_the_schema_takes_what_checks_pass_over(validator):
    assert validator.is_valid({"lr": 0.1, "$check": {"ignore": ["mid-cycle"]}})
    for wrong in ([], {"ignore": "mid-cycle"}, {"ignored": []}):
        assert not validator.is_valid({"lr": 0.1, "$check": wrong})


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "held", "schedule": 0.1, "steps": 0},
        {"kind": "power_law", "factor": 1.0, "exponent": -0.5, "unit": 0},
    ],
)
def test_the_schema_refuses_lengths_of_nothing(entry, validator):
    with pytest.raises(PlanFileError, match="must be at least 1"):
        hc.Plan.from_dict({"lr": entry})
    assert not validator.is_valid({"lr": entry})
