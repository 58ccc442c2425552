"""Warnings point at the line of the user's, however deep hypercycle has called."""

import inspect
import pickle
import warnings
from types import SimpleNamespace

import pytest

import hypercycle as hc
from hypercycle.driving import warn

P = hc.Cycle(0.1, 0.5, 4)


def line_before():
    """Return the number of the line before the caller's."""
    return inspect.currentframe().f_back.f_lineno - 1


def where(caught):
    (warning,) = caught
    assert warning.category is UserWarning
    return warning.filename, warning.lineno


def in_a_module(name, source):
    namespace = {"__name__": name}
    exec(compile(source, f"<{name}>", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("name", ["hypercycle.deep.down", "hypercycle", "hypercycle_torch.names"])
def test_the_first_line_outside_of_hypercycle_and_its_adapters(name):
    source = (
        "from hypercycle.driving import warn\n"
        "def deep(n):\n"
        "    warn('look') if n == 0 else deep(n - 1)\n"
    )
    deep = in_a_module(name, source)["deep"]
    for depth in (0, 1, 5):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            deep(depth)
            line = line_before()
        assert where(caught) == (__file__, line)


def test_a_line_of_the_user_s_between_two_of_ours():
    ours = in_a_module(
        "hypercycle.deep",
        "from hypercycle.driving import warn\n"
        "def call(function, *arguments): function(*arguments)\n"
        "def tell(): warn('look')\n",
    )
    user = in_a_module("train", "def callback(tell):\n    tell()\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours["call"](user["callback"], ours["tell"])
    assert where(caught) == ("<train>", 2)


def test_an_adapter_of_another_name_warns_at_its_caller():
    adapter = in_a_module("kettle", "def boil(warn): warn('dry')\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        adapter["boil"](warn)
        line = line_before()
    assert where(caught) == (__file__, line)
    assert str(caught[0].message) == "dry"


def test_loading_another_plan_points_at_the_call_of_it():
    saved = hc.attach(SimpleNamespace(p=0.0), p=P).state_dict()
    cycler = hc.attach(SimpleNamespace(p=0.0), p=hc.Cycle(0.1, 0.9, 4))
    cycler = pickle.loads(pickle.dumps(cycler))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cycler.load_state_dict(saved, on_mismatch="saved")
        line = line_before()
    assert where(caught) == (__file__, line)
