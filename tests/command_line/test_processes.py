"""What only a process of its own shows: pipes, signals, terminals, absent packages, imports."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command-line.md"
PROGRAM = [sys.executable, "-m", "hypercycle"]
# As from a shell's foreground: what runs in the background of a script ignores Ctrl-C.
IN_FOREGROUND = [
    sys.executable,
    "-c",
    (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    ),
    *PROGRAM[1:],
]
PLAN = "[lr]\nlow = 0.0001\nhigh = 0.01\nstep_size_up = 2000\n"
BROKEN = PLAN.replace("high", "hihg").replace("step_size_up", "step_size_uo")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("HYPERCYCLE_PLUGINS", "NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    Path("broken.toml").write_text(BROKEN, encoding="utf-8")
    return tmp_path


def run(*command, **environment):
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def python(script, *arguments):
    return run(sys.executable, "-c", script, *arguments)


# --- the program ---


def test_python_m_is_the_program():
    completed = run(*PROGRAM, "check", "plan.toml")
    assert (completed.returncode, completed.stdout, completed.stderr) == (
        0, "plan.toml: ok (lr)\n", ""
    )  # fmt: skip
    assert run(*PROGRAM, "-h").stdout.startswith("Usage: hypercycle [OPTIONS] COMMAND")


def test_exit_status_and_streams_of_errors():
    broken = run(*PROGRAM, "check", "broken.toml")
    assert (broken.returncode, broken.stderr) == (2, "")
    assert all(line.startswith("broken.toml: lr.") for line in broken.stdout.splitlines())
    shown = run(*PROGRAM, "show", "broken.toml")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert len(shown.stderr.splitlines()) == len(broken.stdout.splitlines())
    assert "Traceback" not in shown.stderr


def test_without_click_one_line_says_how_to_get_it():
    script = "import sys; sys.modules['click'] = None\nfrom hypercycle.__main__ import main\nmain()"
    completed = python(script, "check", "plan.toml")
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr == (
        "hypercycle: error: the command line needs click: pip install 'hypercycle[cli]'\n"
    )


@pytest.mark.parametrize(
    ("absent", "arguments", "text"),
    [
        ("tomlkit", ["new"], "pip install 'hypercycle[files]'"),
        ("plotext", ["show", "plan.toml"], "pip install 'hypercycle[cli]'"),
        ("matplotlib", ["plot", "plan.toml", "-o", "a.png"], "pip install 'hypercycle[plot]'"),
        ("yaml", ["check", "plan.yaml"], "pip install 'PyYAML'"),
    ],
)
def test_without_a_package_one_line_says_how_to_get_it(absent, arguments, text):
    Path("plan.yaml").write_text("lr: 0.1\n", encoding="utf-8")
    script = (
        f"import sys; sys.modules[{absent!r}] = None\nfrom hypercycle.__main__ import main\nmain()"
    )
    completed = python(script, *arguments)
    lines = (completed.stdout + completed.stderr).splitlines()
    assert completed.returncode == 2
    assert len(lines) == 1
    assert lines[0].endswith(text)


def test_help_and_lists_import_no_framework_and_nothing_that_draws_or_validates():
    script = (
        "import sys\n"
        "import hypercycle\n"
        "print('click' in sys.modules, file=sys.stderr)\n"
        "from hypercycle.command_line import hypercycle\n"
        "for arguments in (['list', '--help'], ['list'], ['-h'], ['new', '-h']):\n"
        "    try:\n"
        "        hypercycle(arguments, prog_name='hypercycle')\n"
        "    except SystemExit as done:\n"
        "        print(done.code or 0, file=sys.stderr)\n"
        "heavy = 'torch keras jax tensorflow optax matplotlib plotext pydantic tomlkit click'\n"
        "print(*(name for name in heavy.split() if name in sys.modules), file=sys.stderr)\n"
    )
    assert python(script).stderr.split() == ["False", "0", "0", "0", "0", "click"]


# --- pipes, signals, encodings ---


def test_a_reader_that_stops_ends_it_in_silence_however_long_the_range_is():
    with subprocess.Popen(
        [*PROGRAM, "values", "plan.toml", "--steps", "0:9007199254740991"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"step,lr\n"
        assert process.stdout.readline() == b"0,0.0001\n"
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr.read() == b""


def test_ctrl_c_ends_it_quietly_with_status_130():
    with subprocess.Popen(
        [*IN_FOREGROUND, "values", "plan.toml", "--steps", "0:9007199254740991"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()  # it is at work
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert errors.strip() == b""


@pytest.mark.parametrize("arguments", [["list"], ["values", "plan.toml"], ["schema"]], ids=str)
def test_a_full_disk_is_an_error_in_one_line(arguments):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with full.open("w") as output:
        completed = subprocess.run(
            [*PROGRAM, *arguments], stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    assert completed.returncode == 2
    assert completed.stderr == "hypercycle: error: No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["show", "plan.toml"], "0.0001+*"),
        (["list", "waveforms"], "  hann                   hypercycle"),
        (["check", "circle.toml"], "is circular: lr ? momentum ? lr"),
        (["range-test", "os:getcwd"], "as hypercycle_torch.range_test(?) does"),
    ],
    ids=str,
)
def test_output_that_knows_few_characters(arguments, text):
    Path("circle.toml").write_text(
        '[lr]\nopposite = "momentum"\nlow = 1\nhigh = 2\n'
        '[momentum]\nopposite = "lr"\nlow = 1\nhigh = 2\n',
        encoding="utf-8",
    )
    completed = run(*PROGRAM, *arguments, PYTHONIOENCODING="latin-1")
    assert "Traceback" not in completed.stderr
    printed = completed.stdout + completed.stderr
    assert printed.isascii()
    assert text in printed


# --- a terminal ---

TERMINAL = """
import fcntl, os, pty, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execv(sys.executable, [sys.executable, "-m", "hypercycle", *sys.argv[3:]])
try:
    while part := os.read(terminal, 65536):
        os.write(1, part)
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def on_terminal(*arguments, rows=24, columns=80, **environment):
    pytest.importorskip("pty")
    completed = run(sys.executable, "-c", TERMINAL, str(rows), str(columns), *arguments,
                    **environment)  # fmt: skip
    completed.stdout = completed.stdout.replace("\r\n", "\n")
    return completed


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [
        (["check", "broken.toml", "plan.toml"], 40),
        (["show", "broken.toml"], 40),
        (["show", "plan.toml"], 40),
        (["shwo"], 40),
        (["show", "plan.toml"], 80),
        (["list"], 80),
        (["new", "-h"], 80),
    ],
    ids=str,
)
def test_all_output_fits_the_terminal(arguments, columns):
    text = plain(on_terminal(*arguments, columns=columns).stdout)
    assert text.strip()
    assert max(map(len, text.splitlines())) <= columns


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (40, 100)])
def test_show_fits_the_height_with_the_prompt(rows, columns):
    Path("three.toml").write_text(
        PLAN + "".join(
            f'[{name}]\nopposite = "lr"\nlow = 0.1\nhigh = 0.5\n' for name in ("momentum", "beta2")
        ),
        encoding="utf-8",
    )  # fmt: skip
    shown = plain(on_terminal("show", "three.toml", rows=rows, columns=columns).stdout)
    assert rows - 5 <= len(shown.splitlines()) <= rows - 2
    assert max(map(len, shown.splitlines())) == columns


def test_titles_are_bold_on_a_terminal_unless_told():
    assert "\x1b[1mlr\x1b[0m\n" in on_terminal("show", "plan.toml").stdout
    assert "\x1b" not in on_terminal("show", "plan.toml", NO_COLOR="1").stdout
    assert "\x1b" not in on_terminal("list", NO_COLOR="1").stdout
    assert "\x1b" not in run(*PROGRAM, "show", "plan.toml").stdout


def test_ctrl_c_during_a_users_own_code():
    Path("slow.py").write_text(
        "import time\n\ndef find():\n    print('at work', flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [*IN_FOREGROUND, "range-test", "slow:find"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"at work\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert errors.strip() == b""


# --- completion ---


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("hypercycle s", ["plain,show", "plain,schema"]),
        ("hypercycle list a", ["plain,adapters"]),
        ("hypercycle new --policy tri", ["plain,triangular", "plain,triangular2"]),
        ("hypercycle check pl", ["file,pl"]),
    ],
)
def test_completion_of_bash(typed, offered):
    completed = run(
        *PROGRAM,
        _HYPERCYCLE_COMPLETE="bash_complete",
        COMP_WORDS=typed,
        COMP_CWORD=str(len(typed.split()) - 1),
    )
    assert completed.stdout.splitlines() == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_that_the_page_switches_on(shell):
    assert f"_HYPERCYCLE_COMPLETE={shell}_source hypercycle" in PAGE.read_text(encoding="utf-8")
    script = run(*PROGRAM, _HYPERCYCLE_COMPLETE=f"{shell}_source").stdout
    assert "_hypercycle_completion" in script
