"""``hypercycle plot``: files of three kinds, with the steps asked for."""

import re
import sys
from pathlib import Path

import pytest
from commands import error, run


@pytest.mark.parametrize(
    ("name", "beginning"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")]
)
def test_plot_writes_what_the_suffix_says(name, beginning):
    Path(name).write_bytes(b"an earlier one is replaced")
    assert run("plot", "plan.toml", "-o", name).out == f"wrote {name}\n"
    assert Path(name).read_bytes().startswith(beginning)


@pytest.mark.parametrize(("flags", "alpha"), [([], 1.0), (["--transparent"], 0.0)])
def test_plot_has_a_white_background_unless_told(flags, alpha):
    from matplotlib.image import imread

    run("plot", "plan.toml", "-o", "a.png", *flags)
    corner = imread("a.png")[0, 0]
    assert corner[3] == alpha
    assert alpha == 0.0 or corner.tolist() == [1.0] * 4


def test_plot_shows_the_steps_asked_for():
    run("plot", "plan.toml", "-o", "a.svg", "--steps", "1000000:3000000")
    # matplotlib writes each text into a comment too
    ticks = re.findall(r"<!-- ([\d,]+) -->", Path("a.svg").read_text())
    assert (ticks[0], ticks[-1]) == ("1,000,000", "2,500,000")


def test_plot_refuses_other_suffixes_and_folders_that_are_not_there():
    assert error("plot", "plan.toml", "-o", "plan.gif") == (
        "a picture's name ends in .png, .svg, .pdf, got 'plan.gif'"
    )
    assert error("plot", "plan.toml", "-o", "no/plan.png") == (
        "no/plan.png: there is no folder 'no'"
    )


def test_plot_of_values_that_no_axis_holds_ends_with_an_error():
    Path("far.toml").write_text("[lr]\nlow = -1e308\nhigh = 1e308\nstep_size_up = 9\n")
    assert error("plot", "far.toml", "-o", "a.png").startswith(
        "Matplotlib cannot draw these values: "
    )


def test_plot_needs_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert error("plot", "plan.toml", "-o", "a.png") == (
        "plots need Matplotlib: pip install 'hypercycle[plot]'"
    )
