"""How text is laid out: for the terminal's width where there is one, else for 80 columns."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap

import click

# What is wider is hard to read.
_WIDEST = 120


def terminal_width() -> int:
    """Return how many columns to fill."""
    return min(shutil.get_terminal_size().columns, _WIDEST)


def width() -> int:
    """Return the columns of the terminal that the output goes to, or 80 for a pipe or a file."""
    return terminal_width() if sys.stdout.isatty() else 80


def height() -> int:
    """Return the rows of the terminal that the output goes to, or 24 for a pipe or a file."""
    return shutil.get_terminal_size().lines if sys.stdout.isatty() else 24


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def wrap(text: str, indent: str = "") -> str:
    """Return a text in lines that fit, with an indent from the second one on."""
    return textwrap.fill(
        text,
        width(),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def can_show(text: str) -> bool:
    """Return whether the output can encode these characters."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def style_text(text: str, **style: bool) -> str:
    """Return a text in a style, on a terminal whose user has not set NO_COLOR."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return click.style(text, **style)
