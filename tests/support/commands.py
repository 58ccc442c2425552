"""The command line in this process, as click's own runner calls it, and two plans for it."""

from types import SimpleNamespace

from click.testing import CliRunner

from hypercycle.command_line import hypercycle

PLAN = """
[lr]
low = 0.0001
high = 0.01
step_size_up = 20

[momentum]
opposite = "lr"
low = 0.85
high = 0.95

[weight_decay]
kind = "groups"

[weight_decay.groups.weights]
low = 1e-5
high = 1e-3
step_size_up = 30
waveform = "hann"

[weight_decay.groups.biases]
kind = "unchanged"

[weight_decay.groups.0]
kind = "constant"
value = 0.3
"""
BROKEN = """
[lr]
low = 0.0001
high = 0.01
step_size_up = "2epo"
wavform = "hann"

[momentum]
opposite = "lrr"
low = 0.85
high = 0.95
"""
WAVES = """
from hypercycle import hookimpl

def {name}(x, xp):
    return x * x

@hookimpl
def hypercycle_waveforms():
    return {{"{name}": {name}}}
"""
"""A plugin with a waveform."""


def run(*arguments, status=0):
    """What a command printed, as a record of stdout and stderr."""
    result = CliRunner().invoke(hypercycle, [str(one) for one in arguments], prog_name="hypercycle")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return SimpleNamespace(out=result.stdout, err=result.stderr)


def error(*arguments, status=2):
    """The one line of an error, without its beginning; nothing was printed beside it."""
    result = run(*arguments, status=status)
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert line.startswith("hypercycle: error: ")
    return line.removeprefix("hypercycle: error: ")


def widest(text):
    return max(map(len, text.splitlines()))
