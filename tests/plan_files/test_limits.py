"""What a stranger may send: a file that would keep its reader busy is refused at once."""

import json
from collections import UserDict, UserList

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
    "short keys in a deep table": (
        "[" + ".".join("a" * 1_900) + "]\n" + "".join(f"b.c{i} = 1\n" for i in range(20_000)),
        ".toml",
    ),
    "a long number in a list": ("lr: [0x" + "f" * 5_000 + "]", ".yaml"),
    "a long number instead of a table": ("[0x" + "f" * 5_000 + "]", ".yaml"),
    "more cycles than floats go": (CYCLE + f"cycle_mult = 1.1\ncycles = {10**400}", ".toml"),
    "many flow values of YAML": ("lr: [" + "{}," * 80_000 + "]", ".yaml"),
    "keys twice of JSON": (
        "{" + ",".join(f'"{i}": 1' for i in [*range(12_000), *range(12_000)]) + "}", ".json"
    ),
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


def test_mappings_and_sequences_of_other_libraries_are_measured_too():
    with pytest.raises(ValueError, match="holds more than 10,000 values"):
        check_size(UserDict(lr=UserList([0] * (MOST_VALUES + 1))))
    table = UserDict(cycle_mult=1.5, cycles=60_000)
    with pytest.raises(ValueError, match="asks for more than 100,000 cycles that change in length"):
        check_size(UserList([table, table]))
    laughs = [1, 1]
    for _ in range(20):
        laughs = [laughs, laughs]
    with pytest.raises(ValueError, match="holds more than 10,000 values"):
        check_size(laughs)


@pytest.mark.parametrize("cycles", ["60000", "6e4", "60000.0"])
def test_cycles_are_counted_however_the_number_is_written(file, cycles):
    entry = f"{{low = 0, high = 1, step_size_up = 1, cycle_mult = 1.0001, cycles = {cycles}}}"
    path = file(f"lr = {entry}\nmomentum = {entry}")
    with pytest.raises(PlanFileError, match="asks for more than 100,000 cycles that change"):
        hc.Plan.load(path)


@pytest.mark.parametrize("cycles", ["-1e9", ".nan"])
def test_no_number_of_cycles_takes_others_away(file, cycles):
    entry = "{{low: 0, high: 1, step_size_up: 1, cycle_mult: 1.0001, cycles: {}}}"
    lines = [f"h{i}: {entry.format(one)}" for i, one in enumerate([cycles, 60_000, 60_000])]
    assert problems_of(file("\n".join(lines), ".yaml")) == [
        "asks for more than 100,000 cycles that change in length (cycle_mult)"
    ]


# What would take PyYAML or tomllib seconds is refused before they have read it.


@pytest.mark.parametrize(
    "key",
    ["a." * 24 + "b", '"a" . ' * 24 + "b", "'a#\"'." * 24 + "b", "'='." + "a-b.\t" * 24 + "c"],
    ids=["bare", "quoted", "with other quotes", "spaced"],
)
@pytest.mark.parametrize("line", ["{} = 1", "[{}]", "lr = {{ a = 'b', {} = 1 }}"])
def test_a_dotted_key_has_few_parts(file, key, line):
    assert problems_of(file(line.format(key))) == ["has a dotted key of more than 24 parts"]


def test_dots_of_texts_comments_and_numbers_divide_no_key(file):
    dots = "a." * 50
    text = f"# {dots}b\n[lr] # {dots}\nlow = 0.1 # '{dots}\nhigh = 0.2\nstep_size_up = 4\n"
    assert hc.Plan.load(file(text)) == hc.Plan(lr=hc.Cycle(0.1, 0.2, 4))
    for quoted in (f'"{dots}"', f"'{dots}'", f'"""{dots}"""', "[" + "0.1, " * 50 + "]"):
        (problem,) = problems_of(file(f"lr = {quoted}"))
        assert problem.startswith("lr: must be a table that describes a schedule")


def test_values_of_yaml_are_counted_while_they_are_read(file):
    problem = "is not a plan in YAML: holds more than 10,000 values"
    assert problems_of(file("lr:\n" + "- 1\n" * 10_000, ".yaml"))[0].startswith(problem)
    few = file("kind: chain\nparts:\n" + "- 1\n" * 9_995, ".yaml")
    assert not problems_of(few)[0].startswith("is not a plan")


@pytest.mark.parametrize("text", ["[" * 25, "- " * 24, "{a: " * 24], ids=["flow", "block", "maps"])
def test_depths_of_yaml_are_counted_while_they_are_read(file, text):
    (problem,) = problems_of(file(text, ".yaml"))
    assert problem.startswith("is not a plan in YAML: is nested more than 24 deep")


# What is said of a file in which everything is wrong is no longer than what a person reads.


def test_many_problems_are_not_all_listed(file):
    problems = problems_of(file(json.dumps({f"h{i}": "x" for i in range(4_000)}), ".json"))
    assert len(problems) == 101
    assert problems[-1] == "and more: these are the first 100"
    problems = problems_of(file(json.dumps({f"h{i}": "x" for i in range(100)}), ".json"))
    assert len(problems) == 100


def test_what_is_wrong_with_a_target_is_said_at_its_own_place(file):
    wrong = {"kind": "chain", "parts": ["x"] * 200}
    opposite = {"opposite": "other", "low": 0, "high": 1}
    entries = {"lr": opposite, "other": {"low": wrong, **{f"k{i}": 1 for i in range(200)}}}
    problems = problems_of(file(json.dumps(entries), ".json"))
    assert len(problems) == 101
    assert all(problem.startswith("other.") for problem in problems[:-1])


def test_names_are_cut_where_there_are_many(file):
    entries = {f"{'h' * 80}{i:04}": {"opposite": "h" * 90, "low": 0, "high": 1} for i in range(999)}
    problems = problems_of(file(json.dumps(entries), ".json"))
    assert max(map(len, problems)) < 1_200
    entries = {f"h{i:02}": {"opposite": "none", "low": 0, "high": 1} for i in range(40)}
    problems = problems_of(file(json.dumps(entries), ".json"))
    assert problems[0].endswith("available: " + ", ".join(f"h{i:02}" for i in range(1, 21))
                                + ", and 19 more")  # fmt: skip


def test_numbers_are_cut(file):
    problems = problems_of(file(f"lr = {'9' * 900}\nbeta1 = {{ low = {'9' * 900}, high = 1 }}"))
    assert max(map(len, problems)) < 1_100
