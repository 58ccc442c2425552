"""Fields that hold schedules, points and names: what each refuses, with its path."""

import pytest

import hypercycle as hc
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Reader


@pytest.mark.parametrize(
    ("entry", "problems"),
    [
        ({"kind": "sum", "parts": 3}, ["parts: must be a list of schedules, got 3"]),
        ({"kind": "sum", "parts": []}, ["Sum needs at least one schedule"]),
        ({"kind": "maximum", "parts": [1, "x"]}, [
            "parts.1: must be a table that describes a schedule, or a number, got 'x'"
        ]),
        ({"kind": "maximum", "parts": [[1, 2]]}, [
            "parts.0: must be a table that describes a schedule, or a number, got [1, 2]"
        ]),
        ({"kind": "quotient", "numerator": 1}, [
            "denominator: is missing; quotient needs numerator, denominator"
        ]),
        ({"kind": "quotient", "numerator": 1, "denominator": 0}, [
            "the denominator of a Quotient must not be 0 at every step"
        ]),
        ({"kind": "repeat", "schedule": 1}, [
            ("Repeat needs a schedule that ends: give its length, as in Chain((schedule, 2000)), "
            "got Constant(1.0)")
        ]),
        ({"kind": "points", "points": 3}, ["points: must be a list of pairs [step, value], got 3"]),
        ({"kind": "points", "points": [[0, 1], [2], [-1, "x"]]}, [
            "points.1: must be two: [step, value], got [2]",
            "points.2.0: step must be at least 0, got step=-1",
            "points.2.1: value must be a number, got 'x' (str)",
        ]),
        ({"kind": "points", "points": [[0, 1]], "between": "cubic"}, [
            "between: must be 'linear' or 'hold', got 'cubic'"
        ]),
        ({"kind": "held", "schedule": 1, "steps": 0}, ["steps: must be at least 1, got steps=0"]),
        ({"kind": "rounded", "schedule": 1, "multiple_of": 0}, [
            "multiple_of: must be at least 1, got multiple_of=0"
        ]),
        ({"opposite": {"kind": "constant", "value": 3}, "low": 0, "high": 1}, [
            "Constant(3.0) has no opposite: it does not move"
        ]),
        ({"of": "x", "times": "y"}, [
            "of: the plan has no 'x'; available: nothing else",
            "times: must be a number, got 'y' (str)",
        ]),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_path(entry, problems):
    reader = Reader(KINDS, {"lr": entry}, from_file=True)
    reader.schedules()
    lines = [str(problem).removeprefix("lr.").removeprefix("lr: ") for problem in reader.problems]
    assert lines == problems


def test_numbers_and_tables_are_schedules_everywhere():
    data = {
        "lr": {
            "kind": "minimum",
            "parts": [0.5, {"kind": "ramp", "start": 0, "end": 1, "steps": 4}],
        },
        "beta1": {"opposite": {"of": "lr", "times": 2}, "low": 0.85, "high": 0.95},
        "n": {"kind": "rounded", "schedule": {"of": "lr", "times": 64}, "multiple_of": 8},
    }
    plan = hc.Plan.from_dict(data)
    lr = hc.Minimum(0.5, hc.Ramp(0, 1, 4))
    assert plan["lr"] == lr
    assert plan["beta1"] == hc.Reference("lr", lr, 2).opposite(0.85, 0.95)
    assert plan["n"] == hc.Rounded(hc.Reference("lr", lr, 64), 8)
    assert plan(4) == {"lr": 0.5, "beta1": 0.85, "n": 32.0}
    assert hc.Plan.from_dict(plan.to_dict()) == plan
