"""Plan files: what is written reads back equal, what is wrong is told, nothing of it runs."""

import json
import os
import pickle
import re
import stat
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.numbers.lengths import checked_length
from hypercycle.plan_files.files import LARGEST_FILE, PlanFileError, file_data
from hypercycle.plan_schema import Problem, json_schema
from hypercycle.shapes import registry

SOME = settings(max_examples=60)
NAMED = {
    "waveform": strategies.waveform_names,
    "scale": st.one_of(
        st.sampled_from(["constant", "halving", hc.Halving()]),
        st.builds(
            hc.Exponential, st.sampled_from([0.5, 0.999]), st.sampled_from(["step", "cycle"])
        ),
    ),
}
PLANS = strategies.plans(strategies.schedules(depth=2, **NAMED))
SUFFIXES = (".toml", ".json", ".yaml")

CYCLE = "[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = 4\n"


@pytest.fixture
def file(tmp_path):
    """Write a plan file and return its path."""

    def write(text, suffix=".toml"):
        path = tmp_path / f"plan{suffix}"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return path

    return write


def problems_of(path):
    with pytest.raises(PlanFileError) as caught:
        hc.Plan.load(path)
    return list(map(str, caught.value.problems))


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
            "cycle, opposite, ramp, constant, chain, product, groups"
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
        (hc.Plan(**{"l\ud800r": 1.0}), ".json", "is no text in UTF-8"),
        (hc.Plan(**{"1e-4": 1.0}), ".yaml", "names of hyperparameters must be texts, got 0.0001"),
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


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "plan.toml", tmp_path / "link.toml"
    path.write_text(CYCLE)
    path.chmod(0o640)
    link.symlink_to(path)
    hc.Plan(lr=0.5).save(link)
    assert link.is_symlink()
    assert hc.Plan.load(path) == hc.Plan(lr=0.5)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        hc.Plan(lr=0.5).save(tmp_path / "new.toml")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.toml").stat().st_mode) == 0o640


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


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YAML"])
def test_numbers_of_yaml_need_no_point(file, suffix):
    path = file("lr: {low: 1e-4, high: 5E-1, step_size_up: 2 ep}\nmomentum: 9e-1", suffix)
    assert hc.Plan.load(path) == hc.Plan(lr=hc.Cycle(1e-4, 0.5, "2 ep"), momentum=0.9)


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


def test_all_that_is_wrong_is_told_at_once(file):
    path = file("""
        eps = true
        [lr]
        low = 0.1
        hihg = 0.5
        step_size_up = "2 epochs"
        waveform = "han"
        scale = { name = "exponential", gama = 0.9 }
        scale_of = "bound"
        inverted = 1
        phase = 1.0
        cycle_mult = -1
        cycles = 0
        [momentum]
        opposite = "lrr"
        low = 0.85
        high = 0.95
        [beta1]
        opposite = "beta2"
        low = 0.85
        high = 0.95
        [beta2]
        opposite = "beta1"
        low = 0.99
        high = 0.9
        [weight_decay]
        kind = "chain"
        parts = [
          { kind = "ramp", start = 0.0, end = "a", step = 1000 },
          { low = 2, high = 1, step_size_up = 4 },
          [{ kind = "constant", value = inf }],
          [1.0, -3],
          { kind = "groups", groups = { 0 = 1.0 } },
        ]
        [rho]
        kind = "cicle"
        [centred]
        opposite = "chained"
        low = 0.0
        high = 1.0
        [chained]
        kind = "chain"
        parts = [1.0, 2.0]
        [empty]
        """)
    known = ", ".join(sorted(hc.waveforms()))
    assert problems_of(path) == [
        "eps: must be a number, got True (bool)",
        "lr.high: is missing; cycle needs low, high, step_size_up",
        (
            "lr.step_size_up: must be a whole number of steps or a number with a unit such as "
            "'2000it', '4ep' or '30%', got step_size_up='2 epochs'"
        ),
        f"lr.waveform: unknown waveform 'han'; did you mean 'hann'? known: {known}",
        (
            "lr.scale: scale 'exponential' takes (gamma, per='step'), got {'gama': 0.9}: missing a "
            "required argument: 'gamma'"
        ),
        "lr.scale_of: must be 'amplitude' or 'bounds', got 'bound'",
        "lr.inverted: must be true or false, got 1",
        "lr.phase: must be in [0, 1), a part of the first cycle, got phase=1.0",
        "lr.cycle_mult: must be above 0 and at most 100, got cycle_mult=-1.0",
        "lr.cycles: must be at least 1, got cycles=0",
        (
            "lr.hihg: unknown key; did you mean 'high'? allowed: kind, low, high, step_size_up, "
            "step_size_down, waveform, scale, scale_of, inverted, phase, cycle_mult, cycles"
        ),
        (
            "beta2: low must not be above high, got low=0.99, high=0.9; to start at the top use "
            "inverted=True or phase=0.5"
        ),
        "weight_decay.parts.0.end: must be a number, got 'a' (str)",
        "weight_decay.parts.0.steps: is missing; ramp needs start, end, steps",
        (
            "weight_decay.parts.0.step: unknown key; did you mean 'steps'? allowed: kind, start, "
            "end, steps, waveform"
        ),
        (
            "weight_decay.parts.1: low must not be above high, got low=2.0, high=1.0; to start at "
            "the top use inverted=True or phase=0.5"
        ),
        "weight_decay.parts.2.0.value: must be finite, got value=inf",
        "weight_decay.parts.2.1: must be two: [schedule, steps]",
        "weight_decay.parts.3.1: steps must be at least 0, got steps=-3",
        (
            "weight_decay.parts.4: unknown kind 'groups'; known: cycle, opposite, ramp, constant, "
            "chain, product"
        ),
        (
            "rho: unknown kind 'cicle'; did you mean 'cycle'? known: cycle, opposite, ramp, "
            "constant, chain, product, groups"
        ),
        "empty.low: is missing; cycle needs low, high, step_size_up",
        "empty.high: is missing; cycle needs low, high, step_size_up",
        "empty.step_size_up: is missing; cycle needs low, high, step_size_up",
        (
            "momentum.opposite: the plan has no 'lrr'; did you mean 'lr'? it has beta1, beta2, "
            "centred, chained, empty, eps, lr, rho, weight_decay"
        ),
        "centred.opposite: must name a cycle, and 'chained' is a chain: write it out",
        (
            "chained: part 0 of Chain never ends, so nothing can follow it: give its length as "
            "(schedule, steps), got Constant(1.0)"
        ),
    ]


def test_opposites_that_go_round_in_a_circle(file):
    data = {
        name: {"opposite": other, "low": 0, "high": 1}
        for name, other in (("a", "b"), ("b", "c"), ("c", "b"), ("d", "d"))
    }
    assert problems_of(file(json.dumps(data), ".json")) == [
        "a.opposite: goes round in a circle: a → b → c → b",
        "b.opposite: goes round in a circle: b → c → b",
        "c.opposite: goes round in a circle: c → b → c",
        "d.opposite: goes round in a circle: d → d",
    ]


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
        ("[lr", ".toml", "is no TOML: Expected ']' at the end of a table declaration (at end of"),
        ('{"lr": 1', ".json", "is no JSON: Expecting ',' delimiter: line 1 column 9 (char 8)"),
        ("lr: [", ".yaml", "is no YAML of a plan: while parsing a flow node"),
        ('{"lr": 1, "lr": 2}', ".json", "is no JSON of a plan: 'lr' is given twice"),
        ("lr: 1\nlr: 2", ".yaml", "is no YAML of a plan: 'lr' is given twice"),
        (
            "lr: {kind: groups, groups: {0: 1, '0': 2}}",
            ".yaml",
            "is no YAML of a plan: '0' is given twice",
        ),
        ("1: 0.1", ".yaml", "names of hyperparameters must be texts, got 1"),
        ("lr: 2020-99-99", ".yaml", "is no YAML of a plan: month must be in 1..12"),
        ("lr: !!int ''", ".yaml", "is no YAML of a plan: tags are not allowed"),
        ("lr: !!map [a]", ".yaml", "is no YAML of a plan: tags are not allowed"),
        ("lr = 1\nlr = 2", ".toml", "is no TOML: Cannot overwrite a value"),
        (b"\xff\xfe", ".toml", "is no text in UTF-8: 'utf-8' codec can't decode byte 0xff"),
        ('{"lr": NaN}', ".json", "lr: must be finite, got nan"),
        ('{"lr": null}', ".json", "lr: must be a table that describes a schedule, or a number, "),
        ("lr: 2026-01-01", ".yaml", "lr: must be a table that describes a schedule, or a number,"),
        ('lr = {kind = "chain", parts = []}', ".toml", "lr: Chain needs at least one part"),
        ('lr = {kind = "groups", groups = {}}', ".toml", "lr: Groups needs at least one group"),
        (
            'lr = {kind = "product", factors = [1]}',
            ".toml",
            "lr.factors.1: must be two: [first, second]",
        ),
        (
            'lr = {kind = "product", factors = [1, 2, 3]}',
            ".toml",
            "lr.factors: must be two: [first, second]",
        ),
        (
            CYCLE + 'waveform = {name = "hann", gamma = 2}',
            ".toml",
            "lr.waveform: a waveform has 'name' and 'package', got 'gamma'",
        ),
        (
            CYCLE + 'waveform = ["hann"]',
            ".toml",
            "lr.waveform: must be one waveform or a pair [rise, fall], got ['hann']",
        ),
        (
            CYCLE + "scale = {gamma = 2}",
            ".toml",
            "lr.scale: must be a name or a table with a 'name', got {'gamma': 2}",
        ),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused(file, text, suffix, problem):
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
    assert problems_of(tmp_path / "folder.toml") == ["is no regular file"]
    os.mkfifo(tmp_path / "pipe.toml")  # reading it would wait for a writer
    assert problems_of(tmp_path / "pipe.toml") == ["is no regular file"]


# Packages.

KAISER = """\
import hypercycle


def kaiser(x, xp):
    return x * x


@hypercycle.hookimpl
def hypercycle_waveforms():
    return {"kaiser": kaiser}
"""


@pytest.fixture
def kaiser(tmp_path):
    """Return a folder in which a distribution with a waveform is installed."""
    folder = tmp_path / "installed"
    info = folder / "hypercycle_kaiser-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hypercycle-kaiser\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[hypercycle]\nkaiser = kaiser_plugin\n")
    (folder / "kaiser_plugin.py").write_text(KAISER)
    return folder


def python(code, *paths):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_package_of_a_plugin_is_written_and_named_when_it_is_missing(tmp_path, kaiser):
    path = tmp_path / "plan.toml"
    plan = "hc.Plan(lr=hc.Cycle(0, 1, 4, waveform='kaiser'))"
    save = f"import hypercycle as hc; {plan}.save({str(path)!r})"
    load = f"import hypercycle as hc; print(hc.Plan.load({str(path)!r}))"
    python(save, kaiser)
    assert 'waveform = {name = "kaiser", package = "hypercycle-kaiser"}' in path.read_text()
    assert python(load, kaiser) == "Plan(lr=Cycle(0.0, 1.0, 4, waveform='kaiser'))\n"
    assert problems_of(path) == [
        (
            "lr.waveform: the waveform 'kaiser' comes from the package 'hypercycle-kaiser', which "
            "is not installed: pip install hypercycle-kaiser"
        )
    ]


def test_a_package_that_is_installed_but_offers_something_else(tmp_path, kaiser):
    path = tmp_path / "plan.toml"
    path.write_text(CYCLE + 'waveform = {name = "keyser", package = "hypercycle.kaiser"}\n'
                    '[eps]\nlow = 0\nhigh = 1\nstep_size_up = 4\n'
                    'waveform = {name = "kaiser", package = "another"}')  # fmt: skip
    output = python(
        f"""
        import hypercycle as hc
        try:
            hc.Plan.load({str(path)!r})
        except ValueError as error:
            print(*error.problems, sep="\\n")
        """,
        kaiser,
    )
    first, second = output.splitlines()
    assert first.startswith(
        "lr.waveform: the waveform 'keyser' comes from the package 'hypercycle.kaiser', of which "
        "version 1.2 is installed: unknown waveform 'keyser'; did you mean 'kaiser'?"
    )
    assert second == (
        "eps.waveform: the waveform 'kaiser' comes from the package 'another', but here it is "
        "'hypercycle-kaiser' that offers it"
    )


@pytest.mark.parametrize(
    ("missing", "suffix", "message"),
    [
        ("pydantic", ".json", "plan files of this kind need pydantic: pip install 'hypercycle[fil"),
        ("tomlkit", ".toml", "plan files of this kind need tomlkit: pip install 'hypercycle[files"),
        ("yaml", ".yaml", "plan files of this kind need yaml: pip install 'PyYAML'"),
    ],
)
def test_a_missing_library_is_named(tmp_path, missing, suffix, message):
    output = python(f"""
        import sys
        sys.modules[{missing!r}] = None
        import hypercycle as hc
        try:
            hc.Plan(lr=1.0).save({str(tmp_path / "plan")!r} + {suffix!r})
        except ImportError as error:
            print(error)
        """)
    assert output.startswith(message)


def test_importing_hypercycle_imports_none_of_it():
    code = (
        "import hypercycle, sys; print({'pydantic', 'tomlkit', 'yaml', 'json'} & set(sys.modules))"
    )
    assert python(code) == "set()\n"


# What a stranger may send.


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


@SOME
@given(content=st.binary(max_size=200), suffix=st.sampled_from(SUFFIXES))
def test_any_bytes_give_a_plan_or_its_error(content, suffix, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / f"plan{suffix}"
    path.write_bytes(content)
    with suppress(PlanFileError):
        hc.Plan.load(path)


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from(["cycle", "chain", "groups", "ramp", "lr", "hann", "exponential", "4ep"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["kind", "low", "high", "step_size_up", "parts", "factors", "groups",
                             "opposite", "waveform", "scale", "name", "package", "value", "start",
                             "end", "steps", "cycles", "cycle_mult", "phase"]),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200)
@given(data=st.dictionaries(st.sampled_from(["lr", "eps"]), json_values, max_size=2))
def test_any_data_give_a_plan_or_its_error(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    path.write_text(json.dumps(data))
    with suppress(PlanFileError):
        hc.Plan.load(path)


# The schema.


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
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "scale": "half"},
        {"low": 0.1, "high": 0.5, "step_size_up": 4, "scale_of": "bound"},
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


@given(text=st.from_regex(r"\A ?[0-9]{1,3}(\.[0-9]{1,3})? ?(it|ep|%|x)?\Z"))
def test_the_schema_s_lengths_are_the_reader_s(text, validator):
    schema = validator.schema["$defs"]["RampEntry"]["properties"]["steps"]
    try:
        checked_length(text, "steps")
    except ValueError:
        # Of parts of a step and more than the whole run a pattern knows nothing.
        if "%" not in text and "it" not in text:
            assert not jsonschema.Draft202012Validator(schema).is_valid(text)
    else:
        assert jsonschema.Draft202012Validator(schema).is_valid(text)


# The documentation.


def test_the_files_of_the_documentation_are_plans(file):
    page = Path(__file__).parents[2] / "docs" / "plan-files.md"
    blocks = re.findall(r"^```(toml|yaml)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    plans = [hc.Plan.load(file(text, f".{suffix}")) for suffix, text in blocks]
    assert len(plans) == 3
    assert plans[1] == plans[2]
