"""The walk over all factories of Optax and all their numeric arguments."""

import optax
import optax_aliases as aliases
import pytest

CASES = list(aliases.cases())
SAMPLE = CASES[::14]
KNOWN = aliases.read_table()


def check(name, factory, argument):
    expected = KNOWN[name, argument]
    assert aliases.kind(name, factory, argument) == expected


def test_the_table_is_of_this_optax_and_holds_every_argument():
    text = aliases.TABLE.read_text(encoding="utf-8")
    assert f"with optax {optax.__version__}:" in text
    assert {(name, argument) for name, _, argument in CASES} == set(KNOWN)


@pytest.mark.parametrize(("name", "factory", "argument"), SAMPLE)
def test_a_spread_of_arguments(name, factory, argument):
    check(name, factory, argument)


@pytest.mark.walk
@pytest.mark.parametrize(("name", "factory", "argument"), [c for c in CASES if c not in SAMPLE])
def test_every_argument(name, factory, argument):
    check(name, factory, argument)
