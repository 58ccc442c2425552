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
    "groups": hc.Groups({0: CYCLE, "head": None}),
}


def test_every_kind_is_tried():
    # Opposites are written out, and what is unchanged stands in groups.
    assert {*ONE_OF_EACH} == {*KINDS} - {"opposite", "unchanged"}
    assert {name: type(one) for name, one in ONE_OF_EACH.items()} == {
        name: KINDS[name].record for name in ONE_OF_EACH
    }


@pytest.mark.parametrize("for_file", [True, False])
@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_what_is_written_is_read(kind, for_file):
    written = Writer(KINDS, for_file=for_file).schedule(ONE_OF_EACH[kind])
    assert written.get("kind", "cycle") == kind
    if for_file:
        written = json.loads(json.dumps(written))
    reader = Reader(KINDS, {"lr": written}, from_file=for_file)
    assert reader.schedules() == {"lr": ONE_OF_EACH[kind]}
    assert reader.problems == []


def test_a_record_of_a_user_s_own_kind_is_a_function():
    class Mine(hc.Chain):
        pass

    written = Writer(KINDS, for_file=False).schedule(Mine(1.0))
    assert written["kind"] == "function"
