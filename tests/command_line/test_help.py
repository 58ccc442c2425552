"""The help of all commands: their order, their width, how it is asked for."""

import re

import pytest
from commands import run, widest

import hypercycle as hc

COMMANDS = ["new", "check", "show", "plot", "values", "range-test", "list", "schema"]


@pytest.mark.parametrize("command", [[], *([one] for one in COMMANDS)], ids=str)
def test_help_fits_80_columns_and_has_a_short_name(command):
    long, short = run(*command, "--help").out, run(*command, "-h").out
    assert long == short
    assert long.startswith(" ".join(["Usage: hypercycle", *command]))
    assert widest(long) <= 80


def test_commands_are_listed_in_the_order_of_use_none_cut_short():
    text = run("-h").out
    assert re.findall(r"^  ([a-z-]+)  ", text.partition("Commands:")[2], re.MULTILINE) == COMMANDS
    assert "..." not in text.partition("Commands:")[2]


def test_without_a_command_there_is_the_help():
    result = run(status=2)
    assert (result.out, result.err) == ("", run("-h").out)


def test_version():
    assert run("--version").out == f"hypercycle {hc.__version__}\n"
