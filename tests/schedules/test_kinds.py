"""The table of kinds: each record is written and read by its entry."""

import json

import pytest

import hypercycle as hc
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Reader, Writer

CYCLE = hc.Cycle(0.1, 0.5, 4, 6, waveform=("hann", "sqrt"), scale=hc.Exponential(0.9), cycles=3)
ONE_OF_EACH = {
    "cycle": CYCLE,
    "ramp": hc.Ramp(0.1, 1, "2ep", "hann", space="log"),
    "power_law": hc.PowerLaw(-1.0, -0.8, unit="1%", shift=1, offset=1.0, high=0.999),
    "constant": hc.Constant(0.5),
    "chain": hc.Chain((CYCLE, "30%"), hc.Ramp(1, 0, 5), 2.0),
    "product": hc.Product(CYCLE, hc.Chain(hc.Ramp(0, 1, 3))),
    "quotient": hc.Quotient(CYCLE, hc.Ramp(1, 2, "1ep")),
    "sum": hc.Sum(CYCLE, 0.5, hc.Ramp(0, 1, 3)),
    "maximum": hc.Maximum(CYCLE, 0.2),
    "minimum": hc.Minimum(CYCLE, 0.2),
    "repeat": hc.Repeat(hc.Ramp(1, 0, 5), times=3),
    "points": hc.Points({0: 0.1, "30%": 0.5, "2ep": 0}, between="hold"),
    "held": hc.Held(CYCLE, "1ep"),
    "rounded": hc.Rounded(CYCLE, multiple_of=8),
    "opposite": hc.Chain((CYCLE, "30%"), 0.2).opposite(0.85, 0.95),
    "groups": hc.Groups({0: CYCLE, "head": None}),
    "mixture": hc.Mixture({"web": 0.5, "code": hc.Ramp(0, 1, "2ep")}),
}


def test_every_kind_is_tried():
    # References have names of other entries, and what is unchanged stands in groups.
    assert {*ONE_OF_EACH} == {*KINDS} - {"reference", "unchanged"}
    assert {name: type(one) for name, one in ONE_OF_EACH.items()} == {
        name: KINDS[name].record for name in ONE_OF_EACH
    }


@pytest.mark.parametrize("for_file", [True, False])
@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_what_is_written_is_read(kind, for_file):
    written = Writer(KINDS, for_file=for_file).schedule(ONE_OF_EACH[kind])
    assert written.get("kind", kind if KINDS[kind].implied else None) == kind
    if for_file:
        written = json.loads(json.dumps(written))
    reader = Reader(KINDS, {"lr": written}, from_file=for_file)
    assert reader.schedules() == {"lr": ONE_OF_EACH[kind]}
    assert reader.problems == []


PLAN = {
    "lr": hc.Chain((CYCLE, 9), 0.2),
    "decay": hc.Reference("lr", hc.Chain((CYCLE, 9), 0.2), times=0.1),
    "same": hc.Reference("lr", hc.Chain((CYCLE, 9), 0.2)),
    "beta1": hc.Reference("lr", hc.Chain((CYCLE, 9), 0.2)).opposite(0.85, 0.95),
    "floor": hc.Maximum(hc.Reference("lr", hc.Chain((CYCLE, 9), 0.2)), 0.15),
}
NAMED = {
    "decay": {"of": "lr", "times": 0.1},
    "same": {"of": "lr"},
    "beta1": {"opposite": "lr", "low": 0.85, "high": 0.95},
    "floor": {"kind": "maximum", "parts": [{"of": "lr"}, {"kind": "constant", "value": 0.15}]},
}


def test_references_are_written_by_name_and_read():
    written = {
        name: Writer(KINDS, for_file=True, entries=PLAN).schedule(one) for name, one in PLAN.items()
    }
    assert {name: written[name] for name in NAMED} == NAMED
    for order in (written, dict(reversed(written.items()))):
        reader = Reader(KINDS, order, from_file=True)
        assert reader.schedules() == PLAN
        assert reader.problems == []


@pytest.mark.parametrize("name", NAMED)
def test_references_to_what_the_plan_does_not_have_are_written_out(name):
    for writer in (
        Writer(KINDS, for_file=True, entries={**PLAN, "lr": CYCLE}),
        Writer(KINDS, for_file=False, entries=PLAN),
    ):
        read = Reader(KINDS, {"x": writer.schedule(PLAN[name])}, from_file=writer.for_file)
        again = read.schedules()["x"]
        assert read.problems == []
        assert [again(step) for step in range(20)] == [PLAN[name](step) for step in range(20)]


def test_a_record_of_a_user_s_own_kind_is_a_function():
    class Mine(hc.Chain):
        pass

    written = Writer(KINDS, for_file=False).schedule(Mine(1.0))
    assert written["kind"] == "function"
