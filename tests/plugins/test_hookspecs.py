"""The hooks: what each is called with, and what becomes of what it returns."""

from dataclasses import dataclass
from inspect import signature

import pytest
from strategies import cubic

from hypercycle import hookimpl, plugins
from hypercycle.plugins import hookspecs
from hypercycle.shapes import registry


def test_every_hook_has_a_test():
    assert len(plugins.HOOKS) == 4
    for name in plugins.HOOKS:
        assert f"test_hook_{name}" in globals()


def test_every_hook_documents_its_arguments():
    for name in plugins.HOOKS:
        hook = getattr(hookspecs, name)
        for argument in signature(hook).parameters:
            assert f"``{argument}``" in hook.__doc__


def test_hook_hypercycle_waveforms():
    class Plugin:
        @hookimpl
        def hypercycle_waveforms(self):
            return {"cubic": cubic}

    plugins.register_plugin(Plugin())
    assert registry.waveform("cubic") is cubic
    assert registry.waveforms()["cubic"] is cubic
    assert registry.name_of_waveform(cubic) == "cubic"


@dataclass(frozen=True)
class Harmonic:
    rate: float = 1.0

    def __call__(self, cycle, step, xp):
        del step, xp
        return 1.0 / (1.0 + self.rate * cycle)


def test_hook_hypercycle_scales():
    class Plugin:
        @hookimpl
        def hypercycle_scales(self):
            return {"harmonic": Harmonic}

    plugins.register_plugin(Plugin())
    assert registry.scale("harmonic", rate=2.0) == Harmonic(2.0)
    assert registry.scales()["harmonic"] is Harmonic
    assert registry.name_of_scale(Harmonic(3.0)) == "harmonic"


def test_hook_hypercycle_attach():
    class Declines:
        @hookimpl
        def hypercycle_attach(self):
            return None

    class Drives:
        @hookimpl
        def hypercycle_attach(self, options, target):
            return target, options

    plugins.register_plugin(Drives())
    plugins.register_plugin(Declines())
    results = [
        plugins.call(one, target="target", plan="plan", options="options")
        for one in plugins.for_target(object())
    ]
    assert results == [None, ("target", "options")]


def test_hook_hypercycle_step():
    assert plugins.observers() == ()
    seen = []

    class Observer:
        @hookimpl
        def hypercycle_step(self, values, step):
            seen.append((step, values))
            if step == 2:
                raise ArithmeticError("the loss is gone")

    plugins.register_plugin(Observer())
    (observer,) = plugins.observers()
    plugins.call(observer, step=1, values={"lr": 0.1}, target=None)
    assert seen == [(1, {"lr": 0.1})]
    with pytest.raises(ArithmeticError, match="the loss is gone"):
        plugins.call(observer, step=2, values={}, target=None)
