"""docs/api.md names public paths only: those that a package offers by its ``__all__``."""

import re
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("keras")
pytest.importorskip("optax")

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
PUBLIC = {
    "hypercycle",
    "hypercycle.driving",
    "hypercycle.hookspecs",
    "hypercycle.namespaces",
    "hypercycle.observers",
    "hypercycle.plan_files",
    "hypercycle.plan_schema",
    "hypercycle.range_test",
    "hypercycle.suggestions",
    "hypercycle.sweep",
    "hypercycle.testing",
    "hypercycle.waveform_functions",
    "hypercycle_keras",
    "hypercycle_optax",
    "hypercycle_torch",
}
# They import what they are for, which is in an environment of its own.
TRAINERS = {
    f"hypercycle_trainers.{name}" for name in ("ignite", "lightning", "skorch", "transformers")
}
DOCUMENTED = re.findall(
    r"^\.\. (?:auto|py:)(\w+):: ([\w.]+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)


def test_there_is_something_documented():
    assert len(DOCUMENTED) > 40


@pytest.mark.parametrize(("kind", "path"), DOCUMENTED, ids=[path for _, path in DOCUMENTED])
def test_what_is_documented_is_offered_by_this_path(kind, path):
    module, _, name = path.rpartition(".")
    if module in TRAINERS:
        pytest.importorskip(module.removeprefix("hypercycle_trainers."))
        assert hasattr(import_module(module), name)
    elif kind == "module":
        assert path in PUBLIC
        assert set(import_module(path).__all__) <= set(dir(import_module(path)))
    else:
        assert module in PUBLIC
        assert name in import_module(module).__all__
        assert hasattr(import_module(module), name)
