"""``hypercycle schema``: a JSON Schema that others can use."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from commands import BROKEN, PLAN, run, widest


def test_the_schema_accepts_a_plan_and_refuses_a_broken_one():
    text = run("schema").out
    lines = [line for line in text.splitlines() if "pattern" not in line]  # of lengths: one piece
    assert widest("\n".join(lines)) <= 80
    run("schema", "-o", "plan.schema.json")
    assert Path("plan.schema.json").read_text(encoding="utf-8") == text
    schema = json.loads(text)
    jsonschema.validate(tomllib.loads(PLAN), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(BROKEN), schema)
