"""Plan files: what is written reads back equal, and everything that is wrong is listed."""

import json
import os
import pickle
import re
import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_texts import CYCLE, NAMED, PLANS, SOME, SUFFIXES, json_values, problems_of, python

import hypercycle as hc
from hypercycle.plan_files.files import PlanFileError
from hypercycle.plan_schema import Problem
from hypercycle.shapes import registry

# What is written.


@pytest.mark.parametrize("suffix", SUFFIXES)
@SOME
@given(plan=PLANS)
def test_what_is_written_reads_back_equal(plan, suffix, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / f"plan{suffix}"
    plan.save(path)
    again = hc.Plan.load(path)
    assert again == plan
    assert list(again) == list(plan)
    for name, schedule in plan.items():
        if isinstance(schedule, hc.Groups):  # of Keras's patterns the first that matches counts
            assert list(again[name]) == list(schedule)


@pytest.mark.parametrize("suffix", SUFFIXES)
@SOME
@given(pair=strategies.with_units(**NAMED))
def test_lengths_keep_their_units(pair, suffix, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / f"plan{suffix}"
    hc.Plan(lr=pair[0]).save(path)
    assert hc.Plan.load(path) == hc.Plan(lr=pair[0])


def test_the_text_of_a_file(tmp_path):
    lr = hc.Cycle(1e-4, 1e-2, "2ep", scale=hc.Exponential(0.99994))
    decay = hc.Groups({"norms": None, 0: hc.Chain(hc.Ramp(0, 0.05, 1000), (lr, "10%"))})
    hc.Plan(lr=lr, momentum=0.9, weight_decay=decay).save(tmp_path / "plan.toml")
    assert (tmp_path / "plan.toml").read_text(encoding="utf-8") == textwrap.dedent("""\
        [lr]
        low = 0.0001
        high = 0.01
        step_size_up = "2ep"
        scale = {name = "exponential", gamma = 0.99994, per = "step"}

        [momentum]
        kind = "constant"
        value = 0.9

        [weight_decay]
        kind = "groups"

        [weight_decay.groups.norms]
        kind = "unchanged"

        [weight_decay.groups.0]
        kind = "chain"
        parts = [
            {kind = "ramp", start = 0.0, end = 0.05, steps = 1000},
            [{low = 0.0001, high = 0.01, step_size_up = "2ep", scale = {name = "exponential", \
gamma = 0.99994, per = "step"}}, "10%"],
        ]
        """)


def test_every_policy_of_the_literature_can_be_written(tmp_path):
    path = tmp_path / "plan.json"
    plans = [
        hc.one_cycle(0.1, 1000),
        hc.one_cycle(0.1, 1000, three_phase=True, waveform="linear"),
        hc.Plan(
            a=hc.triangular(0.1, 0.5, 4),
            b=hc.triangular2(0.1, 0.5, 4),
            c=hc.exp_range(0.1, 0.5, 4, gamma=0.9, scale_of="bounds"),
            d=hc.sgdr(0.1, 0.5, 4, cycle_mult=2, cycles=3),
            e=hc.warmup(4, hc.sgdr(0.1, 0.5, 4)),
            f=hc.warmup_stable_decay(0.5, "1ep", "8ep", "1ep"),
        ),
    ]
    for plan in plans:
        plan.save(path)
        assert hc.Plan.load(path) == plan


def test_functions_without_a_name_are_not_written(tmp_path):
    path = tmp_path / "plan.toml"
    cycle = hc.Cycle(0, 1, 4, waveform=strategies.cubic, scale=strategies.harmonic)
    plan = hc.Plan(lr=cycle, eps=strategies.every_third)
    with pytest.raises(PlanFileError) as caught:
        plan.save(path)
    assert list(map(str, caught.value.problems)) == [
        (
            "lr.waveform: is the function strategies:cubic, which a file cannot hold: "
            "hypercycle.register_waveform(a name, …), and use the name"
        ),
        (
            "lr.scale: is the function strategies:harmonic, which a file cannot hold: "
            "hypercycle.register_scale(a name, …), and use the name"
        ),
        (
            "eps: is the function strategies:every_third, which a file cannot hold: build it of "
            "cycle, opposite, ramp, power_law, constant, chain, product, quotient, sum, maximum, "
            "minimum, repeat, points, held, rounded, reference, groups, mixture"
        ),
    ]
    assert not path.exists()


def test_a_registered_function_is_written_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_WAVEFORMS", replace(registry._WAVEFORMS, registered={}))
    hc.register_waveform("cubic", strategies.cubic)
    plan = hc.Plan(lr=hc.Cycle(0, 1, 4, waveform=("cubic", "hann")))
    plan.save(tmp_path / "plan.toml")
    assert 'waveform = ["cubic", "hann"]' in (tmp_path / "plan.toml").read_text()
    assert hc.Plan.load(tmp_path / "plan.toml") == plan


@pytest.mark.parametrize("key", ["0", "-12", 10**9])
def test_a_group_named_like_an_index_is_not_written(tmp_path, key):
    plan = hc.Plan(lr=hc.Groups({key: 1.0}))
    with pytest.raises(ValueError, match=f"cannot tell the group named {key!r} from the group of"):
        plan.save(tmp_path / "plan.toml")


def test_names_that_are_no_index_and_python_s_own_are_names(tmp_path):
    plan = hc.Plan(self=0.5, lr=hc.Groups({"00": 1.0, "-0": 2.0, 0: 3.0, -1: 4.0}))
    for suffix in SUFFIXES:
        plan.save(tmp_path / f"plan{suffix}")
        assert hc.Plan.load(tmp_path / f"plan{suffix}") == plan


@pytest.mark.parametrize(
    ("plan", "suffix", "problem"),
    [
        (hc.Plan(lr=hc.Chain(*[hc.Ramp(0, 1, 5)] * 3_000)), ".json", "is larger than 256 KiB"),
        (hc.Plan(lr=hc.Groups({"h" * 1_001: 1.0})), ".toml", "holds a text of 1,001 characters"),
        (hc.Plan(**{"l\x1br": 1.0}), ".toml", r"holds a text with a control character, 'l\x1br'"),
        (hc.Plan(**{"l\ud800r": 1.0}), ".json", "is not UTF-8 text"),
        (hc.Plan(**{"$schema": 1.0, "lr": 1.0}), ".json", "would not be read back equal"),
    ],
)
def test_what_would_not_be_read_back_is_not_written(tmp_path, plan, suffix, problem):
    path = tmp_path / f"plan{suffix}"
    with pytest.raises(PlanFileError) as caught:
        plan.save(path)
    assert str(caught.value).startswith(f"{path}: {problem}")
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(CYCLE)
    with pytest.raises(PlanFileError):
        hc.Plan(lr=strategies.every_third).save(path)
    assert path.read_text() == CYCLE
    assert list(tmp_path.iterdir()) == [path]


# What is read.


def test_the_plan_of_the_design(file):
    lr = hc.Cycle(1e-4, 1e-2, "2ep", scale=hc.Exponential(0.99994))
    decay = hc.Chain(hc.Ramp(0.0, 0.05, 1000), hc.Cycle(0.01, 0.05, 2000, waveform="hann"))
    path = file("""
        [lr]                       # kind = "cycle" unless said
        low = 1e-4
        high = 1e-2
        step_size_up = "2ep"
        scale = { name = "exponential", gamma = 0.99994 }

        [momentum]
        opposite = "lr"
        low = 0.85
        high = 0.95

        [weight_decay]
        kind = "chain"
        parts = [
          { kind = "ramp", start = 0.0, end = 0.05, steps = 1000 },
          { low = 0.01, high = 0.05, step_size_up = 2000, waveform = "hann" },
        ]
        """)
    assert hc.Plan.load(path) == hc.Plan(
        lr=lr, momentum=lr.opposite(0.85, 0.95), weight_decay=decay
    )


def test_numbers_are_constants_and_opposites_may_come_first_and_lie_deep(file):
    lr = hc.Cycle(0.1, 0.5, 4)
    path = file(
        """
        momentum: {opposite: beta1, low: 0.85, high: 0.95}
        beta1: {kind: opposite, opposite: lr, low: 0.8, high: 0.9}
        eps: 1
        weight_decay:
          kind: groups
          groups:
            0: {kind: product, factors: [0.5, {opposite: lr, low: 0, high: 1}]}
            head: null
            norm: {kind: unchanged}
        lr: {low: 0.1, high: 0.5, step_size_up: 4}
        """,
        ".yaml",
    )
    plan = hc.Plan.load(path)
    assert plan["momentum"] == lr.opposite(0.8, 0.9).opposite(0.85, 0.95)
    assert plan["momentum"](4) == 0.95
    assert plan["eps"] == hc.Constant(1.0)
    assert plan["weight_decay"] == hc.Groups(
        {0: hc.Product(0.5, lr.opposite(0, 1)), "head": None, "norm": None}
    )


def test_a_schema_is_no_hyperparameter(file):
    text = json.dumps({"$schema": "plan.schema.json", "lr": 0.5})
    assert hc.Plan.load(file(text, ".json")) == hc.Plan(lr=0.5)


def test_a_plan_with_a_byte_order_mark(file):
    assert hc.Plan.load(file(b"\xef\xbb\xbf" + CYCLE.encode()))["lr"] == hc.Cycle(0.1, 0.5, 4)


# What is wrong.


@pytest.mark.parametrize(
    ("text", "suffix", "problem"),
    [
        ("", ".toml", "is empty; a plan has at least one entry, such as lr"),
        ("# nothing\n", ".toml", "is empty; a plan has at least one entry, such as lr"),
        ("", ".json", "is empty; a plan has at least one entry, such as lr"),
        ("{}", ".json", "is empty; a plan has at least one entry, such as lr"),
        ('{"$schema": "x"}', ".json", "is empty; a plan has at least one entry, such as lr"),
        ("", ".yaml", "is empty; a plan has at least one entry, such as lr"),
        ("[1]", ".json", "must be a table of names and schedules, got [1]"),
        ("1", ".yaml", "must be a table of names and schedules, got 1"),
        ("1: 0.1", ".yaml", "names of hyperparameters must be texts, got 1"),
        (b"\xff\xfe", ".toml", "is not UTF-8 text: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_what_holds_no_entries_is_refused(file, text, suffix, problem):
    problems = problems_of(file(text, suffix))
    assert len(problems) == 1
    assert problems[0].startswith(problem), problems[0]


def test_the_text_of_an_error(file):
    path = file(CYCLE + 'waveform = "han"\nlow_ = 1')
    with pytest.raises(PlanFileError) as caught:
        hc.Plan.load(path)
    first, *others = str(caught.value).splitlines()
    assert first == f"{path}: 2 problems"
    assert others == [f"  {problem}" for problem in caught.value.problems]
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problems) == (str(caught.value), caught.value.problems)
    assert again.problems[0].path == "lr.waveform"


def test_one_problem_takes_one_line(file):
    path = file("lr = false")
    with pytest.raises(PlanFileError) as caught:
        hc.Plan.load(path)
    assert str(caught.value) == f"{path}: lr: must be a number, got False (bool)"
    assert caught.value.problems == (Problem("lr", "must be a number, got False (bool)"),)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError):
        hc.Plan.load(tmp_path / "plan.toml")
    with pytest.raises(ValueError, match=r"a plan file ends in .toml, .json, .yaml, .yml, got 'p"):
        hc.Plan.load(tmp_path / "plan.txt")
    with pytest.raises(ValueError, match=r"a plan file ends in .toml, .json, .yaml, .yml, got 'p"):
        hc.Plan(lr=1.0).save(tmp_path / "plan")
    (tmp_path / "folder.toml").mkdir()
    assert problems_of(tmp_path / "folder.toml") == ["is not a regular file"]
    os.mkfifo(tmp_path / "pipe.toml")  # reading it would wait for a writer
    assert problems_of(tmp_path / "pipe.toml") == ["is not a regular file"]


@SOME
@given(content=st.binary(max_size=200), suffix=st.sampled_from(SUFFIXES))
def test_any_bytes_give_a_plan_or_its_error(content, suffix, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / f"plan{suffix}"
    path.write_bytes(content)
    with suppress(PlanFileError):
        hc.Plan.load(path)


@settings(max_examples=200)
@given(data=st.dictionaries(st.sampled_from(["lr", "eps"]), json_values, max_size=2))
def test_any_data_give_a_plan_or_its_error(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    path.write_text(json.dumps(data))
    with suppress(PlanFileError):
        hc.Plan.load(path)


@pytest.mark.parametrize("name", ["trap", "trap:wave", "trap.wave"])
def test_what_a_file_names_is_not_imported(file, tmp_path, monkeypatch, name):
    (tmp_path / "trap.py").write_text("def wave(x, xp):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    text = f'[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = 4\nwaveform = "{name}"\n'
    with pytest.raises(PlanFileError, match=f"unknown waveform '{name}'"):
        hc.Plan.load(file(text))
    assert "trap" not in sys.modules


def test_importing_hypercycle_imports_none_of_it():
    code = (
        "import hypercycle, sys; print({'tomllib', 'tomlkit', 'yaml', 'json'} & set(sys.modules))"
    )
    assert python(code) == "set()\n"


# The documentation.


def test_the_files_of_the_documentation_are_plans(file, tmp_path):
    page = Path(__file__).parents[2] / "docs" / "plan-files.md"
    blocks = re.findall(r"^```(toml|yaml)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    plans = [hc.Plan.load(file(text, f".{suffix}")) for suffix, text in blocks]
    assert len(plans) == 5
    assert plans[1] == plans[2]
    assert plans[3].to_dict()["weight_decay"] == {"of": "lr", "times": 10.0}
    plans[3].save(tmp_path / "again.toml")
    assert 'opposite = "lr"' in (tmp_path / "again.toml").read_text()
    assert hc.Plan.load(tmp_path / "again.toml") == plans[3]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("[]", "$check: must be a table with 'ignore', got []"),
        ('{"ignore": "step"}', "$check.ignore: must be a list of names of rules, got 'step'"),
        ('{"ignore": [1]}', "$check.ignore: must be a list of names of rules, got [1]"),
        ('{"ignored": []}', "$check.ignored: unknown key; allowed: ignore"),
    ],
)  # fmt: skip
def test_what_checks_pass_over_is_a_list_of_rules(file, table, problem):
    assert problems_of(file(f'{{"lr": 0.1, "$check": {table}}}', ".json")) == [problem]


def test_what_checks_pass_over_is_no_hyperparameter(file):
    path = file('{"lr": 0.1, "check": 0.2, "$check": {"ignore": ["mid-cycle"]}}', ".json")
    assert hc.Plan.load(path) == hc.Plan(lr=0.1, check=0.2)
    assert "$check" not in hc.Plan.load(path).to_dict()
    with pytest.raises(PlanFileError, match="is empty; a plan has at least one entry"):
        hc.Plan.from_dict({"$check": {"ignore": []}})
