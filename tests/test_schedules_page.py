"""What can I schedule?: its files say what its Python says, and its pictures are of this page."""

import runpy
import tomllib
from pathlib import Path

import pytest

import hypercycle as hc

IMAGES = Path(__file__).parent.parent / "docs" / "images"


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("matplotlib", reason="draws what the page shows")
    return runpy.run_path(str(IMAGES / "draw_schedules.py"))


def test_each_file_is_the_plan_of_the_python_above_it(script):
    compared = 0
    for kind, text, names in script["parts"]():
        if kind == "toml":
            data = tomllib.loads(text)
            schedules = names["plan"] if "loss.beta" in data else names
            expected = hc.Plan(**{name: schedules[name] for name in data})
            # In a fingerprint references are written out.
            assert hc.Plan.from_dict(data).fingerprint() == expected.fingerprint(), text
            compared += 1
    assert compared == script["PAGE"].read_text(encoding="utf-8").count("```toml")


def test_each_picture_shows_what_the_page_says(script):
    drawn = {path.stem: _description(path) for path in script["FOLDER"].glob("*.png")}
    said = {
        picture: repr(script["shown"](picture, names))
        for kind, picture, names in script["parts"]()
        if kind == "picture"
    }
    assert drawn == said  # else: python docs/images/draw_schedules.py
    assert set(script["NAMES"]) <= set(said)
    text = script["PAGE"].read_text(encoding="utf-8")
    assert text.count("![") == len(said)


@pytest.mark.parametrize("picture", ["branch", "marks", "diffusion"])
def test_the_script_draws(script, picture, tmp_path):
    for kind, name, names in script["parts"]():
        if (kind, name) == ("picture", picture):
            script["draw"](picture, names, tmp_path)
    assert (tmp_path / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


def _description(path):
    from PIL import Image

    with Image.open(path) as image:
        return image.text["Description"]
