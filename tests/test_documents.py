"""What README and docs show is run: sessions as doctests, programs from top to bottom."""

import doctest
import json
import re
import tomllib
from pathlib import Path

import pytest

import hypercycle as hc

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text, language):
    """The fenced blocks in that language, each at its own line so that errors point there."""
    for match in FENCE.finditer(text):
        if match[1] == language:
            yield "\n" * text.count("\n", 0, match.start(2)) + match[2]


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request):
    return request.param


def test_sessions_give_what_they_show(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    text = document.read_text(encoding="utf-8")
    namespace = {"hc": hc}  # one for the document: a session goes on where the last one stopped
    for session in blocks(text, "pycon"):
        test = parser.get_doctest(session, namespace, document.name, str(document), 0)
        report = []
        runner.run(test, out=report.append, clear_globs=False)
        namespace = test.globs
        assert not report, "".join(report)


def test_programs_run_from_top_to_bottom(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}  # one for the document, as for who pastes it
    for program in blocks(document.read_text(encoding="utf-8"), "python"):
        exec(compile(program, str(document), "exec"), namespace)


def test_data_parses(document):
    text = document.read_text(encoding="utf-8")
    for data in blocks(text, "toml"):
        tomllib.loads(data)
    for data in blocks(text, "json"):
        json.loads(data)


@pytest.mark.parametrize("name", hc.__all__)
def test_every_public_name_is_in_the_reference(name):
    reference = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert re.search(rf"^\.\. (auto|py:)\w+:: hypercycle\.{name}$", reference, re.MULTILINE)
