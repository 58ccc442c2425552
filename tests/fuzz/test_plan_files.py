"""Plan files that somebody changed: a plan, or PlanFileError in few words, and soon."""

import json
from pathlib import Path

import mutations
import pytest
import strategies
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from mutations import CYCLE, RAMP
from plan_texts import SUFFIXES

import hypercycle as hc
from hypercycle.plan_files import PlanFileError
from hypercycle.plan_files.files import file_data
from hypercycle.plan_files.formats import text_of
from hypercycle.plan_files.limits import LARGEST_FILE

LONGEST_MESSAGE = 120_000  # of a hundred problems

PLAN = {
    "lr": CYCLE,
    "momentum": hc.Chain((RAMP, "2ep"), hc.Cycle(0.8, 0.9, 4, cycle_mult=1.5, cycles=3), 0.9),
    "weight_decay": hc.Groups({"weights": hc.Product(0.1, RAMP), "biases": None, 0: 0.3}),
}
DATA = file_data(PLAN) | {"beta1": {"opposite": "lr", "low": 0.8, "high": 0.9}}
TEXTS = {suffix: text_of(DATA, suffix) for suffix in SUFFIXES}
PIECES = [
    "[", "]", "{", "}", "[[", "]]", '"', "'", '"""', "'''", ",", ":", ": ", "- ", "? ", "=",
    " = ", "#", "&a ", "*a", "!!python/object:os.system ", "<<: ", "|\n", ">-\n", "---\n",
    "...\n", "%YAML 1.1\n", "\n", "\r\n", "\r", "\t", "\ufeff", "\u2028", "\x00", "\x1b[2J",
    "\\u0041", "\\", "a.a.a", ".a" * 40, "0x" + "f" * 6_000, "9" * 5_000, "1e999", "-1e999",
    ".inf", "nan", "true", "null", "~", "1_0", "1:30", "0100", "1979-05-27", "1e5", "[" * 3_000,
    "{a: " * 300, "- " * 3_000, "é" * 2_000, "[[a]]\n", "[a.b.c]\n", "a.b = 1\n",
    "kind = 'groups'\n", "kind: groups\n",
]  # fmt: skip

# What is repeated with a number in it, and what may stand around all of it.
NUMBERED = [
    "k№ = 1\n", "k№ = 'x'\n", "b.c№ = 1\n", ".a№", "[a.b№]\n", '"k№": 1,', '"k№": "x",',
    '"kkkkkkk№": "kkkkkk",', "k№: 1\n", "k№: x\n", "k№: {opposite: kkkkkk, low: 0, high: 1}\n",
    "k№,", "k№: 1,", "- {kind: k№}\n", 'k№ = {opposite = "kkkkkk", low = 0, high = 1}\n',
    '"k№": {"opposite": "kkkk", "low": 0, "high": 1},', "? k№\n", "{k№: 1},", "  k№: [1, 2]\n",
]  # fmt: skip
AROUND = [
    (TEXTS[".toml"], ""), (TEXTS[".yaml"], ""), ("{", '"k": 1}'), ('{"lr": [', "1]}"),
    ("lr: [", "]"), ("lr: {", "}"), ("lr:\n", ""), ("[" + ".".join("a" * 1_900) + "]\n", ""),
    ("[lr]\n", ""), ("lr = [", "]"),
    ('{"lr": {"low": 0, "high": 1, "step_size_up": 1, ', '"k": 1}}'),
    ('{"lr": {"parts": [', "1]}}"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plans")


def load(folder, content, suffix):
    """Return the plan in a file, or None; nothing else may come of it."""
    path = Path(folder, f"plan{suffix}")
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    plan, message = None, ""
    try:
        plan = hc.Plan.load(path)
    except PlanFileError as error:
        message = str(error)
    assert len(message) < LONGEST_MESSAGE
    return plan


@st.composite
def changed_files(draw):
    suffix = draw(st.sampled_from(SUFFIXES))
    return draw(mutations.mutated_text(TEXTS[suffix], PIECES)), suffix


@st.composite
def large_files(draw):
    """Draw one or two pieces that are repeated until a file is as large as any, and a suffix."""
    pieces = st.sampled_from([*PIECES, *NUMBERED])
    before, after = draw(st.sampled_from([("", ""), *AROUND]))
    repeated = "".join(draw(st.lists(pieces, min_size=1, max_size=2)))
    return before, repeated, after, draw(st.sampled_from(SUFFIXES))


@strategies.examples(250)
@given(changed_files())
@example(("lr: [0x" + "f" * 5_000 + "]", ".yaml"))
@example(("lr = {cycle_mult = 2, cycles = 1" + "0" * 400 + "}", ".toml"))
def test_a_changed_text_is_a_plan_or_its_error(folder, drawn):
    load(folder, *drawn)


@strategies.examples(200)
@given(
    mutations.mutated(DATA, values=mutations.odd(), keys=st.sampled_from([*mutations.KEYS, "0"])),
    st.sampled_from([".json", ".yaml"]),
)
def test_changed_data_are_a_plan_or_its_error(folder, data, suffix):
    text = json.dumps(data) if suffix == ".json" else yaml.safe_dump(data, sort_keys=False)
    plan = load(folder, text, suffix)
    if plan is not None:
        other = Path(folder, "other.json")
        plan.save(other)
        assert hc.Plan.load(other) == plan


@strategies.examples(40)
@given(large_files())
@example(("[" + ".".join("a" * 1_900) + "]\n", "b.c№ = 1\n", "", ".toml"))
@example(("lr: [", "{},", "]", ".yaml"))
@example(("{", '"k№": {"opposite": "kkkk", "low": 0, "high": 1},', '"k": 1}', ".json"))
def test_a_file_as_large_as_any_is_soon_read(folder, drawn):
    before, repeated, after, suffix = drawn
    count = (LARGEST_FILE - 2_000) // len(repeated.encode("utf-8", "surrogatepass"))
    many = "".join(repeated.replace("№", str(number)) for number in range(count))
    load(folder, (before + many)[: LARGEST_FILE - 10] + after, suffix)
