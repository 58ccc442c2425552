"""Names: built in, registered at run time, refused."""

import functools
from dataclasses import dataclass

import numpy as np
import pytest

from hypercycle import plugins
from hypercycle.namespaces.namespace import NUMPY
from hypercycle.plugins import host
from hypercycle.shapes import registry
from hypercycle.shapes.scales import SCALES, Exponential, Halving, Unscaled
from hypercycle.shapes.waveforms import WAVEFORMS, hann, triangular


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Give each test empty registers, and no installed plugins."""
    monkeypatch.delenv(plugins.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setattr(host, "_state", host._State(entry_points=()))
    for names in (registry._WAVEFORMS, registry._SCALES):
        for name in list(names.registered):
            monkeypatch.delitem(names.registered, name)
    yield
    for names in (registry._WAVEFORMS, registry._SCALES):
        names.registered.clear()


def cubic(x, xp):
    del xp
    return x * x * x


def quartic(x, xp):
    del xp
    return x * x * x * x


@dataclass(frozen=True)
class Power:
    exponent: float

    def __call__(self, x, xp):
        del xp
        return x**self.exponent


@dataclass(frozen=True)
class Harmonic:
    rate: float = 1.0

    def __call__(self, cycle, step, xp):
        del step, xp
        return 1.0 / (1.0 + self.rate * cycle)


@pytest.mark.parametrize("name", WAVEFORMS)
def test_a_built_in_waveform_is_found_by_its_name(name):
    assert registry.waveform(name) == WAVEFORMS[name]
    assert registry.waveforms()[name] == WAVEFORMS[name]
    assert WAVEFORMS[registry.name_of_waveform(WAVEFORMS[name])] == WAVEFORMS[name]


@pytest.mark.parametrize("name", SCALES)
def test_a_built_in_scale_is_found_by_its_name(name):
    parameters = {"gamma": 0.5} if name == "exponential" else {}
    policy = registry.scale(name, **parameters)
    assert type(policy) is SCALES[name]
    assert registry.name_of_scale(policy) == name


def test_the_first_of_two_names_is_the_name_of_a_waveform():
    assert registry.name_of_waveform(triangular) == "triangular"
    assert registry.name_of_waveform(hann) == "hann"


def test_a_scale_takes_its_parameters():
    assert registry.scale("constant") == Unscaled()
    assert registry.scale("halving") == Halving()
    assert registry.scale("exponential", gamma=0.9, per="cycle") == Exponential(0.9, "cycle")


@pytest.mark.parametrize("parameters", [{}, {"gama": 0.9}, {"gamma": 0.9, "rate": 1.0}])
def test_wrong_parameters_of_a_scale_are_refused(parameters):
    with pytest.raises(TypeError, match=r"scale 'exponential' takes \(gamma, per='step'\), got \{"):
        registry.scale("exponential", **parameters)


def test_wrong_values_of_a_scale_s_parameters_keep_their_own_error():
    with pytest.raises(ValueError, match="gamma must be greater than 0"):
        registry.scale("exponential", gamma=-1.0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("han", r"^unknown waveform 'han'; did you mean 'hann'\? known: bartlett_hann, blackman, "),
        ("x1", r"^unknown waveform 'x1'; known: bartlett_hann, .*welch$"),
    ],
)
def test_an_unknown_waveform_is_an_error_that_helps(name, message):
    with pytest.raises(ValueError, match=message):
        registry.waveform(name)


def test_an_unknown_scale_is_an_error_that_helps():
    with pytest.raises(
        ValueError,
        match=r"^unknown scale 'halve'; did you mean 'halving'\? "
        r"known: constant, exponential, halving$",
    ):
        registry.scale("halve")


def test_a_waveform_registered_at_run_time_is_found_and_listed():
    registry.register_waveform("cubic", cubic)
    assert registry.waveform("cubic") is cubic
    assert registry.name_of_waveform(cubic) == "cubic"
    assert list(registry.waveforms()) == sorted([*WAVEFORMS, "cubic"])


def test_a_scale_registered_at_run_time_is_found_and_listed():
    registry.register_scale("harmonic", Harmonic)
    assert registry.scale("harmonic", rate=3.0) == Harmonic(3.0)
    assert registry.name_of_scale(Harmonic(2.0)) == "harmonic"
    assert list(registry.scales()) == ["constant", "exponential", "halving", "harmonic"]


def test_what_has_no_name_has_none():
    assert registry.name_of_waveform(cubic) is None
    assert registry.name_of_scale(Harmonic()) is None
    assert registry.name_of_scale(lambda cycle, step, xp: 1.0) is None


def test_a_waveform_with_parameters_is_found_by_its_equal():
    registry.register_waveform("power3", Power(3.0))
    assert registry.name_of_waveform(Power(3.0)) == "power3"
    assert registry.name_of_waveform(Power(2.0)) is None


def test_the_listings_are_read_only():
    with pytest.raises(TypeError):
        registry.waveforms()["cubic"] = cubic
    with pytest.raises(TypeError):
        registry.scales()["harmonic"] = Harmonic


def test_the_same_function_may_be_registered_again():
    registry.register_waveform("cubic", cubic)
    registry.register_waveform("cubic", cubic)
    assert registry.waveform("cubic") is cubic


CELL = """
def ramp(x, xp): return x * x
def make(): return Ramp()
class Ramp:
    def __call__(self, x, xp): return x * x
"""


@pytest.mark.parametrize("pick", ["ramp", "object", "partial"])
def test_a_notebook_cell_that_runs_again_replaces_its_waveform(pick):
    for _ in range(2):
        cell = {"__name__": "__main__"}
        exec(CELL, cell)
        fn = {
            "ramp": cell["ramp"],
            "object": cell["Ramp"](),
            "partial": functools.partial(cell["ramp"]),
        }[pick]
        registry.register_waveform("ramp", fn)
        assert registry.waveform("ramp") is fn


def test_a_taken_name_is_refused_and_both_owners_are_named():
    with pytest.raises(
        ValueError,
        match=r"waveform 'hann' is claimed by hypercycle and by register_waveform \(.*cubic\)",
    ):
        registry.register_waveform("hann", cubic)
    registry.register_waveform("steep", cubic)
    with pytest.raises(
        ValueError,
        match=r"'steep' is claimed by register_waveform \(.*cubic\) and by "
        r"register_waveform \(.*quartic\)",
    ):
        registry.register_waveform("steep", quartic)
    with pytest.raises(
        ValueError,
        match=r"scale 'halving' is claimed by hypercycle and by register_scale \(.*Harmonic\)",
    ):
        registry.register_scale("halving", Harmonic)
    registry.register_waveform("part", functools.partial(cubic))
    with pytest.raises(ValueError, match=r"'part' is claimed by .*cubic\) and by .*quartic\)"):
        registry.register_waveform("part", functools.partial(quartic))
    assert registry.waveform("hann") is hann
    assert registry.waveform("steep") is cubic
    assert registry.scale("halving") == Halving()


def test_what_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match=r"waveform 'w' must be a function waveform\(x, xp\), got"):
        registry.register_waveform("w", 3.0)
    with pytest.raises(TypeError, match=r"scale 's' must be a factory of .*got 0.5 \(float\)"):
        registry.register_scale("s", 0.5)
    assert set(registry.waveforms()) == set(WAVEFORMS)
    assert set(registry.scales()) == set(SCALES)


def test_a_factory_that_makes_no_function_is_refused():
    registry.register_scale("half", lambda: 0.5)
    with pytest.raises(TypeError, match=r"scale 'half' must be a factory of .* returned 0.5"):
        registry.scale("half")


def test_a_good_waveform_is_returned_as_it_is():
    assert registry.validated_waveform(cubic, "waveform") is cubic
    nearly = functools.partial(lambda x, _, off: x + off, off=0.9e-9)
    assert registry.validated_waveform(nearly, "waveform") is nearly


@pytest.mark.parametrize(
    ("fn", "error", "message"),
    [
        (lambda x: x, TypeError, r"rise failed .*called as waveform\(x, xp\)"),
        (lambda x, _: x if x < 1 else 1.0, TypeError, r"ambiguous.*xp.where \(not if\)"),
        (lambda *_: 1.0, ValueError, r"rise must return an array of the shape of x, got"),
        (lambda x, _: 0.5 * x, ValueError, r"waveform\(1\) = 1, got 0.0 and 0.5"),
        (lambda x, _: 1.0 - x, ValueError, r"waveform\(0\) = 0 .*got 1.0 and 0.0"),
        (lambda x, _: x + 1e-8, ValueError, r"waveform\(0\) = 0"),
        (lambda x, _: x / x, ValueError, r"got nan and 1.0"),
        ("rise", TypeError, r"rise must be a function waveform\(x, xp\), got 'rise' \(str\)"),
    ],
)
def test_what_is_no_waveform_is_refused(fn, error, message):
    with pytest.raises(error, match=message):
        registry.validated_waveform(fn, "rise")
    with pytest.raises(error, match=message.replace("rise ", "waveform 'rise' ")):
        registry.register_waveform("rise", fn)
    assert "rise" not in registry.waveforms()


def test_a_waveform_is_asked_with_an_array_and_the_namespace():
    asked = []

    def spy(x, xp):
        asked.append((x.tolist(), x.dtype, xp))
        return x

    registry.validated_waveform(spy, "waveform")
    assert asked == [([0.0, 1.0], np.float64, NUMPY)]


@dataclass(frozen=True)
class Bent:
    by: float = 0.5

    def __call__(self, x, xp):
        del xp
        return x * (1.0 - self.by * (1.0 - x))


def test_a_class_of_waveforms_is_registered_with_all_its_parameters():
    registry.register_waveform("bent", Bent)
    assert registry.waveform("bent") == registry.waveforms()["bent"] == Bent()
    assert registry.waveform("bent", by=0.25) == Bent(0.25)
    assert registry.parameters_of_waveform("bent") == "by=0.5"
    assert registry.name_of_waveform(Bent(0.1)) == "bent"
    assert registry.by_name((Bent(), Bent(0.1))) == ("bent", Bent(0.1))
    assert registry.is_named_waveform((Bent(0.1), "hann"))
    registry.register_waveform("bent", Bent)
    with pytest.raises(ValueError, match=r"'bent' is claimed by .*Bent\) and by .*Power\)"):
        registry.register_waveform("bent", Power(2.0))


def test_wrong_parameters_of_a_waveform_are_refused():
    with pytest.raises(TypeError, match=r"^waveform 'tukey' takes \(alpha=0.5\), got \{'beta': 2"):
        registry.waveform("tukey", beta=2)
    with pytest.raises(TypeError, match=r"^waveform 'hann' takes no parameters, got 'a', 'b'$"):
        registry.waveform("hann", a=1, b=2)
    with pytest.raises(ValueError, match="alpha must be from 1e-09 to 1, got alpha=2"):
        registry.waveform("tukey", alpha=2)


class NoDataclass:
    def __call__(self, x, xp):
        del xp
        return x


@dataclass
class NotFrozen:
    def __call__(self, x, xp):
        del xp
        return x


@dataclass(frozen=True)
class Half:
    def __call__(self, x, xp):
        del xp
        return 0.5 * x


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (NoDataclass, TypeError, r"waveform 'w' is a class, and must be a frozen dataclass with _"),
        (NotFrozen, TypeError, "so that equal parameters are equal waveforms; got <class "),
        (Power, TypeError, r"waveform 'w' takes \(exponent\): give each parameter a default, so "),
        (Half, ValueError, r"waveform 'w' must run .* to waveform\(1\) = 1, got 0.0 and 0.5"),
    ],
)
def test_a_class_that_makes_no_waveforms_by_itself_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        registry.register_waveform("w", given)
    assert "w" not in registry.waveforms()
