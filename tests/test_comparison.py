"""What docs/comparison.md says of other packages, shown with those that are installed."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")


def imported(name):
    """A module of benchmarks/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


claims = imported("claims")


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.holds.__name__)
def test_what_is_said_of_a_package_is_so(claim):
    if claims.version(claim.distribution) is None:
        pytest.skip(f"{claim.distribution} is not installed")
    assert claim.holds(), claim.sentence


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.holds.__name__)
def test_the_page_says_what_is_shown_and_no_more(claim):
    begin, end = "<!-- comparison.py: begin -->", "<!-- comparison.py: end -->"
    shown = " ".join(PAGE.split(begin)[1].split(end)[0].split())
    assert f"- {' '.join(claim.sentence.split())}" in shown
    assert len(re.findall(r"(?<!\S)- ", shown)) == len(claims.CLAIMS)


def test_a_claim_that_is_not_so_is_told(monkeypatch):
    false = claims.Claim("pytest", "It is slow.", lambda: False)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    comparison = imported("comparison")
    monkeypatch.setattr(comparison, "CLAIMS", [false])
    with pytest.raises(SystemExit, match=r"not so:\npytest \d+\.\S+: It is slow\."):
        comparison.checked()
