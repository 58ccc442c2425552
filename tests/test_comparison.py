"""What docs/comparison.md says of other packages, shown with those that are installed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import claims
import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
SHOWN = PAGE.split("<!-- comparison.py: begin -->")[1].split("<!-- comparison.py: end -->")[0]
VERSIONS = dict(re.findall(r"^\*\*(\S+) (\S+)\*\*$", SHOWN, re.MULTILINE))


@pytest.fixture(scope="module")
def of_keras():
    """Which of the claims about Keras hold, by name: its tests have processes of their own."""
    program = """
import claims, json
of_keras = [claim.holds for claim in claims.CLAIMS if claim.distribution == "keras"]
print(json.dumps({holds.__name__: holds() for holds in of_keras}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "benchmarks",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(
            claim,
            id=claim.holds.__name__,
            marks=[pytest.mark.slow] if claim.distribution == "keras" else [],
        )
        for claim in claims.CLAIMS
    ],
)
def test_what_is_said_of_a_package_is_so(claim, request):
    found, told = claims.version(claim.distribution), VERSIONS[claim.distribution]
    if found != told:
        pytest.skip(f"{claim.distribution}: the page is about {told}, installed is {found}")
    if claim.distribution == "keras":
        assert request.getfixturevalue("of_keras")[claim.holds.__name__], claim.sentence
    else:
        assert claim.holds(), claim.sentence


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
    import comparison

    false = claims.Claim("pytest", "It is slow.", lambda: False)
    monkeypatch.setattr(comparison, "CLAIMS", [false])
    with pytest.raises(SystemExit, match=r"not so:\npytest \d+\.\S+: It is slow\."):
        comparison.checked()
