"""The layout of text: its width, its characters, its style, in a pipe and on a terminal."""

import io
import os
from contextlib import contextmanager, redirect_stdout

import click
import pytest
from commands import widest

from hypercycle.command_line import output


@pytest.fixture(autouse=True)
def size(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("LINES", "30")
    monkeypatch.delenv("NO_COLOR", raising=False)


@contextmanager
def on_a_terminal():
    """Let the output go to a terminal that knows few characters."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="latin-1") as file, redirect_stdout(file):
        yield
    os.close(ours)


def test_a_terminal_is_filled():
    with on_a_terminal():
        assert (output.width(), output.height()) == (50, 30)


def test_a_pipe_has_80_columns_and_24_rows_whatever_the_terminal_has():
    with redirect_stdout(io.StringIO()):
        assert (output.width(), output.height()) == (80, 24)
    assert output.terminal_width() == 50  # where errors go to


def test_lines_are_never_wider_than_people_can_read(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    with on_a_terminal():
        assert output.width() == output.terminal_width() == 120


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one", "one"),
        ("one\ntwo", "one; two"),
        ("\n  one  \r\n\n \n  two", "one; two"),
        ("", ""),
    ],
)
def test_one_line(text, line):
    assert output.one_line(text) == line


def test_wrapped_text_is_cut_between_words_alone():
    words = ["a-word-with-hyphens"] * 9 + ["/a/very/long/path" * 5]
    with on_a_terminal():
        lines = output.wrap(" ".join(words), indent="  ").splitlines()
    assert " ".join(lines).split() == words
    assert [line.startswith("  ") for line in lines] == [False, True, True, True, True, True]
    assert widest("\n".join(lines[:-1])) <= 50


def test_what_the_output_can_show():
    with on_a_terminal():
        assert output.can_show("naïve ×")
        assert not output.can_show("▁▂▃")
    with redirect_stdout(io.StringIO()):  # of Python's own strings
        assert output.can_show("▁▂▃")


def test_a_style_is_for_terminals_of_people_who_want_it(monkeypatch):
    with on_a_terminal():
        assert (
            output.style_text("lr", bold=True) == click.style("lr", bold=True) == "\x1b[1mlr\x1b[0m"
        )
    with redirect_stdout(io.StringIO()):
        assert output.style_text("lr", bold=True) == "lr"
    monkeypatch.setenv("NO_COLOR", "1")
    with on_a_terminal():
        assert output.style_text("lr", bold=True) == "lr"
