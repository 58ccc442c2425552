"""examples/plugin as a stranger uses it: copied, built, installed, found by its names."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import hypercycle
from hypercycle import plugins

pytestmark = pytest.mark.slow

ROOT = Path(hypercycle.__file__).parents[1]
EXAMPLE = ROOT / "examples" / "plugin"


def run(*command, folder, installed=None):
    """What the command prints, run in the folder with the plugin installed or not."""
    paths = [*([installed] if installed else []), ROOT, ROOT / "adapters"]
    environment = {k: v for k, v in os.environ.items() if k != plugins.ENVIRONMENT_VARIABLE}
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env=environment | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the folder, outside of hypercycle's."""
    rubbish = shutil.ignore_patterns("__pycache__", ".*", "dist")
    return shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("a") / "plugin", ignore=rubbish)


@pytest.fixture(scope="module")
def built(copy):
    run("-m", "build", "--no-isolation", folder=copy)
    return copy / "dist"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    target = tmp_path_factory.mktemp("site")
    (wheel,) = built.glob("*.whl")
    pip = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps")
    run(*pip, "--target", target, wheel, folder=built)
    return target


def test_the_wheel_holds_the_package_alone(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
        entry_points = file.read("hypercycle_example-0.1.0.dist-info/entry_points.txt").decode()
    assert names == {"hypercycle_example/__init__.py", "hypercycle_example/py.typed"}
    assert entry_points.split() == ["[hypercycle]", "hypercycle_example", "=", "hypercycle_example"]


def test_the_source_distribution_holds_the_tests(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert {"pyproject.toml", "README.md", "tests/test_hypercycle_example.py"} <= names


def test_its_names_work_without_an_import(installed, tmp_path):
    script = """
import hypercycle as hc
cycle = hc.Cycle(0.0, 1.0, 100, waveform="poly", scale=hc.scales()["inverse_time"](0.5))
print([cycle(step) for step in (0, 50, 100, 300)], cycle)
"""
    assert run("-c", script, folder=tmp_path, installed=installed) == (
        f"[0.0, {0.5**0.9}, 1.0, {1 / 1.5}] "
        "Cycle(0.0, 1.0, 100, waveform='poly', scale=InverseTime(rate=0.5))\n"
    )


def test_its_names_are_unknown_without_it(tmp_path):
    script = """
import hypercycle as hc
try:
    hc.Cycle(0.0, 1.0, 100, waveform="poly")
except ValueError as error:
    print(error)
"""
    assert run("-c", script, folder=tmp_path).startswith("unknown waveform 'poly'; known: ")


def readme_block(language):
    blocks = (EXAMPLE / "README.md").read_text(encoding="utf-8").split(f"```{language}\n")[1:]
    return blocks[0].partition("```")[0]


def test_the_readme_runs(installed, tmp_path):
    script = readme_block("python") + "print(lr(0), lr(500) == 0.01 * 0.5**0.9)"
    assert run("-c", script, folder=tmp_path, installed=installed) == "0.01 True\n"


@pytest.mark.skipif(find_spec("tomlkit") is None, reason="writing TOML needs tomlkit")
def test_its_names_work_in_plan_files(installed, tmp_path):
    (tmp_path / "plan.toml").write_text(readme_block("toml"), encoding="utf-8")
    script = """
import hypercycle as hc
plan = hc.Plan.load("plan.toml")
plan.save("again.toml")
print(plan["lr"], hc.Plan.load("again.toml") == plan)
"""
    assert run("-c", script, folder=tmp_path, installed=installed) == (
        "Cycle(0.0, 0.01, 500, waveform='poly', scale=InverseTime(rate=0.5)) True\n"
    )


@pytest.mark.skipif(find_spec("click") is None, reason="the command line needs click")
def test_it_is_listed(installed, tmp_path):
    listed = run("-m", "hypercycle", "list", folder=tmp_path, installed=installed)
    lines = [line.split() for line in listed.splitlines()]
    assert ["hypercycle_example", "hypercycle-example", "0.1.0", "scales,", "waveforms"] in lines
    assert ["inverse_time(rate=1.0)", "hypercycle-example", "0.1.0"] in lines
    assert "poly" in [line[0] for line in lines if line[-2:] == ["hypercycle-example", "0.1.0"]]


def test_its_own_tests_pass(copy, installed):
    # -P: what is tested is what was installed, not the folder beside the tests.
    printed = run("-P", "-m", "pytest", "-p", "no:cacheprovider", folder=copy, installed=installed)
    assert "7 passed" in printed.splitlines()[-1]
