"""The checks for a GPU run on the CPU as far as there is something to check, and can fail."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import cuda_checks  # noqa: E402

import hypercycle as hc  # noqa: E402
from hypercycle_torch import OptimizerCycler  # noqa: E402

ROOT = Path(__file__).parent.parent
DRIVING = [name for name in cuda_checks.CHECKS if not name.startswith("JAX")]


@pytest.mark.slow
def test_all_checks_run_on_the_cpu():
    paths = [str(ROOT), str(ROOT / "adapters"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "cuda_checks.py", "--device", "cpu"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, *lines = done.stdout.splitlines()
    assert f"torch {torch.__version__}, hypercycle {hc.__version__}" in first
    jax = "ok" if find_spec("jax") else "not run (No module named 'jax')"
    assert lines == [f"{name}: ok" for name in DRIVING] + [f"JAX, 0 ulp from NumPy: {jax}"]


def test_nothing_is_run_without_a_gpu(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["cuda_checks"])
    cuda_checks.main()
    assert capsys.readouterr().out.startswith("not run: PyTorch sees no GPU")


def test_a_check_that_fails_says_what_and_the_others_go_on(monkeypatch, capsys):
    def broken(device):
        raise ValueError(f"nothing\n on {device}")

    def absent(device):
        raise cuda_checks.NotRunError("there is none")

    checks = {"first": broken, "second": absent, "third": lambda device: None}
    assert cuda_checks.report(checks, "cpu") == 1
    assert capsys.readouterr().out.splitlines() == [
        "first: ValueError: nothing on cpu",
        "second: not run (there is none)",
        "third: ok",
    ]
    monkeypatch.setattr(cuda_checks, "CHECKS", checks)
    monkeypatch.setattr(sys, "argv", ["cuda_checks", "--device", "cpu"])
    with pytest.raises(SystemExit) as stopped:
        cuda_checks.main()
    assert stopped.value.code == 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", DRIVING)
def test_every_check_notices_a_cycler_that_does_nothing(monkeypatch, name):
    monkeypatch.setattr(OptimizerCycler, "step", lambda cycler: None)
    with pytest.raises(AssertionError):
        cuda_checks.CHECKS[name]("cpu")
