"""``Plan.explain``: what a plan says that is probably not meant, rule by rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hypercycle.numbers.checks import is_number
from hypercycle.numbers.lengths import Units
from hypercycle.numbers.spelling import suggestion
from hypercycle.plans import rules_of_runs, rules_of_values
from hypercycle.plans.entries import Entry, entries_of
from hypercycle.plans.findings import SEVERITIES, Finding

REFUSED = "refused-by-target"
RULES: dict[str, str] = {
    REFUSED: "a target has no such hyperparameter, or does not take its values",
    **rules_of_runs.RULES,
    **rules_of_values.RULES,
}
"""The rules by their names, each with what it finds."""


def explain(
    schedules: Mapping[str, Any], units: Units, ignore: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Return what is found in schedules by their names; see :meth:`hypercycle.Plan.explain`."""
    ignored = checked_rules(ignore)
    known = (
        {name: one.resolve(**units.facts) for name, one in schedules.items()}
        if units != Units()
        else dict(schedules)
    )
    found = _found(list(entries_of(known)), units)
    left = (finding for finding in found if finding.rule not in ignored)
    return tuple(sorted(left, key=lambda finding: SEVERITIES.index(finding.severity)))


def checked_rules(names: Iterable[str]) -> frozenset[str]:
    """Return names of rules as a set.

    Raises
    ------
    TypeError, ValueError
        If it is one text, or there is no such rule.
    """
    if isinstance(names, str) or is_number(names):
        raise TypeError(f"ignore takes a list of rules, such as [{str(names)!r}], got {names!r}")
    chosen = list(names)
    for name in chosen:
        if name not in RULES:
            raise ValueError(
                f"there is no rule {name!r:.60}; {suggestion(str(name), RULES)}rules: "
                f"{', '.join(sorted(RULES))}"
            )
    return frozenset(chosen)


def _found(entries: list[Entry], units: Units) -> Iterator[Finding]:
    total = units.total
    yield from rules_of_values.found(entries, units.steps_per_epoch, total)
    if total is None:
        yield from rules_of_runs.found_in_parts(entries)
    else:
        yield from rules_of_runs.found(entries, total)
