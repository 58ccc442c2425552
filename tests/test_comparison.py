"""What docs/comparison.md says of other packages, shown with those that are installed."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
SHOWN = PAGE.split("<!-- comparison.py: begin -->")[1].split("<!-- comparison.py: end -->")[0]
VERSIONS = dict(re.findall(r"^\*\*(\S+) (\S+)\*\*$", SHOWN, re.MULTILINE))


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
    found, told = claims.version(claim.distribution), VERSIONS[claim.distribution]
    if found != told:
        pytest.skip(f"{claim.distribution}: the page is about {told}, installed is {found}")
    if claim.distribution != "keras":
        assert claim.holds(), claim.sentence
        return
    # Keras's tests have processes of their own.
    program = f"import claims; print(claims.{claim.holds.__name__}())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "benchmarks",
    )
    assert done.stdout.split() == ["True"], done.stderr


def test_the_page_is_about_the_versions_that_tests_are_run_with():
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    versions = dict(re.findall(r"^([\w.-]+)==(\S+)$", pinned, re.MULTILINE))
    assert len(VERSIONS.keys() & versions.keys()) >= 8
    for name in VERSIONS.keys() & versions.keys():
        assert VERSIONS[name] == versions[name], name


def test_the_page_says_what_is_shown_and_no_more():
    lists = re.findall(r"(?:^- .*\n(?:  .*\n)*)+", SHOWN, re.MULTILINE)
    said = [" ".join(item.split()) for part in lists for item in part[2:].split("\n- ")]
    assert said == [claim.sentence for claim in claims.CLAIMS]


def test_a_claim_that_is_not_so_is_told(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")  # where it finds timing.py
    comparison = imported("comparison")
    false = claims.Claim("pytest", "It is slow.", lambda: False)
    monkeypatch.setattr(comparison, "CLAIMS", [false])
    with pytest.raises(SystemExit, match=r"not so:\npytest \d+\.\S+: It is slow\."):
        comparison.checked()
