"""The benchmarks run, and what they print are tables: no test looks at a time."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import bench_check
import chart
import pytest
from reading import between_markers, tables, value

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
SCRIPTS = [
    "share_of_step.py",
    "torch_step.py",
    "contenders.py",  # without the peers, which are not installed for tests
    "growth.py",
    "values.py",
    "observers.py",
    "torch_compile.py",
    "range_test.py",  # without the peers, which are not installed for tests
    pytest.param(
        "optax_step.py",
        marks=pytest.mark.skipif(find_spec("optax") is None, reason="optax is not installed"),
    ),
    pytest.param(
        "jax_compile.py",
        marks=pytest.mark.skipif(find_spec("optax") is None, reason="optax is not installed"),
    ),
    pytest.param(
        "keras_step.py",
        marks=pytest.mark.skipif(find_spec("keras") is None, reason="keras is not installed"),
    ),
]
NUMBER = re.compile(r"[\d,]*\.?\d+")


@pytest.fixture(scope="module", params=SCRIPTS)
def run(request, tmp_path_factory):
    """A smoke run: the script's name, what it printed, what it made of a copy of the document."""
    document = tmp_path_factory.mktemp("docs") / "benchmarks.md"
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    paths = [str(ROOT), str(ROOT / "adapters"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / request.param, "--quick", "--write", document],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return request.param, done.stdout, document.read_text(encoding="utf-8")


def test_prints_tables_of_numbers(run):
    script, printed, _ = run
    found = tables(printed)
    expected = {
        "share_of_step.py": 2,
        "torch_step.py": 4,
        "contenders.py": 1,
        "growth.py": 8 if find_spec("optax") else 7,
        "values.py": 6,
        "observers.py": 2,
        "torch_compile.py": 3,
        "range_test.py": 8,
        "optax_step.py": 3,
        "jax_compile.py": 1,
        "keras_step.py": 3,
    }
    assert len(found) == expected[script]
    for head, *body in found:
        assert body
        for row in body:
            assert len(row) == len(head)
            for name, cell in zip(head[1:], row[1:], strict=True):
                if name in ("reached", "equal"):
                    assert set(cell.split()) <= {"yes", "no"}
                elif name == "target":
                    assert all(NUMBER.fullmatch(target) for target in cell.split())
                elif name == "exponent":
                    assert value(cell) is not None
                else:
                    assert NUMBER.fullmatch(cell) or cell in ("none", "refused"), (row, name)


def test_prints_no_line_wider_than_a_terminal(run):
    _, printed, _ = run
    assert max(map(len, printed.splitlines())) <= 80


def test_writes_between_its_markers_and_nowhere_else(run):
    script, printed, written = run
    between = between_markers(script, written)
    assert tables(between) == tables(printed)
    document = DOCUMENT.read_text(encoding="utf-8")
    for markers in MARKERS.get(script, [script]):
        own = between_markers(markers, written)
        assert own.strip() in printed
        end = f"<!-- {markers}: end -->"
        document = document.replace(between_markers(markers, document) + end, own + end)
    assert written == document


# Of a script with more than one pair of markers.
MARKERS = {"share_of_step.py": ["share_of_step.py", "share_of_step.py, in short"]}


def test_a_document_without_the_markers_is_refused(tmp_path):
    document = tmp_path / "other.md"
    document.write_text("nothing to write between\n", encoding="utf-8")
    program = (
        "from pathlib import Path; from timing import report; "
        f"report('values.py', ['text'], Path({str(document)!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "benchmarks",
    )
    assert done.returncode == 1
    assert "has no lines '<!-- values.py: begin -->'" in done.stderr
    assert document.read_text(encoding="utf-8") == "nothing to write between\n"


@pytest.fixture
def committed():
    return DOCUMENT.read_text(encoding="utf-8")


def test_the_first_paragraph_says_what_the_tables_say(committed):
    sentence = " ".join(between_markers("share_of_step.py, in short", committed).split())
    training, update = tables(between_markers("share_of_step.py", committed))
    said = re.findall(r"([\d.]+) to ([\d.]+) %", sentence)
    shown = []
    for column in (2, 3):
        for _, *rows in (training, update):
            cells = [row[column] for row in rows]
            shown.append((min(cells, key=float), max(cells, key=float)))
    assert said == shown
    assert committed.startswith("# Benchmarks\n\n<!-- share_of_step.py, in short: begin -->")


def test_the_chart_has_the_numbers_of_the_table(committed):
    (head, *rows) = tables(between_markers("contenders.py", committed))[0]
    figure = chart.drawn(committed)
    (axes,) = figure.axes
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert sorted(labels) == sorted(row[0] for row in rows)
    for column, line in enumerate(axes.get_lines(), start=1):
        points = dict(zip(labels, line.get_xdata(), strict=True))
        assert points == {row[0]: float(row[column]) for row in rows}
    assert len(axes.get_lines()) == len(head) - 1


TABLES = """
### Steps

| groups     |    1 |   10 |
| :--------- | ---: | ---: |
| a peer     | 1.00 | 1.00 |
| ours       | 0.10 | 0.08 |
| ours, both | 0.24 | 0.20 |

### Rates

| rate    | jit, loop | reached |
| :------ | --------: | ------: |
| a peer  |      1.00 |         |
| ours, 1 |      0.98 |     yes |

### Compiling

| ms, by cycles |  1 |   100 | ratio |
| :------------ | -: | ----: | ----: |
| ours, Chain   | 50 | 1,000 |  20.0 |

### Growing

| µs, by groups |  1 | 10 | exponent |
| :------------ | -: | -: | -------: |
| one           |  1 | 10 |    -0.01 |
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("| ours       | 0.10", "| ours       | 0.14", "Steps: ours: 1: 0.1, now 0.14"),
        ("0.24 | 0.20", "0.24 | 0.27", "Steps: ours, both: 10: 0.2, now 0.27"),
        ("0.98", "0.80", "Rates: ours, 1: jit, loop: 0.98, now 0.8"),
        (" 20.0", "1,200", "Compiling: ours, Chain: ratio: 20, now 1200"),
        ("-0.01", " 0.50", "Growing: one: exponent: -0.01, now 0.5"),
        ("ours, both", "ours, more", "Steps: ours, both: 1: 0.24, measured no longer"),
    ],
)
def test_what_got_worse_is_named(old, new, told):
    assert old in TABLES
    assert told in bench_check.worse(TABLES, TABLES.replace(old, new)).values()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("0.10", "0.12"),  # noise
        ("0.98", "0.93"),
        ("-0.01", " 0.15"),
        ("0.10", "0.01"),  # better
        ("0.98", "1.50"),
        ("| a peer     | 1.00", "| a peer     | 9.00"),  # a peer's
        (" 50 |", "500 |"),  # a time
        ("yes", " no"),
    ],
)
def test_what_is_noise_or_better_or_not_ours_is_not_named(old, new):
    assert bench_check.worse(TABLES, TABLES.replace(old, new)) == {}


def test_every_table_that_is_checked_has_something_to_compare(committed):
    for script in bench_check.SCRIPTS:
        text = between_markers(script, committed)
        found = bench_check.figures(text)
        titles = re.findall(r"^### (.+)$", text, re.MULTILINE)
        assert titles
        for title in titles:
            assert any(name.startswith(f"{title}: ") for name in found), title
