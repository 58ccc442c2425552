"""What is in the figure of a range test."""

import sys

import numpy as np
import pytest

mpl = pytest.importorskip("matplotlib")
mpl.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

import hypercycle as hc  # noqa: E402
from hypercycle.drawing import schedules as plotting  # noqa: E402

X = np.linspace(-7, 0.5, 150)
NOISE = np.random.default_rng(0).standard_normal((3, 150))
LOSSES = 0.8 + 1.5 / (1 + np.exp(3 * (X + 2.5))) + 0.16 * np.exp(6 * (X + 0.3)) + 0.02 * NOISE[0]
ACCURACY = np.where(
    np.arange(150) % 5 == 0, 0.1 + 0.8 / (1 + np.exp(-3 * (X + 2.6))) + 0.01 * NOISE[1], np.nan
)
TEST = hc.RangeTest(10**X, LOSSES, {"accuracy": ACCURACY})


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")
    yield
    plt.close("all")


def span(band):
    """From where to where: a rectangle's, and a polygon's, which it is before Matplotlib 3.9."""
    x = band.get_patch_transform().transform_path(band.get_path()).vertices[:, 0]
    return x.min(), x.max()


def labelled(axes, start):
    (line,) = [one for one in axes.get_lines() if str(one.get_label()).startswith(start)]
    return line


def test_a_panel_for_the_loss_and_each_metric_shows_what_was_recorded():
    figure = TEST.plot()
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "lr"]
    assert all(axes.get_xscale() == "log" for axes in figure.axes)
    points = figure.axes[0].get_lines()[0]
    np.testing.assert_allclose(points.get_xdata(), TEST.values)
    np.testing.assert_allclose(points.get_ydata(), LOSSES)
    points = figure.axes[1].get_lines()[0]
    np.testing.assert_allclose(points.get_ydata(), ACCURACY[::5])


def test_the_smoothed_curve_runs_through_the_points():
    for axes, curve in zip(TEST.plot().axes, (LOSSES, ACCURACY), strict=True):
        line = labelled(axes, f"{axes.get_ylabel()}, smoothed")
        drawn = np.isfinite(curve) & (np.log10(line.get_xdata()[-1]) >= X) & (X < -0.5)
        fitted = np.interp(X[drawn], np.log10(line.get_xdata()), line.get_ydata())
        assert np.abs(fitted - curve[drawn]).max() < 0.08


def test_the_bounds_are_a_band_with_their_intervals():
    bounds = TEST.bounds()
    for axes in TEST.plot().axes:
        (band,) = axes.patches
        assert span(band) == pytest.approx((bounds.low, bounds.high))
        bars = [line for line in axes.get_lines() if line.get_linewidth() == 5]
        drawn = [tuple(line.get_xdata()) for line in bars]
        assert drawn == [bounds.low_interval, bounds.high_interval]
    axes = TEST.plot().axes[0]
    low = labelled(axes, "low: ")
    first, last = bounds.low_interval
    assert low.get_label() == f"low: {bounds.low:.2g} ({first:.2g} to {last:.2g})"
    assert list(low.get_xdata()) == [bounds.low] * 2
    assert list(labelled(axes, "best: ").get_xdata()) == [bounds.best] * 2


def test_the_band_is_that_of_the_curve_asked_for():
    bounds = TEST.bounds("accuracy")
    (band,) = TEST.plot("accuracy").axes[0].patches
    assert span(band)[0] == pytest.approx(bounds.low)


def test_suggestions_are_marks_on_the_loss():
    axes = TEST.plot(suggestions=["steepest", "minimum/10"]).axes[0]
    for method in ("steepest", "minimum/10"):
        value = TEST.suggest(method)
        mark = labelled(axes, f"{method}: {value:.2g}")
        (x,), (y,) = mark.get_data()
        assert x == value
        assert abs(y - LOSSES[np.abs(X - np.log10(value)).argmin()]) < 0.15
    markers = {labelled(axes, name).get_marker() for name in ("steepest", "minimum/10")}
    assert len(markers) == 2


def test_the_wall_does_not_flatten_the_descent():
    losses = np.append(LOSSES[:-2], [50.0, 1e6])
    low, high = hc.RangeTest(10**X, losses).plot().axes[0].get_ylim()
    assert low < 0.8
    assert 2.3 < high < 6.0


def test_without_bounds_the_reason_is_the_title():
    test = hc.RangeTest(10**X, NOISE[2])
    axes = test.plot().axes[0]
    assert axes.get_title().replace("\n", " ") == str(test.bounds())
    assert not axes.patches
    low, high = axes.get_ylim()
    assert low < NOISE[2].min() < NOISE[2].max() < high
    for losses in (np.ones(150), np.full(150, np.nan)):
        title = hc.RangeTest(10**X, losses).plot().axes[0].get_title()
        assert title.startswith("no bounds found for lr, because")


def test_repeats_and_linear_axes_are_drawn():
    runs = np.array([LOSSES, LOSSES + 0.05])
    axes = hc.RangeTest(10**X, runs).plot().axes[0]
    assert sum(line.get_linestyle() == "None" for line in axes.get_lines()) == 2
    values = np.linspace(0.0, 0.99, 150)
    momentum = hc.RangeTest(values, (values - 0.8) ** 2 + 0.001 * NOISE[0], name="momentum")
    axes = momentum.plot().axes[0]
    assert axes.get_xscale() == "linear"
    assert axes.get_xlabel() == "momentum"
    assert axes.get_xlim() == (0.0, 0.99)


def test_text_is_legible_on_light_and_dark_and_the_background_transparent():
    figure = TEST.plot(suggestions=["steepest"])
    assert figure.patch.get_alpha() == 0.0
    for axes in figure.axes:
        assert axes.patch.get_alpha() == 0.0
        texts = [axes.xaxis.label, axes.yaxis.label, *axes.get_legend().get_texts()]
        texts += [*axes.get_yticklabels(), *axes.get_xticklabels()]
        shown = {mpl.colors.to_hex(text.get_color()) for text in texts if text.get_text()}
        assert shown == {plotting.GREY}
        colors = {line.get_color() for line in axes.get_lines()}
        assert colors <= {*plotting.COLORS, plotting.GREY}


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_is_saved(tmp_path, suffix):
    path = tmp_path / f"range.{suffix}"
    TEST.plot().savefig(path)
    assert path.stat().st_size > 1000


def test_draws_into_a_figure_that_is_given():
    whole = plt.figure()
    left, right = whole.subfigures(1, 2)
    assert TEST.plot(figure=right) is right
    assert not left.axes
    assert len(right.axes) == 2
    assert plt.get_fignums() == [whole.number]


def test_what_cannot_be_drawn_is_refused_before_a_figure_is_made():
    with pytest.raises(ValueError, match="there is no curve 'acc'"):
        TEST.plot("acc")
    with pytest.raises(ValueError, match="unknown method 'steep'"):
        TEST.plot(suggestions=["steep"])
    assert plt.get_fignums() == []


def test_says_what_to_install_where_matplotlib_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install hypercycle\[plot\]"):
        TEST.plot()
