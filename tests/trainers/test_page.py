"""Each section of docs/trainers.md is run, and its updates compared with its plan."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from digit_updates import BATCHES
from pages import blocks
from trainer_matrix import matrix

import hypercycle as hc

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "trainers.md"
PROGRAM = ROOT / "tests" / "support" / "section_program.py"
BEGINNING, *SECTIONS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
TEXTS = {section.partition("\n")[0]: section for section in SECTIONS}

LR = hc.Cycle(1e-3, 1e-2, 7)
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 5))
TWICE = [(0, BATCHES), (BATCHES, 2 * BATCHES)]
# What a section needs, and from which step to which its optimizers are driven by the plan of the
# page; those that search drive theirs by others.
SHOWN = {
    "Lightning": ("lightning", TWICE),
    "Transformers": ("transformers", [(0, BATCHES), (BATCHES // 2, BATCHES)]),
    # two processes share the batches, and two of these make an update
    "Accelerate": ("accelerate", [(0, BATCHES // 4), (BATCHES // 4, BATCHES // 2)]),
    "Range tests": ("lightning", None),  # and the others that test_range_tests.py asks for
    "FSDP and torch.distributed.checkpoint": ("torch", TWICE),
    "Ignite": ("ignite", TWICE),
    "skorch": ("skorch", TWICE),
    "fastai": ("fastai", TWICE),
    "Scripts in the style of timm": ("torch", TWICE),
    "Optuna": ("optuna", None),
    "Ray Tune": ("ray", []),
    "Hydra and YAML": ("omegaconf", []),
    "MLflow": ("mlflow", [(0, BATCHES)]),
}
IN_TWO_PROCESSES = {"Accelerate", "FSDP and torch.distributed.checkpoint"}


def test_the_table_is_that_of_the_tests():
    assert matrix(SHOWN) in BEGINNING


def program_of(*texts):
    return "\n\n".join(block for text in texts for _, block in blocks(text, "python"))


def test_every_section_of_the_page_is_run():
    assert list(TEXTS) == list(SHOWN)
    assert all(program_of(text) for text in TEXTS.values())


@pytest.mark.parametrize("title", SHOWN)
def test_what_is_shown_runs_and_follows_the_plan(title, tmp_path):
    needs, driven = SHOWN[title]
    if find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed: make test-trainers")
    program, report = tmp_path / "program.py", tmp_path / "report.json"
    program.write_text(program_of(BEGINNING, TEXTS[title]), encoding="utf-8")
    launch = [sys.executable]
    if title in IN_TWO_PROCESSES:
        launch += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, str(PROGRAM), str(program), str(report)],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    if driven is not None:
        used = json.loads(report.read_text(encoding="utf-8"))
        assert used == [[dict(PLAN(step)) for step in range(*steps)] for steps in driven]
