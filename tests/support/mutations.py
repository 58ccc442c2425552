"""Data and texts that were right until somebody changed them, for the fuzz tests."""

from contextlib import suppress
from copy import copy
from functools import reduce
from operator import getitem

from hypothesis import strategies as st

import hypercycle as hc

CYCLE = hc.Cycle(0.1, 0.5, 4, 3, waveform=("hann", "sine"), scale=hc.Exponential(0.9, "step"))
RAMP = hc.Ramp(0.8, 0.9, 3)


def nested(depth):
    """Return products in products, deeper than Python's own stack where ``depth`` is 1,000."""
    data = 1.0
    for _ in range(depth):
        data = {"kind": "product", "factors": [1.0, data]}
    return data


ODD_NUMBERS = [
    0, -0.0, 1, -1, 2, 0.5, -0.5, True, 2**31, 2**53, 2**53 + 1, 2**64, -(10**30), 10**400,
    1e-320, 1e39, 1e308, float("nan"), float("inf"), -float("inf"),
]  # fmt: skip
ODD_DATA = [
    None, "", "x", "1", "0.1", "4ep", "30%", "lr", "cycle", "hann", "halving", "x" * 2_000, [], {},
    [1], [[]], {"a": 1}, {"name": "exponential", "gamma": 2.0}, {"kind": "unchanged"},
    {"kind": "constant", "value": -1}, {"kind": "constant", "value": 2}, {"kind": ["cycle"]},
    {"kind": "groups", "groups": [1]}, {"kind": "groups", "groups": {"a": 1, "b": None}},
    {"kind": "groups", "groups": {"(": 1}}, {"kind": "function", "function": "os:system"},
    {"kind": "chain", "parts": []}, {"kind": "chain", "parts": [[CYCLE.low, 3], CYCLE.high]},
    {"kind": "ramp", "start": 0, "end": 5, "steps": 4}, {"opposite": "lr", "low": 0, "high": 1},
    {"low": 0, "high": 1, "step_size_up": 1, "cycles": 10**5, "cycle_mult": 1.0001},
    {"low": 0, "high": 1, "step_size_up": 1, "scale": {"name": "exponential", "gamma": 3.0}},
    nested(40),
]  # fmt: skip
KEYS = [
    "lr", "momentum", "beta1", "weight_decay", "eps", "nesterov", "x", "", "a.b", "kind", "low",
    "high", "step_size_up", "waveform", "scale", "cycles", "cycle_mult", "phase", "parts", "groups",
    "value", "opposite", "steps", "name", "package",
]  # fmt: skip


def odd(*more):
    """Return values that may stand anywhere; ``more`` are those of one place."""
    return st.one_of(
        st.sampled_from([*ODD_NUMBERS, *ODD_DATA, *more]), st.floats(), st.integers(), st.text()
    )


@st.composite
def mutated(draw, data, *, values, keys):
    """Draw data in which a few entries are others, are elsewhere, are twice, or are gone."""
    data = _copied(data)
    paths = list(_paths(data))
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from(paths))
        value, name = draw(values), draw(keys)
        change = draw(st.sampled_from(["replace", "replace", "remove", "rename", "add"]))
        with suppress(LookupError, TypeError, AttributeError):  # an earlier change took it away
            _change(reduce(getitem, above, data), key, change, name, value)
    return data


def _change(data, key, change, name, value):
    if change == "replace":
        data[key] = value
    elif change == "remove":
        del data[key]
    elif isinstance(data, list):
        data.insert(key, value if change == "add" else data[-1])
    else:
        data[name] = value if change == "add" else data.pop(key)


def _copied(data):
    if isinstance(data, dict):
        return {key: _copied(one) for key, one in data.items()}
    return [_copied(one) for one in data] if isinstance(data, (list, tuple)) else copy(data)


def _paths(data, path=()):
    entries = data.items() if isinstance(data, dict) else enumerate(data)
    for key, one in entries:
        yield (*path, key)
        if isinstance(one, (dict, list)):
            yield from _paths(one, (*path, key))


@st.composite
def mutated_text(draw, text, pieces):
    """Draw a text in which a few places are others, are twice, are elsewhere, or are gone."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(start + draw(st.integers(0, 30)), len(text))
        cut = text[start:end]
        new = draw(
            st.one_of(
                st.sampled_from(pieces),
                st.sampled_from(["", cut * 2, cut * 50, cut[::-1]]),
                st.text(max_size=5),
            )
        )
        text = text[:start] + new + text[end:]
    return text
