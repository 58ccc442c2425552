"""The table of kinds: what each kind of schedule is as plain data, in states and in plan files."""

from __future__ import annotations

from typing import Any

from hypercycle.schedules import fields
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.plain_data import UNCHANGED, Kind, Opposite, given_fields
from hypercycle.schedules.power_law import PowerLaw
from hypercycle.schedules.product import Product
from hypercycle.schedules.ramp import Ramp


def _given_of_cycle(cycle: Cycle) -> dict[str, Any]:
    given = given_fields(cycle)
    if cycle.step_size_down == cycle.step_size_up:
        del given["step_size_down"]
    return given


KINDS: dict[str, Kind] = {
    "cycle": Kind(
        Cycle,
        "A Cycle.",
        {
            "low": fields.NUMBER,
            "high": fields.NUMBER,
            "step_size_up": fields.LENGTH,
            "step_size_down": fields.or_none(fields.LENGTH),
            "waveform": fields.WAVEFORMS,
            "scale": fields.SCALE,
            "scale_of": fields.SCALE_OF,
            "inverted": fields.FLAG,
            "phase": fields.PHASE,
            "cycle_mult": fields.CYCLE_MULT,
            "cycles": fields.or_none(fields.COUNT),
            "space": fields.SPACE,
        },
        given=_given_of_cycle,
        implied=True,
    ),
    "opposite": Kind(
        Opposite,
        "The opposite of another entry's cycle.",
        {"opposite": fields.NAME_IN_PLAN, "low": fields.NUMBER, "high": fields.NUMBER},
        implied=True,
    ),
    "ramp": Kind(
        Ramp,
        "A Ramp.",
        {
            "start": fields.NUMBER,
            "end": fields.NUMBER,
            "steps": fields.LENGTH_OF_PART,
            "waveform": fields.WAVEFORM,
            "space": fields.SPACE,
        },
    ),
    "power_law": Kind(
        PowerLaw,
        "A PowerLaw.",
        {
            "factor": fields.NUMBER,
            "exponent": fields.NUMBER,
            "unit": fields.LENGTH,
            "shift": fields.LENGTH,
            "offset": fields.NUMBER,
            "low": fields.or_none(fields.NUMBER),
            "high": fields.or_none(fields.NUMBER),
        },
    ),
    "constant": Kind(Constant, "A Constant.", {"value": fields.NUMBER}),
    "chain": Kind(
        Chain, "A Chain.", {"parts": fields.PARTS}, make=lambda values: Chain(*values["parts"])
    ),
    "product": Kind(
        Product,
        "A Product of two.",
        {"factors": fields.FACTORS},
        make=lambda values: Product(*values["factors"]),
        given=lambda product: {"factors": product.schedules},
    ),
    "groups": Kind(
        Groups,
        "Groups.",
        {"groups": fields.GROUPS},
        make=lambda values: Groups(values["groups"]),
        given=lambda groups: {"groups": groups},
        place="",
    ),
    UNCHANGED: Kind(
        type(None), "None, in Groups.", {}, make=lambda _: None, given=lambda _: {}, place="groups"
    ),
}
