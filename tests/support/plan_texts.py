"""What the tests of plan files share: texts, strategies of plans and of any data, problems."""

import os
import subprocess
import sys
import textwrap

import pytest
import strategies
from hypothesis import settings
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.plan_files import PlanFileError

SOME = settings(max_examples=60)
NAMED = {
    "waveform": strategies.waveform_names,
    "scale": st.one_of(
        st.sampled_from(["constant", "halving", hc.Halving()]),
        st.builds(
            hc.Exponential, st.sampled_from([0.5, 0.999]), st.sampled_from(["step", "cycle"])
        ),
    ),
}
PLANS = strategies.plans(strategies.schedules(depth=2, **NAMED))
SUFFIXES = (".toml", ".json", ".yaml")

CYCLE = "[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = 4\n"

json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from(["cycle", "chain", "groups", "ramp", "lr", "hann", "exponential", "4ep"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["kind", "low", "high", "step_size_up", "parts", "factors", "groups",
                             "opposite", "waveform", "scale", "name", "package", "value", "start",
                             "end", "steps", "cycles", "cycle_mult", "phase"]),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


def problems_of(path):
    with pytest.raises(PlanFileError) as caught:
        hc.Plan.load(path)
    return list(map(str, caught.value.problems))


def python(code, *paths):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
