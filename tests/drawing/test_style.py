"""How all figures look."""

import sys

import pytest

mpl = pytest.importorskip("matplotlib")
mpl.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

from hypercycle.drawing.style import COLORS, GREY, legend, panels  # noqa: E402


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")
    yield
    plt.close("all")


def luminance(color):
    parts = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in mpl.colors.to_rgb(color)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", ["white", "black"])
def test_text_and_lines_stand_out_from_light_and_dark_pages(page):
    assert contrast(GREY, page) >= 4.5
    assert all(contrast(color, page) >= 2.8 for color in COLORS)


def test_panels_lie_below_each_other_over_one_axis():
    figure, rows = panels(3, height=2.0, margin=0.5, figure=None)
    assert tuple(figure.get_size_inches()) == (8.0, 6.5)
    assert figure.patch.get_alpha() == 0.0
    assert figure.axes == rows
    rows[0].set_xlim(3, 7)
    for axes in rows:
        assert axes.get_xlim() == (3, 7)
        assert axes.patch.get_alpha() == 0.0
        assert not axes.spines["top"].get_visible()
        assert mpl.colors.to_hex(axes.spines["left"].get_edgecolor()).upper() == GREY


def test_panels_go_into_a_figure_that_is_given():
    left, right = plt.figure().subfigures(1, 2)
    figure, rows = panels(2, height=1.0, margin=0.0, figure=right)
    assert figure is right
    assert right.axes == rows
    assert not left.axes


def test_the_legend_is_beside_the_panel():
    _, (axes,) = panels(1, height=1.0, margin=1.0, figure=None)
    axes.plot([0, 1], label="a line")
    legend(axes, fontsize="small")
    (text,) = axes.get_legend().get_texts()
    assert text.get_text() == "a line"
    assert mpl.colors.to_hex(text.get_color()) == GREY
    assert not axes.get_legend().get_frame_on()


def test_says_what_to_install_where_matplotlib_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        ImportError, match=r"plot\(\) needs Matplotlib: pip install hypercycle\[plot\]"
    ):
        panels(1, height=1.0, margin=1.0, figure=None)
