"""What README and docs show is run: sessions as doctests, programs from top to bottom."""

import doctest
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from pages import blocks

import hypercycle as hc

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
ANY_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,}|:{3,})(.*)$", re.MULTILINE)
PARSERS = {"toml": tomllib.loads, "json": json.loads, "yaml": yaml.safe_load}
# `make test-trainers` runs it, section by section: trainers/test_page.py.
RUN_ELSEWHERE = {ROOT / "docs" / "trainers.md"}
TESTED = {"python", "pycon", *PARSERS}
# Commands and what they print; command_line/test_pages.py runs those of the command line.
SHOWN = {"bash", "console", "sh", "text"}
DIRECTIVES = ("{eval-rst}", "{include}", "{literalinclude}", "{toctree}")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request):
    return request.param


def test_what_is_shown_runs_from_top_to_bottom(document, tmp_path, monkeypatch):
    if document in RUN_ELSEWHERE:
        pytest.skip("make test-trainers runs it")
    monkeypatch.chdir(tmp_path)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    # One for the document: who pastes a block has pasted those before it.
    namespace = {"__name__": "__main__", "hc": hc}
    for language, block in blocks(document.read_text(encoding="utf-8"), "python", "pycon"):
        if language == "python":
            exec(compile(block, str(document), "exec"), namespace)
            continue
        test = parser.get_doctest(block, {}, document.name, str(document), 0)
        test.globs = namespace
        report = []
        runner.run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)


def test_data_parses(document):
    text = document.read_text(encoding="utf-8")
    for language, data in blocks(text, *PARSERS):
        PARSERS[language](data)


def test_no_block_is_overlooked(document):
    text = document.read_text(encoding="utf-8")
    opened, closed = [], 0
    for info in ANY_FENCE.findall(text):
        if info:
            assert info in TESTED | SHOWN or info.startswith(DIRECTIVES)
            opened.append(info)
        else:
            closed += 1
    assert closed == len(opened)
    tested = [info for info in opened if info in TESTED]
    assert tested == [language for language, _ in blocks(text, *TESTED)]


@pytest.mark.parametrize("name", hc.__all__)
def test_every_public_name_is_in_the_reference(name):
    reference = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert re.search(rf"^\.\. (auto|py:)\w+:: hypercycle\.{name}$", reference, re.MULTILINE)


def test_every_script_of_the_galleries_has_its_place():
    settings = {}
    code = (ROOT / "docs" / "gallery_settings.py").read_text(encoding="utf-8")
    exec(compile(code, "gallery_settings.py", "exec"), settings)
    scripts = [*ROOT.glob("examples/concepts/plot_*.py"), *ROOT.glob("examples/gallery/plot_*.py")]
    assert sorted(settings["ORDER"]) == sorted(path.stem[len("plot_") :] for path in scripts)
    for path in scripts:  # `make docs` runs them
        compile(path.read_text(encoding="utf-8"), str(path), "exec")
