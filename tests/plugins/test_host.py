"""Plugins that are registered at run time: kept, ordered, refused."""

import textwrap
from dataclasses import dataclass
from types import ModuleType

import pytest
from strategies import cubic

from hypercycle import hookimpl, plugins
from hypercycle.shapes import registry


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
