"""Plugins: real distributions, built and installed, each question asked in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from strategies import cubic

import hypercycle
from hypercycle import hookimpl, plugins
from hypercycle.shapes import registry

SOURCES = Path(__file__).parents[1] / "distributions"
FRAMEWORKS = {"torch", "jax", "jaxlib", "tensorflow", "keras", "optax"}


# --- plugins registered at run time ---


def test_registering_twice_is_registering_once_and_unregistering_undoes_it():
    class Observer:
        @hookimpl
        def hypercycle_step(self):
            pass

    one, other = Observer(), Observer()
    plugins.register_plugin(one)
    plugins.register_plugin(one)
    assert [found.plugin for found in plugins.observers()] == [one]
    plugins.register_plugin(other)
    assert [found.plugin for found in plugins.observers()] == [other, one]
    plugins.unregister_plugin(one)
    assert [found.plugin for found in plugins.observers()] == [other]
    with pytest.raises(ValueError, match="is not registered"):
        plugins.unregister_plugin(one)


def test_a_module_is_a_plugin():
    module = ModuleType("logbook")
    exec("import hypercycle\n@hypercycle.hookimpl\ndef hypercycle_step(): pass", vars(module))
    plugins.register_plugin(module)
    assert plugins.listing() == (
        plugins.PluginRecord("logbook", "logbook", None, None, ("hypercycle_step",), None),
    )


def test_lazy_attributes_of_a_plugin_are_left_alone():
    module = ModuleType("lazy")
    exec(
        textwrap.dedent("""
            import hypercycle
            def __dir__(): return ["hypercycle_step", "Cycler"]
            def __getattr__(name): raise ImportError("the framework would be imported here")
            @hypercycle.hookimpl
            def hypercycle_step(): pass
        """),
        vars(module),
    )
    plugins.register_plugin(module)
    assert len(plugins.observers()) == 1


def test_the_order_is_latest_first_unless_a_plugin_says_otherwise():
    def named(label, **options):
        class Plugin:
            @hookimpl(**options)
            def hypercycle_attach(self):
                return label

        return Plugin()

    for plugin in (
        named("first", tryfirst=True),
        named("old"),
        named("last", trylast=True),
        named("new"),
    ):
        plugins.register_plugin(plugin)
    order = [plugins.call(one) for one in plugins.for_target(object())]
    assert order == ["first", "new", "old", "last"]


class _Misspelt:
    @hookimpl
    def hypercycle_wavefroms(self):
        return {}


class _Unmarked:
    def hypercycle_waveforms(self):
        return {}


class _Wrapper:
    @hookimpl(wrapper=True)
    def hypercycle_waveforms(self):
        return (yield)


class _UnknownArgument:
    @hookimpl
    def hypercycle_step(self, loss):
        pass


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (_Misspelt(), "unknown hook hypercycle_wavefroms; did you mean 'hypercycle_waveforms'?"),
        (_Unmarked(), "hypercycle_waveforms is not marked as a hook; write @hypercycle.hookimpl"),
        (_Wrapper(), "hypercycle_waveforms is a hook wrapper"),
        (_UnknownArgument(), "loss"),
        (object(), "it has none of the hooks hypercycle_waveforms, "),
    ],
)
def test_what_is_no_plugin_is_refused_and_not_kept(plugin, message):
    with pytest.raises(ValueError, match=message):
        plugins.register_plugin(plugin)
    assert plugins.listing() == ()
    assert plugins.implementations("hypercycle_waveforms") == ()
    assert plugins.observers() == ()


def test_a_class_is_refused():
    with pytest.raises(TypeError, match="a module or an instance, got the class _Misspelt"):
        plugins.register_plugin(_Misspelt)


def test_an_equal_plugin_is_refused():
    @dataclass
    class Recorder:
        seen: list

        @hookimpl
        def hypercycle_step(self, step):
            self.seen.append(step)

    plugins.register_plugin(Recorder([]))
    with pytest.raises(ValueError, match=r"equals a plugin that is registered.*eq=False"):
        plugins.register_plugin(Recorder([]))


def test_a_plugin_that_raises_does_not_lose_the_names_of_the_others():
    class Good:
        @hookimpl
        def hypercycle_waveforms(self):
            return {"cubic": cubic}

    class Bad:
        @hookimpl
        def hypercycle_waveforms(self):
            raise ArithmeticError("no waveforms today")

    plugins.register_plugin(Good())
    plugins.register_plugin(Bad())
    with pytest.warns(RuntimeWarning, match=r"Bad.*left out: ArithmeticError: no waveforms today"):
        assert registry.waveform("cubic") is cubic
    # warned once: a second warning would be an error here
    with pytest.raises(ValueError, match=r"unknown waveform 'cubik'; did you mean 'cubic'\?") as no:
        registry.waveform("cubik")
    assert "Bad" in str(no.value)
    assert "failed: ArithmeticError: no waveforms today" in str(no.value)


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        (None, "hypercycle_waveforms must return a mapping, got None"),
        ({"two words": cubic}, "one word without white space, got 'two words'"),
        ({"half": lambda x, xp: 0.5 * x}, "waveform 'half' must run from"),
        ({"three": 3}, "waveform 'three' must be a function"),
    ],
)
def test_what_is_no_waveform_is_an_error_of_its_plugin(offered, message):
    class Plugin:
        @hookimpl
        def hypercycle_waveforms(self):
            return offered

    plugins.register_plugin(Plugin())
    with pytest.warns(RuntimeWarning, match=message):
        assert set(registry.waveforms()) == set(registry.WAVEFORMS)


# --- installed plugins ---


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Build wheels of the distributions in tests/plugins and install each into a directory."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--quiet", "--no-index", "--no-deps"]
    wheels = tmp_path_factory.mktemp("wheels")
    projects = sorted(path.parent for path in SOURCES.glob("*/pyproject.toml"))
    build = [*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", wheels, *projects]
    subprocess.run(build, check=True)
    directories = {}
    for wheel in wheels.glob("*.whl"):
        name = wheel.name.partition("-")[0].removeprefix("hypercycle_").removesuffix("_plugin")
        directories[name] = tmp_path_factory.mktemp(name)
        install = [*pip, "install", *offline, "--no-compile", "--target", directories[name], wheel]
        subprocess.run(install, check=True)
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


@pytest.mark.slow
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
