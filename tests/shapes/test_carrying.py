"""What one process registers by a name goes with a pickled plan to processes that know it not."""

import pickle
import subprocess
import sys

import pytest

import hypercycle as hc
from hypercycle.shapes import registry
from hypercycle.shapes.carrying import register_again, registered_names

MODULE = """
from dataclasses import dataclass
def bump(x, xp):
    return x * x
@dataclass(frozen=True)
class Bent:
    by: float = 0.5
    def __call__(self, x, xp):
        return x * (1.0 - self.by * (1.0 - x))
@dataclass(frozen=True)
class Fading:
    rate: float = 0.5
    def __call__(self, cycle, step, xp):
        return self.rate**cycle
"""
ELSEWHERE = """
import pickle, sys
plan = pickle.load(sys.stdin.buffer)
again = pickle.loads(pickle.dumps(plan))
named = plan.to_dict()["eps"]["parts"][0]["waveform"] == {"name": "own_bent", "by": 0.1}
print(plan == again, named, [plan(step) for step in (0, 3, 13)] == eval(sys.argv[1]))
"""


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """Names registered at run time, by a module that other processes can import."""
    (tmp_path / "own_shapes.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.delitem(sys.modules, "own_shapes", raising=False)
    import own_shapes

    hc.register_waveform("own_bump", own_shapes.bump)
    hc.register_waveform("own_bent", own_shapes.Bent)
    hc.register_waveform("of_here", lambda x, xp: x)
    hc.register_scale("own_fading", own_shapes.Fading)
    yield own_shapes
    for names in (registry._WAVEFORMS, registry._SCALES):
        for name in ("own_bump", "own_bent", "of_here", "own_fading"):
            names.registered.pop(name, None)


def elsewhere(plan):
    values = repr([plan(step) for step in (0, 3, 13)])
    return subprocess.run(
        [sys.executable, "-c", ELSEWHERE, values],
        input=pickle.dumps(plan),
        capture_output=True,
        check=False,
    )


def test_another_process_gets_the_same_plan(shapes):
    plan = hc.Plan(
        lr=hc.Cycle(0.1, 0.5, 4, waveform=("own_bump", "hann"), scale="own_fading"),
        momentum=hc.Chain((hc.Ramp(0.9, 0.8, 5, shapes.bump), 5), hc.Product(0.9, 0.5)),
        eps=hc.Chain(
            hc.Ramp(0.0, 1.0, 3, shapes.Bent(0.1)), hc.Cycle(0, 1, 3, waveform="own_bent")
        ),
        dropout=hc.Groups({"a": hc.Cycle(0.1, 0.5, 4, waveform="own_bump"), "b": None}),
    )
    done = elsewhere(plan)
    assert done.stdout.split() == [b"True", b"True", b"True"], done.stderr.decode()


def test_what_cannot_go_along_is_refused_when_it_arrives(shapes):
    done = elsewhere(hc.Ramp(0.0, 1.0, 4, "of_here"))
    last = done.stderr.decode().strip().splitlines()[-2:]
    assert last[0].startswith("ValueError: unknown waveform 'of_here'; known: ")
    assert last[1] == (
        "(What one process registers, another knows if it imports the module that does so.)"
    )


def test_what_everybody_knows_is_not_carried(shapes):
    bent = shapes.Bent(0.1)
    values = ["hann", ("linear", "own_bump"), "own_fading", "of_here", 0.5, (bent, hc.Tukey(0.3))]
    assert registered_names(values) == {
        ("waveform", "own_bump"): shapes.bump,
        ("waveform", "own_bent"): shapes.Bent,
        ("scale", "own_fading"): shapes.Fading,
    }
    assert "own_shapes" not in str(pickle.dumps(hc.Cycle(0.1, 0.5, 4, waveform="hann")))


def test_a_name_that_is_another_s_there_is_refused(shapes):
    with pytest.raises(ValueError, match="waveform 'own_bump' is claimed by register_waveform"):
        register_again({("waveform", "own_bump"): lambda x, xp: x})
