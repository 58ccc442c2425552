"""The table of kinds: what each kind of schedule is as plain data, in states and in plan files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypercycle.schedules import fields, nested_fields
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.combination import Joined
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.extremes import Maximum, Minimum
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.held import Held
from hypercycle.schedules.mixture import Mixture
from hypercycle.schedules.plain_data import UNCHANGED, Kind, given_fields
from hypercycle.schedules.points import Points
from hypercycle.schedules.power_law import PowerLaw
from hypercycle.schedules.product import Product
from hypercycle.schedules.quotient import Quotient
from hypercycle.schedules.ramp import Ramp
from hypercycle.schedules.reference import Reference
from hypercycle.schedules.repeat import Repeat
from hypercycle.schedules.rounded import Rounded
from hypercycle.schedules.schedule import Opposite
from hypercycle.schedules.sum import Sum


def _given_of_cycle(cycle: Cycle) -> dict[str, Any]:
    given = given_fields(cycle)
    if cycle.step_size_down == cycle.step_size_up:
        del given["step_size_down"]
    return given


def _opposite(values: Mapping[str, Any]) -> Any:
    named, low, high = values["opposite"], values["low"], values["high"]
    if not isinstance(named, Reference):
        return named.opposite(low, high)
    opposite = named.schedule.opposite(low, high)  # that of a cycle is a cycle
    return replace(opposite, schedule=named) if isinstance(opposite, Opposite) else opposite


def _given_of_reference(reference: Reference) -> dict[str, Any]:
    given = {"of": reference.name, "times": reference.times}
    return given if reference.times != 1.0 else {"of": reference.name}


def _joined(record: type[Joined]) -> Kind:
    return Kind(
        record,
        f"A {record.__name__} of any number.",
        {"parts": nested_fields.SCHEDULES},
        make=lambda values: record(*values["parts"]),
    )


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
        "The opposite of another entry, or of a schedule here.",
        {"opposite": nested_fields.OPPOSITE, "low": fields.NUMBER, "high": fields.NUMBER},
        make=_opposite,
        given=lambda one: {"opposite": one.schedule, "low": one.low, "high": one.high},
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
            "unit": fields.LENGTH_ABOVE_0,
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
    "quotient": Kind(
        Quotient,
        "A Quotient.",
        {"numerator": nested_fields.SCHEDULE, "denominator": nested_fields.SCHEDULE},
    ),
    "sum": _joined(Sum),
    "maximum": _joined(Maximum),
    "minimum": _joined(Minimum),
    "repeat": Kind(
        Repeat,
        "A Repeat of a schedule that ends.",
        {"schedule": nested_fields.SCHEDULE, "times": fields.or_none(fields.COUNT)},
    ),
    "points": Kind(
        Points,
        "Points, pairs of a step and a value.",
        {"points": nested_fields.POINTS, "between": nested_fields.BETWEEN},
    ),
    "held": Kind(
        Held,
        "A schedule that is Held for so many steps.",
        {"schedule": nested_fields.SCHEDULE, "steps": fields.LENGTH_ABOVE_0},
    ),
    "rounded": Kind(
        Rounded,
        "A schedule, Rounded to whole multiples.",
        {"schedule": nested_fields.SCHEDULE, "multiple_of": fields.COUNT},
    ),
    "reference": Kind(
        Reference,
        "What another entry follows, times a number.",
        {"of": nested_fields.NAMED, "times": fields.NUMBER},
        make=lambda values: replace(values["of"], times=values.get("times", 1.0)),
        given=_given_of_reference,
        implied=True,
    ),
    "groups": Kind(
        Groups,
        "Groups.",
        {"groups": fields.GROUPS},
        make=lambda values: Groups(values["groups"]),
        given=lambda groups: {"groups": groups},
        place="",
    ),
    "mixture": Kind(
        Mixture,
        "A Mixture of weights.",
        {"weights": nested_fields.WEIGHTS},
        make=lambda values: Mixture(values["weights"]),
        given=lambda mixture: {"weights": mixture.weights},
        place="",
    ),
    UNCHANGED: Kind(
        type(None), "None, in Groups.", {}, make=lambda _: None, given=lambda _: {}, place="groups"
    ),
}
