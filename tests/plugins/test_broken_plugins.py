"""Plugins that exit, fail, or are imported by two threads at once: each in a process of its own."""

import subprocess
import sys

import pytest

WAVE = """
import hypercycle
@hypercycle.hookimpl
def hypercycle_waveforms():
    return {"goodwave": lambda x, xp: x * x}
"""
ATTACH = """
import hypercycle
@hypercycle.hookimpl
def hypercycle_attach(target):
    raise {error}("no idea what this is")
"""
TARGET = """
class Target:
    p = 0.5
"""


@pytest.fixture
def run(tmp_path):
    def run(program, **modules):
        for name, code in modules.items():
            (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
            info = tmp_path / f"{name}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[hypercycle]\n{name} = {name}\n")
        prelude = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        return subprocess.run(
            [sys.executable, "-W", "always", "-c", prelude + program],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    "ending", ["import sys; sys.exit(3)", "raise BaseException('odd')", "1 / 0", "import no_such"]
)
def test_a_plugin_that_ends_its_import_is_left_out_with_one_warning(run, ending):
    program = """
import hypercycle as hc
for _ in range(2):
    print(hc.Cycle(0, 1, 2, waveform="goodwave")(1))
"""
    result = run(program, aa_ends=ending, good=WAVE)
    assert (result.returncode, result.stdout) == (0, "0.25\n0.25\n"), result.stderr
    assert result.stderr.count("plugin 'aa_ends' (aa_ends, distribution aa_ends 1.0) failed") == 1


def test_ctrl_c_while_a_plugin_is_imported_goes_through(run):
    result = run("import hypercycle as hc; hc.waveforms()", aa="raise KeyboardInterrupt", good=WAVE)
    assert result.returncode != 0
    assert "KeyboardInterrupt" in result.stderr


def test_two_threads_that_load_plugins_do_not_wait_for_each_other(run):
    slow = WAVE.replace("goodwave", "slowwave").replace(
        "import hypercycle\n",
        "import hypercycle, time\n"
        "time.sleep(0.5)\n"
        "hypercycle.Cycle(0, 1, 3, waveform='goodwave')\n",
    )
    program = """
import os, threading, time
import hypercycle as hc
first = threading.Thread(target=lambda: __import__("aa_slow"), daemon=True)
second = threading.Thread(target=lambda: hc.Cycle(0, 1, 3, waveform="goodwave"), daemon=True)
first.start(); time.sleep(0.1); second.start()
first.join(20); second.join(20)
print(first.is_alive(), second.is_alive(), hc.waveforms()["slowwave"](0.5, None), flush=True)
os._exit(0)
"""
    result = run(program, aa_slow=slow, good=WAVE)
    assert (result.stdout, result.stderr) == ("False False 0.25\n", "")


def test_what_a_plugin_refuses_is_refused_with_its_name(run):
    program = "import hypercycle as hc, target; hc.attach(target.Target(), p=hc.Cycle(0.1, 0.3, 2))"
    result = run(program, other=ATTACH.format(error="ValueError"), target=TARGET)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-2:] == [
        "ValueError: no idea what this is",
        "(raised by plugin 'other' (other, distribution other 1.0))",
    ]


def test_a_plugin_that_fails_does_not_keep_an_object_from_being_driven(run):
    program = """
import hypercycle as hc, target
one = target.Target()
hc.attach(one, p=hc.Cycle(0.1, 0.3, 2))
print(one.p)
"""
    result = run(program, other=ATTACH.format(error="AttributeError"), target=TARGET)
    assert (result.returncode, result.stdout) == (0, "0.1\n")
    assert "plugin 'other' (other, distribution other 1.0) failed and is left out" in result.stderr


def test_a_failure_of_the_target_s_own_plugin_is_an_error(run):
    program = "import hypercycle as hc, target; hc.attach(target.Target(), p=hc.Cycle(0.1, 0.3, 2))"
    result = run(program, target=TARGET + ATTACH.format(error="AttributeError"))
    assert result.returncode == 1
    assert "AttributeError: no idea what this is" in result.stderr
    assert "(raised by plugin 'target' (target, distribution target 1.0))" in result.stderr
