"""From plain data to schedules: everything that is wrong is noted, with its path."""

import textwrap
import tomllib

import pytest

import hypercycle as hc
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import INVALID, Problem, Reader, Writer

KNOWN = (
    "cycle, opposite, ramp, power_law, constant, chain, product, quotient, sum, maximum, minimum, "
    "repeat, points, held, rounded, reference"
)


def problems_in(data, *, from_file=True):
    reader = Reader(KINDS, data, from_file=from_file)
    reader.schedules()
    return list(map(str, reader.problems))


def test_all_that_is_wrong_is_told_at_once():
    text = """
        eps = true
        [lr]
        low = 0.1
        hihg = 0.5
        step_size_up = "2 epochs"
        waveform = "han"
        scale = { name = "exponential", gama = 0.9 }
        scale_of = "bound"
        inverted = 1
        phase = 1.0
        cycle_mult = -1
        cycles = 0
        [momentum]
        opposite = "lrr"
        low = 0.85
        high = 0.95
        [beta1]
        opposite = "beta2"
        low = 0.85
        high = 0.95
        [beta2]
        opposite = "beta1"
        low = 0.99
        high = 0.9
        [weight_decay]
        kind = "chain"
        parts = [
          { kind = "ramp", start = 0.0, end = "a", step = 1000 },
          { low = 2, high = 1, step_size_up = 4 },
          [{ kind = "constant", value = inf }],
          [1.0, -3],
          { kind = "groups", groups = { 0 = 1.0 } },
        ]
        [rho]
        kind = "cicle"
        [centred]
        opposite = "chained"
        low = 0.0
        high = 1.0
        [chained]
        kind = "chain"
        parts = [1.0, 2.0]
        [empty]
        """
    known = ", ".join(sorted(hc.waveforms()))
    assert problems_in(tomllib.loads(textwrap.dedent(text))) == [
        "eps: must be a number, got True (bool)",
        "lr.high: is missing; cycle needs low, high, step_size_up",
        (
            "lr.step_size_up: must be a whole number of steps or a number with a unit such as "
            "'2000it', '4ep' or '30%', got step_size_up='2 epochs'"
        ),
        f"lr.waveform: unknown waveform 'han'; did you mean 'hann'? known: {known}",
        (
            "lr.scale: scale 'exponential' takes (gamma, per='step'), got {'gama': 0.9}: missing a "
            "required argument: 'gamma'"
        ),
        "lr.scale_of: must be 'amplitude' or 'bounds', got 'bound'",
        "lr.inverted: must be true or false, got 1",
        "lr.phase: must be in [0, 1), a part of the first cycle, got phase=1.0",
        "lr.cycle_mult: must be above 0 and at most 100, got cycle_mult=-1.0",
        "lr.cycles: must be at least 1, got cycles=0",
        (
            "lr.hihg: unknown key; did you mean 'high'? allowed: kind, low, high, step_size_up, "
            "step_size_down, waveform, scale, scale_of, inverted, phase, cycle_mult, cycles, space"
        ),
        (
            "momentum.opposite: the plan has no 'lrr'; did you mean 'lr'? available: beta1, "
            "beta2, centred, chained, empty, eps, lr, rho, weight_decay"
        ),
        "beta1.opposite: is circular: beta1 → beta2 → beta1",
        "beta2.opposite: is circular: beta2 → beta1 → beta2",
        "weight_decay.parts.0.end: must be a number, got 'a' (str)",
        "weight_decay.parts.0.steps: is missing; ramp needs start, end, steps",
        (
            "weight_decay.parts.0.step: unknown key; did you mean 'steps'? allowed: kind, start, "
            "end, steps, waveform, space"
        ),
        (
            "weight_decay.parts.1: low must not be above high, got low=2.0, high=1.0; to start at "
            "the top use inverted=True or phase=0.5"
        ),
        "weight_decay.parts.2.0.value: must be finite, got value=inf",
        "weight_decay.parts.2.1: must be two: [schedule, steps]",
        "weight_decay.parts.3.1: steps must be at least 0, got steps=-3",
        (f"weight_decay.parts.4: unknown kind 'groups'; known: {KNOWN}"),
        (f"rho: unknown kind 'cicle'; did you mean 'cycle'? known: {KNOWN}, groups, mixture"),
        (
            "chained: part 0 of Chain never ends, so nothing can follow it: give its length as "
            "(schedule, steps), got Constant(1.0)"
        ),
        "empty.low: is missing; cycle needs low, high, step_size_up",
        "empty.high: is missing; cycle needs low, high, step_size_up",
        "empty.step_size_up: is missing; cycle needs low, high, step_size_up",
    ]


def test_circular_opposites():
    data = {
        name: {"opposite": other, "low": 0, "high": 1}
        for name, other in (("a", "b"), ("b", "c"), ("c", "b"), ("d", "d"))
    }
    assert problems_in(data) == [
        "a.opposite: is circular: a → b → c → b",
        "b.opposite: is circular: b → c → b",
        "c.opposite: is circular: c → b → c",
        "d.opposite: is circular: d → d",
    ]


def test_a_wrong_target_of_opposites_is_told_where_it_stands():
    data = {
        "a": {"opposite": "b", "low": 0, "high": 1},
        "b": {"opposite": "c", "low": 0, "high": 1},
        "c": {"low": 1, "high": 0, "step_size_up": 4},
        "d": {"opposite": "e", "low": 0, "high": 1},
        "e": {"opposite": "f", "low": 0, "high": 1},
        "only.parts.0": 1.0,
        "only": {"kind": "chain", "parts": [{"opposite": "only.parts.0", "low": 0, "high": 1}]},
    }
    assert problems_in(data) == [
        (
            "c: low must not be above high, got low=1.0, high=0.0; to start at the top use "
            "inverted=True or phase=0.5"
        ),
        "e.opposite: the plan has no 'f'; available: a, b, c, d, only, only.parts.0",
        "only.parts.0: Constant(1.0) has no opposite: it does not move",
    ]


def test_bounds_of_an_opposite_are_checked_as_those_of_a_cycle():
    cycle = {"low": 0, "high": 1, "step_size_up": 4}
    chain = {"kind": "chain", "parts": [{"kind": "ramp", "start": 0, "end": 1, "steps": 5}]}
    for target, more in (
        (cycle, "; to start at the top use inverted=True or phase=0.5"),
        (chain, ""),
    ):
        data = {"a": target, "b": {"opposite": "a", "low": 0.99, "high": 0.9}}
        assert problems_in(data) == [f"b: low must not be above high, got low=0.99, high=0.9{more}"]


def test_a_long_circle_takes_neither_long_nor_much_text():
    data = {f"h{i}": {"opposite": f"h{(i + 1) % 300}", "low": 0, "high": 1} for i in range(300)}
    problems = problems_in(data)
    assert len(problems) == 101
    assert problems[-1].endswith("and more: these are the first 100")
    assert max(map(len, problems)) < 400


@pytest.mark.parametrize(
    ("entry", "problems"),
    [
        ([1, 2], ["lr: must be a table that describes a schedule, or a number, got [1, 2]"]),
        (None, ["lr: must be a table that describes a schedule, or a number, got None"]),
        (float("nan"), ["lr: must be finite, got nan"]),
        ({"kind": "chain", "parts": []}, ["lr: Chain needs at least one part"]),
        ({"kind": "chain", "parts": 3}, ["lr.parts: must be a list of schedules, got 3"]),
        ({"kind": "chain", "parts": [[]]}, [
            "lr.parts.0.0: must be two: [schedule, steps]",
            "lr.parts.0.1: must be two: [schedule, steps]",
        ]),
        ({"kind": "chain", "parts": [[1, 2, 3]]}, [
            "lr.parts.0: must be two: [schedule, steps], got [1, 2, 3]",
        ]),
        ({"kind": "product", "factors": [1]}, ["lr.factors.1: must be two: [first, second]"]),
        ({"kind": "product", "factors": [1, 2, 3]}, [
            "lr.factors: must be two: [first, second], got [1, 2, 3]",
        ]),
        ({"kind": "groups", "groups": {}}, ["lr: Groups needs at least one group, got {}"]),
        ({"kind": "groups", "groups": [1]}, ["lr.groups: must be a table of groups, got [1]"]),
        ({"kind": "groups", "groups": {1.5: 1}}, [
            "lr.groups.1.5: a group is named by its index or its name, got 1.5",
        ]),
        ({"kind": [3]}, [
            f"lr: unknown kind '[3]'; known: {KNOWN}, groups, mixture"
        ]),
        ({"kind": "opposite", "opposite": 3, "low": 0, "high": 1}, [
            "lr.opposite: must be a name in the plan such as 'lr', got 3",
        ]),
        ({"kind": "constant", "value": 1, 2: 3}, ["lr.2: unknown key; allowed: kind, value"]),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_with_one_entry(entry, problems):
    assert problems_in({"lr": entry}) == problems


def test_data_of_states_keep_the_names_of_groups():
    data = {"lr": {"kind": "groups", "groups": {"0": 1.0, 0: 2.0}}}
    state = Reader(KINDS, data, from_file=False)
    assert state.schedules() == {"lr": hc.Groups({"0": 1.0, 0: 2.0})}
    data = {"lr": {"kind": "groups", "groups": {"0": 1.0, "head": None}}}
    file = Reader(KINDS, data, from_file=True)
    assert file.schedules() == {"lr": hc.Groups({0: 1.0, "head": None})}


def test_what_is_invalid_is_not_made():
    reader = Reader(KINDS, {"lr": {"kind": "ramp"}, "eps": 0.5}, from_file=True)
    assert reader.schedules() == {"lr": INVALID, "eps": hc.Constant(0.5)}
    assert reader.problems[0] == Problem("lr.start", "is missing; ramp needs start, end, steps")


def test_files_leave_out_what_is_implied():
    cycle = hc.Cycle(0, 1, 4)
    short = {"low": 0.0, "high": 1.0, "step_size_up": 4}
    assert Writer(KINDS, for_file=True).schedule(cycle) == short
    assert Writer(KINDS, for_file=False).schedule(cycle) == {"kind": "cycle", **short}
    complete = Writer(KINDS, for_file=True, complete=True).schedule(cycle)
    assert list(complete) == ["kind", *KINDS["cycle"].fields]
    assert complete["step_size_down"] is None
    assert Reader(KINDS, {"lr": complete}, from_file=True).schedules() == {"lr": cycle}
    groups = hc.Groups({0: None})
    unchanged = {"kind": "groups", "groups": {"0": {"kind": "unchanged"}}}
    assert Writer(KINDS, for_file=True).schedule(groups) == unchanged
    assert Writer(KINDS, for_file=False).schedule(groups)["groups"] == {0: None}
