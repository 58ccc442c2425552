"""The table of docs/trainers.md, made from the tests that there are.

``python tests/support/trainer_matrix.py`` prints it.
"""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
# Where, the file of its tests or none, and the section of the page whose program is run.
ROWS = [
    ("Lightning", "trainers/test_lightning.py", "Lightning"),
    ("Transformers' Trainer", "trainers/test_transformers.py", "Transformers"),
    ("Accelerate, 2 processes", None, "Accelerate"),
    ("DDP, FSDP2 and DCP, 2 → 1 → 2 processes", "torch/test_processes.py", None),
    ("torchrun, on another number of processes", "torch/test_elastic.py", None),
    ("Ignite", "trainers/test_ignite.py", "Ignite"),
    ("skorch", "trainers/test_skorch.py", "skorch"),
    ("fastai", "trainers/test_fastai.py", "fastai"),
    ("timm-style scripts", None, "Scripts in the style of timm"),
    ("MLflow", None, "MLflow"),
]
# By what the names of tests say.
COLUMNS = {
    "values of each update": r"each_update|every_update|goes_on_at_the_same",
    "resumes in mid-cycle": r"goes_on|go_on|resume",
    "a changed plan is refused": r"changed_plan",
    "logged": r"log|history|reports",
}


def matrix(shown):
    """Return the table; ``shown`` says which steps each section of the page is compared at."""
    lines = [
        f"| | {' | '.join(COLUMNS)} |",
        f"| --- |{' :-: |' * len(COLUMNS)}",
    ]
    for where, file, section in ROWS:
        names = [] if file is None else _names_of_tests(TESTS / file)
        ranges = shown[section][1] if section else None
        on_page = [bool(ranges), len(ranges or ()) > 1, False, section == "MLflow"]
        cells = [
            "yes" if there or any(re.search(pattern, name) for name in names) else "–"
            for there, pattern in zip(on_page, COLUMNS.values(), strict=True)
        ]
        lines.append(f"| {where} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _names_of_tests(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if node.name.startswith("test_")]


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(TESTS / "trainers"))
    from test_page import SHOWN

    sys.stdout.write(matrix(SHOWN) + "\n")
