"""What ``import hypercycle as hc`` offers: completion, and names that are not there."""

import pytest

import hypercycle as hc


def test_completion_shows_all_that_is_public_and_nothing_else():
    assert dir(hc) == sorted([*hc.__all__, "__version__"])
    assert {"plot", "RangeTest", "Bounds", "NoBounds"} <= set(dir(hc))


def test_all_that_is_shown_is_there():
    assert [name for name in dir(hc) if not hasattr(hc, name)] == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("one_cylce", "; did you mean 'one_cycle'?"),
        ("OneCycleLR", "; 'OneCycleLR' is called 'one_cycle' here"),
        ("CyclicLR", "; 'CyclicLR' is called 'triangular' here"),
        ("something", ""),
        ("_private", ""),
    ],
)
def test_a_name_that_is_not_there(name, hint):
    with pytest.raises(AttributeError) as caught:
        getattr(hc, name)
    assert str(caught.value) == f"module 'hypercycle' has no attribute {name!r}{hint}"
