"""The benchmarks run, and what they print are tables: no test looks at a time."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
SCRIPTS = [
    "torch_step.py",
    "values.py",
    "observers.py",
    "torch_compile.py",
    "range_test.py",  # without the peers, which are not installed for tests
    pytest.param(
        "optax_step.py",
        marks=pytest.mark.skipif(find_spec("optax") is None, reason="optax is not installed"),
    ),
    pytest.param(
        "keras_step.py",
        marks=pytest.mark.skipif(find_spec("keras") is None, reason="keras is not installed"),
    ),
]
NUMBER = re.compile(r"[\d,]*\.?\d+")


def tables(text):
    """The tables of a Markdown text: for each a list of rows, the head first, without the rule."""
    found, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            head, rule, *body = rows
            assert all(re.fullmatch(r":?-+:?", cell) for cell in rule)
            found.append([head, *body])
            rows = []
    return found


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
        "torch_step.py": 4,
        "values.py": 6,
        "observers.py": 2,
        "torch_compile.py": 3,
        "range_test.py": 8,
        "optax_step.py": 4,
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
                else:
                    assert NUMBER.fullmatch(cell) or cell in ("none", "refused"), (row, name)


def test_prints_no_line_wider_than_a_terminal(run):
    _, printed, _ = run
    assert max(map(len, printed.splitlines())) <= 80


def test_writes_between_its_markers_and_nowhere_else(run):
    script, printed, written = run
    begin, end = f"<!-- {script}: begin -->", f"<!-- {script}: end -->"
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    assert written.startswith(before + begin)
    assert written.endswith(end + after)
    between = written[len(before + begin) : -len(end + after)]
    assert tables(between) == tables(printed)


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
