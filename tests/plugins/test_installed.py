"""Plugins: real distributions, built and installed, each question asked in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

import hypercycle
from hypercycle import plugins

pytestmark = pytest.mark.slow

SOURCES = Path(__file__).parents[1] / "distributions"
FRAMEWORKS = {"torch", "jax", "jaxlib", "tensorflow", "keras", "optax"}


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Build wheels of the test distributions and unpack each into a folder, as pip does."""
    wheels = tmp_path_factory.mktemp("wheels")
    projects = sorted(path.parent for path in SOURCES.glob("*/pyproject.toml"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *offline, "--wheel-dir", wheels, *projects], check=True)
    directories = {}
    for wheel in wheels.glob("*.whl"):
        name = wheel.name.partition("-")[0].removeprefix("hypercycle_").removesuffix("_plugin")
        directories[name] = tmp_path_factory.mktemp(name)
        with zipfile.ZipFile(wheel) as file:
            file.extractall(directories[name])
    assert sorted(directories) == ["broken", "example", "rival"]
    return directories


PRELUDE = """
import json, sys, warnings
before = set(sys.modules)
answer = None
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as caught:
{script}
print(json.dumps({{
    "answer": answer,
    "loaded": sorted(set(sys.modules) - before),
    "warnings": [str(one.message) for one in caught if one.category is RuntimeWarning],
}}))
"""


def ask(script, *directories, **environment):
    """Run ``script`` in a new process that sees the directories; return what it answered."""
    paths = [*map(str, directories), str(Path(hypercycle.__file__).parents[1])]
    inherited = {k: v for k, v in os.environ.items() if k != plugins.ENVIRONMENT_VARIABLE}
    if "PYTHONPATH" in inherited:
        paths.append(inherited["PYTHONPATH"])
    completed = subprocess.run(
        [sys.executable, "-c", PRELUDE.format(script=textwrap.indent(script, "    "))],
        env={**inherited, "PYTHONPATH": os.pathsep.join(paths), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout.splitlines()[-1])


def adapters(loaded):
    return {name for name in loaded if name.startswith("hypercycle_") and "." not in name}


def of_broken(messages):
    return [message for message in messages if "hypercycle-broken-plugin" in message]


def test_importing_hypercycle_loads_no_plugin_no_framework_and_no_metadata(installed):
    loaded = set(ask("import hypercycle", *installed.values())["loaded"])
    assert "hypercycle" in loaded
    assert not loaded & FRAMEWORKS
    assert not adapters(loaded)
    assert "importlib.metadata" not in loaded


def test_that_test_can_fail(installed):
    # That a framework would be seen, the test of driving a PyTorch optimizer shows.
    script = "import hypercycle, hypercycle_example_plugin, importlib.metadata"
    loaded = set(ask(script, *installed.values())["loaded"])
    assert adapters(loaded) == {"hypercycle_example_plugin"}
    assert "importlib.metadata" in loaded


def test_a_built_in_name_does_not_look_for_plugins(installed):
    script = """
from hypercycle.shapes import registry
registry.waveform("hann")
registry.scale("halving")
"""
    loaded = ask(script, *installed.values())["loaded"]
    assert "importlib.metadata" not in loaded
    unknown = script.replace("hann", "smoothstep")  # the same test must be able to fail
    loaded = ask(unknown, installed["example"])["loaded"]
    assert "importlib.metadata" in loaded
    assert "hypercycle_example_plugin" in loaded


DRIVE = """
import kettle
import hypercycle as hc
class Samovar(kettle.Kettle): pass
target = Samovar()
cycler = hc.attach(target, temperature=hc.Cycle(20, 100, step_size_up=4))
cycler.step()
answer = [type(cycler).__name__, target.temperature]
"""


def test_driving_an_object_loads_the_plugin_of_its_package_alone(installed):
    result = ask(DRIVE, installed["example"], installed["broken"])
    assert result["answer"] == ["KettleCycler", 40.0]
    assert result["warnings"] == []
    assert adapters(result["loaded"]) == {"hypercycle_example_plugin"}
    assert not FRAMEWORKS & set(result["loaded"])


def test_a_plugin_is_not_offered_the_objects_of_other_packages(installed):
    script = """
import fractions, kettle
from hypercycle import plugins
plugins.load_all()
answer = [[one.plugin_name for one in plugins.for_target(target)]
          for target in (kettle.Kettle(), kettle.Kettle, fractions.Fraction(1, 2))]
"""
    answer = ask(script, installed["example"])["answer"]
    assert answer == [["hypercycle_example_plugin"], ["hypercycle_example_plugin"], []]


def test_that_the_test_of_driving_can_fail(installed):
    everything = DRIVE + "hc.waveforms()"
    result = ask(everything, installed["example"], installed["broken"])
    assert "hypercycle_misspelt_plugin" in adapters(result["loaded"])
    assert len(of_broken(result["warnings"])) == 2


def test_driving_a_torch_optimizer_loads_the_torch_adapters_alone_and_ours_comes_first(
    installed, tmp_path
):
    (tmp_path / "a_torch_plugin.py").write_text(
        "import hypercycle\n@hypercycle.hookimpl\ndef hypercycle_attach(): return None\n"
    )
    information = tmp_path / "a_torch_plugin-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: a-torch-plugin\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text("[hypercycle]\ntorch = a_torch_plugin\n")
    script = """
import torch
from hypercycle import plugins
found = plugins.for_target(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1))
answer = [one.plugin_name for one in found]
"""
    result = ask(script, tmp_path, installed["example"], installed["broken"])
    assert result["answer"] == ["hypercycle_torch", "a_torch_plugin"]
    assert result["warnings"] == []
    assert adapters(result["loaded"]) == {"hypercycle_torch"}
    assert FRAMEWORKS & set(result["loaded"]) == {"torch"}


def test_adapters_of_frameworks_that_are_not_imported_are_left_alone(installed):
    script = "from hypercycle import plugins; plugins.load_all()"
    result = ask(script, installed["example"])
    assert adapters(result["loaded"]) == {"hypercycle_example_plugin"}
    assert not FRAMEWORKS & set(result["loaded"])


def test_loading_the_torch_adapter_does_not_load_torch():
    script = "from hypercycle import plugins; plugins.load_all()"
    result = ask(script, HYPERCYCLE_PLUGINS="torch")
    assert adapters(result["loaded"]) == {"hypercycle_torch"}
    assert not FRAMEWORKS & set(result["loaded"])


def test_a_plugin_brings_names_and_values(installed):
    script = """
from hypercycle.shapes import registry
from hypercycle.namespaces import NUMPY
import numpy as np
fn = registry.waveform("smoothstep")
answer = [
    fn(np.array([0.0, 0.25, 1.0]), NUMPY).tolist(),
    registry.scale("harmonic", rate=3.0)(1.0, 0.0, NUMPY),
    registry.name_of_waveform(fn),
    registry.name_of_scale(registry.scale("harmonic")),
]
"""
    result = ask(script, installed["example"])
    assert result["answer"] == [[0.0, 0.15625, 1.0], 0.25, "smoothstep", "harmonic"]


def test_a_broken_plugin_warns_once_and_the_others_go_on(installed):
    script = """
from hypercycle.shapes import registry
registry.waveform("smoothstep")
try:
    registry.waveform("smothstep")
except ValueError as error:
    answer = str(error)
"""
    result = ask(script, installed["broken"], installed["example"])
    misspelt, broken = of_broken(result["warnings"])
    assert misspelt == (
        "plugin 'broken_hook' (hypercycle_misspelt_plugin, distribution hypercycle-broken-plugin "
        "0.0.1) failed and is left out: PluginValidationError: unknown hook hypercycle_wavefroms; "
        "did you mean 'hypercycle_waveforms'? the hooks are hypercycle_waveforms, "
        "hypercycle_scales, hypercycle_attach, hypercycle_step"
    )
    assert broken == (
        "plugin 'broken_import' (hypercycle_broken_plugin, distribution hypercycle-broken-plugin "
        "0.0.1) failed and is left out: ModuleNotFoundError: No module named "
        "'a_package_that_is_not_installed'"
    )
    assert "unknown waveform 'smothstep'; did you mean 'smoothstep'?" in result["answer"]
    assert "plugin 'broken_import' (hypercycle_broken_plugin, " in result["answer"]
    assert "a_package_that_is_not_installed" in result["answer"]


def test_two_plugins_of_one_entry_point_name_are_both_loaded(installed):
    script = """
import kettle
from hypercycle import plugins
answer = [one.plugin_name for one in plugins.for_target(kettle.Kettle())]
"""
    result = ask(script, installed["rival"], installed["example"])
    assert result["answer"] == ["hypercycle_example_plugin", "hypercycle_rival_plugin"]


def test_a_name_of_two_plugins_is_an_error_that_names_both(installed):
    script = """
from hypercycle.shapes import registry
from hypercycle.waveform_functions import hann
answer = []
for question in (
    lambda: registry.waveform("smoothstep"),
    lambda: registry.waveforms(),
    lambda: registry.register_waveform("cubic", hann),
):
    try:
        question()
    except ValueError as error:
        answer.append(str(error))
answer.append(registry.waveform("cubic").__name__)
"""
    result = ask(script, installed["rival"], installed["example"])
    one, everything, at_run_time, other = result["answer"]
    example = (
        "plugin 'kettle' (hypercycle_example_plugin, distribution hypercycle-example-plugin 1.2.3)"
    )
    rival = "plugin 'kettle' (hypercycle_rival_plugin, distribution hypercycle-rival-plugin 9.0)"
    assert one.startswith(f"waveform 'smoothstep' is claimed by {example} and by {rival}; ")
    assert everything == one
    assert at_run_time.startswith(
        f"waveform 'cubic' is claimed by {rival} and by "
        "register_waveform (hypercycle.shapes.waveforms.hann); "
    )
    assert other == "cubic"


OBSERVERS = """
from hypercycle import plugins
answer = [one.plugin_name for one in plugins.observers()]
"""


def test_an_installed_observer_is_switched_on_by_the_environment(installed):
    assert ask(OBSERVERS, installed["example"])["answer"] == []
    result = ask(OBSERVERS, installed["example"], HYPERCYCLE_PLUGINS=" torch, kettle ")
    assert result["answer"] == ["hypercycle_example_plugin"]
    assert adapters(result["loaded"]) == {"hypercycle_example_plugin", "hypercycle_torch"}


def test_an_observer_that_is_switched_on_sees_the_steps_of_other_plugins_targets(installed):
    script = """
import types
import hypercycle as hc
dropout = types.SimpleNamespace(p=0.5)
cycler = hc.attach(dropout, p=hc.Cycle(0.0, 1.0, step_size_up=4))
cycler.step()
answer = getattr(sys.modules.get("hypercycle_example_plugin"), "observed", "not loaded")
"""
    seen = ask(script, installed["example"], HYPERCYCLE_PLUGINS="kettle")["answer"]
    assert seen == [[0, {"p": 0.0}], [1, {"p": 0.25}]]
    assert ask(script, installed["example"], HYPERCYCLE_PLUGINS="")["answer"] == "not loaded"


def test_an_empty_setting_switches_plugins_off(installed):
    script = """
import kettle
from hypercycle import plugins
from hypercycle.shapes import registry
try:
    registry.waveform("smoothstep")
except ValueError as error:
    answer = [str(error), len(plugins.for_target(kettle.Kettle())), len(plugins.observers())]
"""
    result = ask(script, installed["example"], HYPERCYCLE_PLUGINS="")
    message, drivers, observers = result["answer"]
    assert message.endswith("\nHYPERCYCLE_PLUGINS='' leaves the other plugins out")
    assert (drivers, observers) == (0, 0)
    assert "importlib.metadata" not in result["loaded"]


def test_a_setting_leaves_the_other_plugins_out(installed):
    script = "from hypercycle import plugins; plugins.load_all()"
    result = ask(script, *installed.values(), HYPERCYCLE_PLUGINS="kettle")
    assert result["warnings"] == []
    assert adapters(result["loaded"]) == {"hypercycle_example_plugin", "hypercycle_rival_plugin"}


def test_a_setting_that_names_what_is_not_installed_is_an_error(installed):
    script = (
        OBSERVERS.replace("answer", "try:\n    answer")
        + """
except ValueError as error:
    answer = str(error)
"""
    )
    result = ask(script, installed["example"], HYPERCYCLE_PLUGINS="kettle,teapot")
    assert result["answer"] == (
        "HYPERCYCLE_PLUGINS asks for 'teapot', but the installed plugins are: keras, "
        "kettle, optax, torch"
    )


def test_the_listing_tells_loaded_broken_and_waiting_plugins_apart(installed):
    script = """
import dataclasses
from hypercycle import plugins
from hypercycle.plugins import host
host._load(lambda name: name in ("kettle", "broken_import"))
answer = [dataclasses.astuple(one) for one in plugins.listing() if one.distribution != "hypercycle"]
"""
    result = ask(script, installed["example"], installed["broken"])
    hooks = ["hypercycle_attach", "hypercycle_scales", "hypercycle_step", "hypercycle_waveforms"]
    broken = "hypercycle-broken-plugin"
    assert result["answer"] == [
        ["broken_hook", "hypercycle_misspelt_plugin", broken, "0.0.1", None, None],
        [
            "broken_import",
            "hypercycle_broken_plugin",
            broken,
            "0.0.1",
            None,
            "ModuleNotFoundError: No module named 'a_package_that_is_not_installed'",
        ],
        [
            "kettle",
            "hypercycle_example_plugin",
            "hypercycle-example-plugin",
            "1.2.3",
            hooks,
            None,
        ],
    ]
