"""Every minimum in pyproject.toml is a version that `make test-oldest` runs the tests with."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("torch", "optax", "keras", "plot", "files", "cli", "demo", "test")
# `make lint` and `make types` need them, no test does; there is no tensorflow-cpu for some machines
NOT_INSTALLED = {"mypy", "pyright", "ruff", "types-pyyaml", "tensorflow"}


def asked_for():
    extras = PROJECT["optional-dependencies"]
    texts = [*PROJECT["dependencies"], *(text for extra in EXTRAS for text in extras[extra])]
    requirements = {str(requirement): requirement for requirement in map(Requirement, texts)}
    return [one for one in requirements.values() if one.name not in {*NOT_INSTALLED, "hypercycle"}]


def found(pattern, path):
    return re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def installed():
    """What the environments of `make test-oldest` have: the versions of each package."""
    (torch,) = found(r"^OLDEST_TORCH \?= (\S+)$", ROOT / "Makefile")
    versions = {"torch": [Version(torch)]}
    for path in ROOT.glob("requirements-oldest*.txt"):
        for name, version in found(r"^([\w.-]+)==(\S+)$", path):
            versions.setdefault(name, []).append(Version(version))
    return versions


@pytest.mark.parametrize("requirement", asked_for(), ids=str)
def test_the_minimum_is_tested(requirement, installed):
    (bound,) = requirement.specifier
    assert bound.operator == ">="
    assert min(installed[requirement.name]) == Version(bound.version)
