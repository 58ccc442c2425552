"""Other packages: what they do, shown by running them; ``contenders.py`` has what a step costs.

``python benchmarks/comparison.py [--write docs/comparison.md]``

Packages that are not installed are left out; to have them all::

    pip install -e ".[bench]" accelerate skorch
"""

from __future__ import annotations

import textwrap
import warnings

import torch
from claims import CLAIMS, version
from timing import WIDTH, arguments, machine, report


def checked() -> str:
    """Return the claims of all packages that are installed, after each was shown."""
    lines: list[str] = []
    shown, failed = "", []
    for claim in CLAIMS:
        found = version(claim.distribution)
        if found is None:
            continue
        if not claim.holds():
            failed.append(f"{claim.distribution} {found}: {claim.sentence}")
        if claim.distribution != shown:
            shown = claim.distribution
            lines.append(f"\n**{shown} {found}**\n")
        lines.append(
            textwrap.fill(claim.sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
        )
    if failed:
        raise SystemExit("\n".join(["not so:", *failed]))
    return "### Shown by running\n" + "\n".join(lines) + "\n"


def main() -> None:
    _, document = arguments("Other packages: what they do.")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # theirs
    distributions = dict.fromkeys(claim.distribution for claim in CLAIMS)
    sections = [
        machine("hypercycle", "numpy", *distributions) + "\n",
        checked(),
    ]
    report("comparison.py", sections, document)


if __name__ == "__main__":
    main()
