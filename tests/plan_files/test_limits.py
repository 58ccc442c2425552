"""What a stranger may send: a file that would keep its reader busy is refused at once."""

import json

import pytest
from plan_texts import CYCLE, problems_of

import hypercycle as hc
from hypercycle.plan_files import PlanFileError
from hypercycle.plan_files.limits import DEEPEST, LARGEST_FILE, MOST_VALUES, check_size


def nested(depth, open_, close, inner):
    return open_ * depth + inner + close * depth


HOSTILE = {
    "nested arrays of TOML": ("lr = " + nested(50_000, "[", "]", "1"), ".toml"),
    "nested arrays of JSON": ('{"lr": ' + nested(100_000, "[", "]", "1") + "}", ".json"),
    "nested arrays of YAML": ("lr: " + nested(50_000, "[", "]", "1"), ".yaml"),
    "dotted keys": ("a." * 20_000 + "b = 1", ".toml"),
    "nested schedules": (
        '{"lr": ' + nested(50, '{"kind": "product", "factors": [1, ', "]}", "1") + "}",
        ".json",
    ),
    "a billion laughs": (
        "a: &a [1, 1]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdef", "bcdefg",
                                                                            strict=True)),
        ".yaml",
    ),
    "an object of YAML": ("lr: !!python/object/apply:os.system ['touch hacked']", ".yaml"),
    "a long text": (CYCLE + f'waveform = "{"h" * 100_000}"', ".toml"),
    "a long number": ("lr = " + "9" * 10_000, ".toml"),
    "a long number of JSON": ('{"lr": ' + "9" * 100_000 + "}", ".json"),
    "a number beyond floats": ("lr = 1" + "0" * 400, ".toml"),
    "too many values": (json.dumps({"lr": {"kind": "chain", "parts": [1] * 20_000}}), ".json"),
    "a large file": ("#" * (LARGEST_FILE + 1), ".toml"),
    "cycles without number": (CYCLE + "cycle_mult = 1.0000001\ncycles = 9007199254740992", ".toml"),
    "many tables of cycles": (
        json.dumps({f"h{i}": {"low": 0, "high": 1, "step_size_up": i + 1, "cycles": 50_000,
                              "cycle_mult": 1.0000001} for i in range(300)}),
        ".json",
    ),
    "a key as long as a line": ("[" + ".".join("a" * 3_000) + "]\n", ".toml"),
    "a key twice": ("? a\n" * 20_000, ".yaml"),
    "escapes of a terminal": ('"\\u001b[2Jlr" = 1', ".toml"),
    "half a character": ('{"\\ud800": 1}', ".json"),
    "a command for a package": (
        CYCLE + 'waveform = {name = "x", package = "x; touch hacked"}', ".toml"
    ),
    "a length beyond floats": (CYCLE.replace("= 4", "= 9007199254740993"), ".toml"),
    "percents of everything": (CYCLE.replace("= 4", '= "9999999999999999.9999999999999999%"'),
                               ".toml"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(file, name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    text, suffix = HOSTILE[name]
    problems = problems_of(file(text, suffix))
    assert len(problems) == 1
    assert len(problems[0]) < 600, problems[0][:1000]
    assert list(tmp_path.iterdir()) == [tmp_path / f"plan{suffix}"]


def test_thousands_of_opposites(file):
    # Each the opposite of the one before: neither a deep recursion nor quadratic work.
    entries = {"h0": {"low": 0, "high": 1, "step_size_up": 4}}
    entries |= {f"h{i}": {"opposite": f"h{i - 1}", "low": 0, "high": 1} for i in range(1, 1200)}
    plan = hc.Plan.load(file(json.dumps(dict(reversed(entries.items()))), ".json"))
    assert plan["h1199"](0) == 1.0


def test_what_is_just_small_enough_is_taken():
    data = 1
    for _ in range(DEEPEST - 1):
        data = [data]
    check_size(data)
    with pytest.raises(ValueError, match="is nested more than 24 deep"):
        check_size([data])
    check_size([0] * MOST_VALUES)
    with pytest.raises(ValueError, match="holds more than 10,000 values"):
        check_size([0] * (MOST_VALUES + 1))


@pytest.mark.parametrize("cycles", ["60000", "6e4", "60000.0"])
def test_cycles_are_counted_however_the_number_is_written(file, cycles):
    entry = f"{{low = 0, high = 1, step_size_up = 1, cycle_mult = 1.0001, cycles = {cycles}}}"
    path = file(f"lr = {entry}\nmomentum = {entry}")
    with pytest.raises(PlanFileError, match="asks for 120,000 cycles that change in length"):
        hc.Plan.load(path)
