"""The text of a plan file and its data."""

import pytest
from plan_texts import problems_of, python

from hypercycle.plan_files.formats import data_in, suffix_of, text_of

DATA = {
    "lr": {"low": 1e-4, "high": 0.5, "step_size_up": "2ep", "waveform": ["hann", "sqrt"]},
    "wd": {"kind": "groups", "groups": {"0": {"kind": "unchanged"}, "ü": {"kind": "constant"}}},
}


@pytest.mark.parametrize("suffix", [".toml", ".json", ".yaml", ".yml"])
def test_a_text_holds_its_data(suffix):
    assert data_in(text_of(DATA, suffix), suffix) == DATA


def test_a_suffix_says_the_format(tmp_path):
    assert suffix_of(tmp_path / "plan.YAML") == ".yaml"
    with pytest.raises(ValueError, match=r"a plan file ends in .toml, .json, .yaml, .yml, got 'p"):
        suffix_of(tmp_path / "plan.txt")


@pytest.mark.parametrize(
    ("text", "suffix", "problem"),
    [
        ("[lr", ".toml", "is not valid TOML: Expected ']' at the end of a table declaration (at"),
        ('{"lr": 1', ".json", "is not valid JSON: Expecting ',' delimiter: line 1 column 9"),
        ("lr: [", ".yaml", "is not a plan in YAML: while parsing a flow node"),
        ('{"lr": 1, "lr": 2}', ".json", "is not a plan in JSON: 'lr' is given twice"),
        ("lr: 1\nlr: 2", ".yaml", "is not a plan in YAML: 'lr' is given twice"),
        ("lr = 1\nlr = 2", ".toml", "is not valid TOML: Cannot overwrite a value"),
    ],
)
def test_what_is_not_in_the_format_is_refused(file, text, suffix, problem):
    problems = problems_of(file(text, suffix))
    assert len(problems) == 1
    assert problems[0].startswith(problem), problems[0]


@pytest.mark.parametrize(
    ("missing", "suffix", "message"),
    [
        ("tomlkit", ".toml", "plan files of this kind need tomlkit: pip install 'hypercycle[files"),
        ("yaml", ".yaml", "plan files of this kind need yaml: pip install 'PyYAML'"),
    ],
)
def test_a_missing_library_is_named(tmp_path, missing, suffix, message):
    output = python(f"""
        import sys
        sys.modules[{missing!r}] = None
        import hypercycle as hc
        try:
            hc.Plan(lr=1.0).save({str(tmp_path / "plan")!r} + {suffix!r})
        except ImportError as error:
            print(error)
        """)
    assert output.startswith(message)
