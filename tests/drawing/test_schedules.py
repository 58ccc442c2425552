"""What is in the figure: the values of the plan, and its cycle ends, at their steps."""

import re
import sys

import numpy as np
import pytest

mpl = pytest.importorskip("matplotlib")
mpl.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

import hypercycle as hc  # noqa: E402
from hypercycle.drawing import schedules as plotting  # noqa: E402


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")
    yield
    plt.close("all")


def boundaries(axes):
    """The steps of the vertical lines, which must span the panel and not move its scale."""
    (lines,) = axes.collections
    segments = lines.get_segments()
    assert all(segment[:, 1].tolist() == [0.0, 1.0] for segment in segments)
    assert all(segment[0, 0] == segment[1, 0] for segment in segments)
    return [int(segment[0, 0]) for segment in segments]


LR = hc.Cycle(1e-4, 1e-2, 50, 25)
PLAN = hc.Plan(
    lr=LR,
    momentum=LR.opposite(0.85, 0.95),
    weight_decay=hc.Cycle(1e-5, 1e-3, 40, waveform="hann", scale=hc.Exponential(0.99)),
    eps=1e-8,
)


def test_a_panel_for_each_name_shows_the_plans_values():
    figure = hc.plot(PLAN, 300)
    assert [axes.get_ylabel() for axes in figure.axes] == list(PLAN)
    steps = np.arange(301)
    for axes, expected in zip(figure.axes, PLAN(steps).values(), strict=True):
        (line,) = axes.get_lines()
        np.testing.assert_array_equal(line.get_xdata(), steps)
        np.testing.assert_array_equal(line.get_ydata(), expected)
        assert axes.get_xlim() == (0, 300)
        low, high = axes.get_ylim()
        assert low < expected.min() <= expected.max() < high
        assert high - low < 2 * max(np.ptp(expected), 0.1 * expected.max())


def test_steps_share_one_axis_named_at_the_bottom():
    axes = hc.plot(PLAN, 300).axes
    assert all(axes[0].get_shared_x_axes().joined(axes[0], other) for other in axes[1:])
    assert [panel.get_xlabel() for panel in axes] == ["", "", "", "step"]


def test_all_panels_show_the_cycle_ends_of_the_clock_owner():
    for axes in hc.plot(PLAN, 300).axes:
        assert boundaries(axes) == [75, 150, 225, 300]
    for axes in hc.plot(PLAN, 300, events_of="weight_decay").axes:
        assert boundaries(axes) == [80, 160, 240]
    for axes in hc.plot(PLAN, 300, events_of=hc.Cycle(0, 1, 0, 110)).axes:
        assert boundaries(axes) == [110, 220]


def test_without_a_clock_owner_each_panel_shows_its_own_cycle_ends():
    figure = hc.plot({"momentum": LR.opposite(0.8, 0.9), "beta2": hc.Cycle(0.9, 0.99, 60)}, 200)
    assert [boundaries(axes) for axes in figure.axes] == [[75, 150], [120]]
    with pytest.raises(ValueError, match="events follow the plan's 'lr'"):
        hc.plot({"momentum": LR, "beta2": LR}, 200, events_of="lr")


@pytest.mark.parametrize(
    "schedule",
    [
        hc.Cycle(0, 1, 7),
        hc.Cycle(0, 1, 7, 0),
        hc.Cycle(0, 1, 0, 7),
        hc.Cycle(0, 1, 6, phase=0.5),
        hc.Cycle(0, 1, 3, cycle_mult=1.5),
        hc.Cycle(0, 1, 30, 17, cycle_mult=0.5),
        hc.Cycle(0, 1, 7, cycles=4),
        hc.Cycle(0, 1, 7, phase=0.25, cycles=4),
    ],
    ids=repr,
)
@pytest.mark.parametrize("first", [0, 1, 14, 50])
def test_cycle_ends_are_those_that_training_is_told(schedule, first):
    expected = [step for step in range(first + 1, 131) if schedule.is_cycle_end(step)]
    assert boundaries(hc.plot(schedule, range(first, 131)).axes[0]) == expected
    told = [s for s in range(131) for e in schedule.events(s) if e.name == "cycle_end"]
    assert [step for step in told if step > first] == expected


def test_parts_of_a_chain_and_the_cycles_in_them_are_bounded():
    chain = hc.Chain(
        hc.Ramp(0, 1, 20),
        (hc.Cycle(0, 1, 5), 35),
        hc.Chain(hc.Ramp(1, 0.5, 10), hc.Ramp(0.5, 1, 10)),
        hc.Cycle(0, 1, 25),
    )
    expected = [20, 30, 40, 50, 55, 65, 75, 125, 175]
    assert boundaries(hc.plot(chain, 200).axes[0]) == expected
    assert boundaries(hc.plot(chain, range(41, 126)).axes[0]) == [50, 55, 65, 75, 125]
    assert boundaries(hc.plot(chain, range(54, 66)).axes[0]) == [55, 65]
    product = hc.Product(hc.Chain(hc.Ramp(0, 1, 20), 1.0), hc.Cycle(0, 1, 30))
    assert boundaries(hc.plot(product, 130).axes[0]) == [20, 60, 120]


def test_lines_are_left_out_where_they_would_be_an_area():
    assert len(boundaries(hc.plot(hc.Cycle(0, 1, 5), 1000).axes[0])) == 100
    assert boundaries(hc.plot(hc.Cycle(0, 1, 5), 1010).axes[0]) == []
    assert boundaries(hc.plot(hc.Cycle(0, 1, 5), range(10**12, 10**12 + 20)).axes[0]) == [
        10**12 + 10
        # the next one, 10**12 + 20, is beyond the range
    ]


def test_groups_are_lines_with_a_legend():
    head, body = hc.Cycle(0, 1e-4, 30), hc.Cycle(0, 1e-5, 50)
    groups = hc.Groups({"body": body, 1: head, "norms": None})
    axes = hc.plot(hc.Plan(lr=groups, momentum=0.9), 200).axes
    steps = np.arange(201)
    lines = axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["body", "group 1"]
    np.testing.assert_array_equal(lines[0].get_ydata(), body(steps))
    np.testing.assert_array_equal(lines[1].get_ydata(), head(steps))
    assert len({line.get_color() for line in lines}) == 2
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["body", "group 1"]
    assert axes[1].get_legend() is None
    assert boundaries(axes[0]) == [60, 100, 120, 180, 200]
    assert boundaries(axes[1]) == []


def test_many_groups_are_told_apart():
    figure = hc.plot(hc.Groups({i: float(i) for i in range(16)}), 10)
    looks = [(line.get_color(), line.get_linestyle()) for line in figure.axes[0].get_lines()]
    assert len(set(looks)) == 16


@pytest.mark.parametrize("size", [4001, 99_991, 1_000_000])
def test_many_steps_are_thinned_without_losing_a_peak(size):
    saw = hc.Cycle(0.1, 0.5, 700, 0, scale=hc.Exponential(0.999_99))
    all_steps = np.arange(size)
    values = saw(all_steps)
    (line,) = hc.plot(saw, range(size)).axes[0].get_lines()
    steps, drawn = line.get_xdata(), line.get_ydata()
    assert len(steps) <= 4000
    assert np.all(np.diff(steps) > 0)
    assert (steps[0], steps[-1]) == (0, size - 1)
    np.testing.assert_array_equal(drawn, values[steps])
    interval = -(-size // plotting.INTERVALS)
    for start in range(0, size, interval):
        # The line enters and leaves each interval where all of its values would.
        assert {start, min(start + interval, size) - 1} <= set(steps.tolist())
        inside = (steps >= start) & (steps < start + interval)
        assert drawn[inside].max() == values[start : start + interval].max()
        assert drawn[inside].min() == values[start : start + interval].min()


def test_steps_may_be_a_range_or_any_sequence_of_ints():
    for steps in (range(1000, 1200, 7), list(range(1000, 1200, 7)), np.arange(1000, 1200, 7)):
        axes = hc.plot(LR, steps).axes[0]
        np.testing.assert_array_equal(axes.get_lines()[0].get_xdata(), np.arange(1000, 1200, 7))
        assert axes.get_ylabel() == "value"
        assert axes.get_xlim() == (1000, 1196)
        assert boundaries(axes) == [1050, 1125]


def test_a_function_of_the_step_is_drawn():
    (line,) = hc.plot(lambda step: 1.0 / (1 + step), 5).axes[0].get_lines()
    np.testing.assert_array_equal(line.get_ydata(), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6])


def test_ticks_of_tiny_values_and_of_large_steps_are_readable():
    near_1 = hc.Cycle(0.99991, 0.99999, 20_000)
    figure = hc.plot(hc.Plan(lr=hc.Cycle(1e-6, 5e-6, 20_000), beta2=near_1), 100_000)
    figure.canvas.draw()
    lr, beta2 = figure.axes
    labels = re.findall(r"{([\d.]+)}", "".join(t.get_text() for t in lr.get_yticklabels()))
    assert {"2", "4"} <= set(labels)
    assert re.search(r"10\^\{.6\}", lr.yaxis.get_offset_text().get_text())
    assert beta2.yaxis.get_offset_text().get_text() == ""
    assert any("0.99994" in label.get_text() for label in beta2.get_yticklabels())
    assert "100,000" in [label.get_text() for label in beta2.get_xticklabels()]


def test_text_and_lines_stand_out_from_white_and_from_black():
    def luminance(color):
        rgb = np.array(mpl.colors.to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    def contrasts(color):
        return 1.05 / (luminance(color) + 0.05), (luminance(color) + 0.05) / 0.05

    assert min(contrasts(plotting.GREY)) >= 4.5  # WCAG 2.2, text
    assert min(min(contrasts(color)) for color in plotting.COLORS) >= 2.9  # graphics: about 3

    figure = hc.plot(PLAN, 300)
    assert figure.patch.get_alpha() == 0.0
    for axes in figure.axes:
        assert axes.patch.get_alpha() == 0.0
        texts = [axes.xaxis.label, axes.yaxis.label, *axes.get_yticklabels()]
        assert all(text.get_color() == plotting.GREY for text in texts if text.get_text())


def test_draws_into_a_figure_that_is_given():
    whole = plt.figure()
    left, right = whole.subfigures(1, 2)
    assert hc.plot(LR, 100, figure=right) is right
    assert not left.axes
    assert len(right.axes) == 1
    assert plt.get_fignums() == [whole.number]


def test_unresolved_lengths_and_bad_steps_are_refused_before_a_figure_is_made():
    with pytest.raises(ValueError, match=r"step_size_up='4ep' has a unit that is not resolved yet"):
        hc.plot(hc.Cycle(0, 1, "4ep"), 100)
    with pytest.raises(ValueError, match="steps must be at least 1, got steps=0"):
        hc.plot(LR, 0)
    with pytest.raises(TypeError, match="steps must be a whole number, got '100'"):
        hc.plot(LR, "100")
    with pytest.raises(TypeError, match=r"steps must be an int, a range or a sequence of ints"):
        hc.plot(LR, np.linspace(0, 1, 5))
    for steps in (np.array([], int), [3, 2], [1, 1], range(5, 0, -1), range(0), range(-3, 3)):
        with pytest.raises(ValueError, match="steps must be increasing and at least 0"):
            hc.plot(LR, steps)
    with pytest.raises(TypeError, match="value must be a schedule"):
        hc.plot("triangular", 100)
    assert plt.get_fignums() == []


def test_says_what_to_install_where_matplotlib_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install hypercycle\[plot\]"):
        hc.plot(LR, 100)
