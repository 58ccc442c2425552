"""examples/digits_elastic.py goes on with another number of processes, at the same place."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hypercycle as hc

distributed = pytest.importorskip("torch.distributed")
pytest.importorskip("sklearn")
if not (distributed.is_available() and distributed.is_gloo_available()):
    pytest.skip("this PyTorch has no gloo", allow_module_level=True)

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "digits_elastic.py"

pytestmark = pytest.mark.slow


def run(folder, processes, epochs):
    """Return what it prints, epoch by epoch, and what it warns of."""
    paths = [str(ROOT), str(ROOT / "adapters"), os.environ.get("PYTHONPATH", "")]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, f"--nproc-per-node={processes}", str(EXAMPLE), "--epochs", str(epochs)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_run_goes_on_at_the_same_place_with_fewer_processes(tmp_path):
    first, said = run(tmp_path, 2, 1)
    assert "UserWarning" not in said
    second, said = run(tmp_path, 1, 3)
    assert [report["epoch"] for report in first + second] == [0, 1, 2]
    assert [report["processes"] for report in first + second] == [2, 1, 1]
    assert "going on with the present schedules at step 113, for the saved one 57" in said
    for report in first + second:
        steps = 57 if report["processes"] == 2 else 113
        assert len(report["lr"]) == steps
        lr = hc.Cycle(1e-3, 1e-2, 2 * steps)
        assert report["lr"] == lr(report["epoch"] * steps + np.arange(steps)).tolist()
