"""Errors as users of a command line expect them: one line each, an exit status, no traceback."""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from hypercycle.command_line.output import one_line, terminal_width


class Failure(click.ClickException):
    """What ends a command: a line for each thing that is wrong."""

    exit_code = 2

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(map(one_line, lines)))


def check_folder(file: Path) -> None:
    """Refuse a file whose folder is not there."""
    if not file.parent.is_dir():
        raise Failure(f"{file}: there is no folder {str(file.parent)!r}")


@contextmanager
def failing_on(*kinds: type[Exception]) -> Iterator[None]:
    """Turn these exceptions, which speak of bad input, into a :class:`Failure`."""
    try:
        yield
    except kinds as error:
        raise Failure(describe(error)) from error


def describe(error: Exception) -> str:
    """Return what an exception says, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return one_line(str(error))


@contextmanager
def warnings_in_lines() -> Iterator[None]:
    """Tell of plugins that are left out in one line each, unless an error tells of them."""
    told = ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        try:
            yield
        except Failure as failure:
            told = failure.message
            raise
        finally:
            for warning in caught:
                text = one_line(str(warning.message))
                if text.replace(" failed and is left out: ", " failed: ") not in told:
                    _tell("warning", text)


class Commands(click.Group):
    """A group of commands, in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were added."""
        del ctx
        return list(self.commands)

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and end the process: quietly where that is what the user asked for."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that has no "≤" shows "?"
        try:
            status = super().main(*args, **(extra | {"standalone_mode": False}))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "hypercycle"
            message = error.format_message().rstrip(".")
            _tell("error", f"{one_line(message)} (help: {command} -h)")
            sys.exit(error.exit_code)
        except click.ClickException as error:
            for line in error.format_message().splitlines():
                _tell("error", line)
            sys.exit(error.exit_code)
        except OSError as error:  # but for a broken pipe, which click ends in silence
            _tell("error", describe(error))
            sys.exit(2)
        except click.Abort:
            sys.exit(130)
        sys.exit(status)


def _tell(kind: str, text: str) -> None:
    line = f"hypercycle: {kind}: {text}"
    if sys.stderr.isatty():
        line = textwrap.fill(
            line,
            terminal_width(),
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    click.echo(line, err=True)
