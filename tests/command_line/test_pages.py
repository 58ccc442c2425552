"""What the pages show of the command line is what it prints."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from pages import same_but_for_rounding, same_text, sessions

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command-line.md"
VERSIONS = re.compile(r"\b(hypercycle|keras|optax|torch) \d[\w.+]*")
BOUNDS = """\
lr, read off the loss
  low       0.0201    0.0182 to 0.0222      a tenth of the descent of the loss
                                            from 0.693 to 0.127 is done
  best      7.23      4.6 to 16             the loss is lowest
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder, the command on the path, and nothing that changes how it prints."""
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    programs, place = tmp_path / "programs", tmp_path / "page"
    programs.mkdir()
    place.mkdir()
    program = programs / "hypercycle"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hypercycle "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return place


@pytest.mark.parametrize(
    ("page", "kinds", "least"),
    [(PAGE, "console|python|toml", 10), (ROOT / "README.md", "console", 4)],
    ids=["command-line.md", "README.md"],
)
def test_a_page_shows_what_the_commands_print(place, page, kinds, least):
    if page == PAGE and not all(map(find_spec, ("keras", "optax", "torch"))):
        pytest.skip("the page lists all frameworks as installed")
    shown = 0
    for kind, what, text in sessions(page.read_text(encoding="utf-8"), kinds):
        if kind == "program":
            (place / what).write_text(text, encoding="utf-8")
            continue
        if kind == "plan":
            assert (place / what).read_text(encoding="utf-8") == text
            continue
        completed = subprocess.run(
            ["bash", "-c", what],
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        same = same_but_for_rounding if " range-test train:" in what else same_text
        want, got = (VERSIONS.sub(r"\1 VERSION", one) for one in (text, completed.stdout))
        assert same(want, got), f"$ {what}\n{completed.stdout}"
        shown += 1
    assert shown >= least


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("0.0201    ", "0.0202    ", True),
        ("0.0182 to 0.0222  ", "0.018 to 0.0224   ", True),
        ("4.6 to 16  ", "4.51 to 16 ", True),
        ("0.0201    ", "0.0241    ", False),
        ("0.0201    ", "0.201     ", False),
        ("from 0.693", "from 0.393", False),
        ("0.0201    ", "0.02      0.1", False),
        ("0.0201    ", "0.02    ", False),
        ("0.0182 to 0.0222  ", "0.0182 to 0.0222", False),
        ("the loss is lowest", "the loss is least", False),
        ("is done\n", "\n" + " " * 44 + "is done\n", False),
    ],
)
def test_only_the_rounding_of_trained_numbers_may_differ(old, new, same):
    assert BOUNDS.count(old) == 1
    assert same_but_for_rounding(BOUNDS, BOUNDS.replace(old, new)) is same


def test_the_page_names_every_command():
    printed = subprocess.run(
        [sys.executable, "-m", "hypercycle", "-h"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout
    commands = re.findall(r"^  ([a-z-]+)  ", printed.partition("Commands:")[2], re.MULTILINE)
    text = PAGE.read_text(encoding="utf-8")
    assert commands
    assert all(f"$ hypercycle {name}" in text for name in commands)
