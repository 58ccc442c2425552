"""Names of one kind of thing: found, given once, described."""

import functools
import re

import pytest

from hypercycle.shapes.names import Names


@pytest.fixture
def names():
    return Names("shape", "hypercycle_waveforms", {"flat": abs, "steep": pow}, lambda one, _: one)


def test_what_is_built_in_or_registered_is_found(names):
    names.register("mine", divmod)
    assert [names.find(name) for name in ("flat", "steep", "mine")] == [abs, pow, divmod]
    assert names.name_of(divmod) == names.known_name(divmod) == "mine"
    assert names.has(abs)
    assert not names.has(round)
    assert names.known_name("flat") is None
    assert names.distribution("mine") is None


def test_what_has_no_name_is_an_error_with_the_names_that_there_are(names):
    with pytest.raises(ValueError, match=r"^unknown shape 'flt'; did you mean 'flat'\? known: "):
        names.find("flt")


@pytest.mark.parametrize("name", ["", " ", "two words", "tab\t"])
def test_a_name_is_one_word(names, name):
    with pytest.raises(ValueError, match="the name of a shape must be one word without white"):
        names.register(name, divmod)


@pytest.mark.parametrize("name", [None, 3, abs])
def test_a_name_is_a_string(names, name):
    for use in (names.find, functools.partial(names.register, value=divmod)):
        with pytest.raises(TypeError, match="the name of a shape must be a str, got"):
            use(name)


def test_a_name_has_one_owner(names):
    message = "shape 'flat' is claimed by hypercycle and by register_shape (builtins.divmod)"
    with pytest.raises(ValueError, match=re.escape(message)):
        names.register("flat", divmod)
    names.register("flat", abs)
    assert names.find("flat") is abs
