"""A table of a study: what its arms reach, and how far they are from one of them."""

from __future__ import annotations

from timing import table

from .comparing import difference, mean_and_deviation, paired
from .results import Results
from .study import Study


def means(study: Study, results: Results, against: str | None = None) -> str:
    """Return a Markdown table of accuracies in % at the end of the runs, arms with results only.

    Raises
    ------
    ValueError
        If there is no arm ``against``.
    """
    study.chosen([against] if against else None)
    rows = []
    for arm in study.arms:
        found = results.last(arm.name)
        if not found:
            continue
        mean, deviation = mean_and_deviation(list(found.values()))
        row = [arm.name, str(len(found)), f"{100 * mean:.2f} ± {100 * deviation:.2f}"]
        if against:
            own, other = paired(found, results.last(against))
            apart = difference(own, other) if own and arm.name != against else None
            row.append(
                ""
                if apart is None
                else f"{100 * apart.mean:+.2f} ({100 * apart.low:+.2f} to {100 * apart.high:+.2f})"
            )
        given = isinstance(arm.rate, float)
        tuning = 0 if given else results.tuning_iterations(arm.tuning_name)
        spent = [f"{arm.iterations:,}", f"{tuning:,}" if tuning else ""]
        rows.append([*row, ", ".join(sorted(results.rates(arm.name))), *spent])
    heads = ["arm", "seeds", "accuracy", *([f"less {against}, 95 %"] if against else [])]
    return table([*heads, "rate", "iterations", "tuning"], rows)
