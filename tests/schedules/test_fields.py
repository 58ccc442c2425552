"""Fields of schedules as plain data: names of waveforms and scales, their packages, groups."""

import pytest
import strategies
from plan_texts import CYCLE, problems_of, python

import hypercycle as hc
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Reader, Writer

GAUSS = """\
import hypercycle


def gauss(x, xp):
    return x * x


@hypercycle.hookimpl
def hypercycle_waveforms():
    return {"gauss": gauss}
"""


@pytest.fixture
def gauss(tmp_path):
    """Return a folder in which a distribution with a waveform is installed."""
    folder = tmp_path / "installed"
    info = folder / "hypercycle_gauss-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hypercycle-gauss\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[hypercycle]\ngauss = gauss_plugin\n")
    (folder / "gauss_plugin.py").write_text(GAUSS)
    return folder


def test_the_package_of_a_plugin_is_written_and_named_when_it_is_missing(tmp_path, gauss):
    path = tmp_path / "plan.toml"
    plan = "hc.Plan(lr=hc.Cycle(0, 1, 4, waveform='gauss'))"
    save = f"import hypercycle as hc; {plan}.save({str(path)!r})"
    load = f"import hypercycle as hc; print(hc.Plan.load({str(path)!r}))"
    python(save, gauss)
    assert 'waveform = {name = "gauss", package = "hypercycle-gauss"}' in path.read_text()
    assert python(load, gauss) == "Plan(lr=Cycle(0.0, 1.0, 4, waveform='gauss'))\n"
    assert problems_of(path) == [
        (
            "lr.waveform: the waveform 'gauss' comes from the package 'hypercycle-gauss', which "
            "is not installed: pip install hypercycle-gauss"
        )
    ]


def test_a_package_that_is_installed_but_offers_something_else(tmp_path, gauss):
    path = tmp_path / "plan.toml"
    path.write_text(CYCLE + 'waveform = {name = "gaus", package = "hypercycle.gauss"}\n'
                    '[eps]\nlow = 0\nhigh = 1\nstep_size_up = 4\n'
                    'waveform = {name = "gauss", package = "another"}')  # fmt: skip
    output = python(
        f"""
        import hypercycle as hc
        try:
            hc.Plan.load({str(path)!r})
        except ValueError as error:
            print(*error.problems, sep="\\n")
        """,
        gauss,
    )
    first, second = output.splitlines()
    assert first.startswith(
        "lr.waveform: the waveform 'gaus' comes from the package 'hypercycle.gauss', of which "
        "version 1.2 is installed: unknown waveform 'gaus'; did you mean 'gauss'?"
    )
    assert second == (
        "eps.waveform: the waveform 'gauss' comes from the package 'another', but here it is "
        "'hypercycle-gauss' that offers it"
    )


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        (
            "waveform",
            {"name": "hann", "gamma": 2},
            "waveform 'hann' takes no parameters, got 'ga",
        ),
        ("waveform", {"name": "tukey", "alpha": 2}, "alpha must be from 1e-09 to 1, got alpha=2"),
        ("waveform", {"name": "tukey", "beta": 2}, "waveform 'tukey' takes (alpha=0.5), got {'b"),
        ("waveform", ["hann", {"name": "rex", "d": "x"}], "d must be a number, got 'x' (str)"),
        ("waveform", ["hann"], "must be one waveform or a pair [rise, fall], got ['hann']"),
        ("waveform", 3, "must be a name or a table with a 'name', got 3"),
        ("waveform", {"name": "hann", "package": "a b"}, "package must be the name of a package,"),
        ("scale", {"gamma": 2}, "must be a name or a table with a 'name', got {'gamma': 2}"),
        ("scale", {"name": "exponential", "gamma": -1}, "gamma must be greater than 0, got gamma"),
        ("scale_of", [], "must be 'amplitude' or 'bounds', got []"),
        ("space", "Log", "must be 'linear', 'log' or 'log1m', got 'Log'"),
        ("cycles", 0, "must be at least 1, got cycles=0"),
        ("phase", "0", "must be a number, got '0' (str)"),
    ],
)
def test_what_a_field_refuses(key, value, problem):
    data = {"lr": {"low": 0, "high": 1, "step_size_up": 4, key: value}}
    reader = Reader(KINDS, data, from_file=True)
    reader.schedules()
    (told,) = reader.problems
    assert told.path == f"lr.{key}"
    assert told.message.startswith(problem), told


def test_null_says_as_much_as_leaving_out():
    data = {"low": 0, "high": 1, "step_size_up": 4}
    nulls = data | {"step_size_down": None, "cycles": None}
    reader = Reader(KINDS, {"a": data, "b": nulls}, from_file=True)
    read = reader.schedules()
    assert read["a"] == read["b"] == hc.Cycle(0, 1, 4)


def test_functions_are_written_so_that_they_can_be_compared():
    cycle = hc.Cycle(0, 1, 4, waveform=("hann", strategies.cubic), scale=strategies.harmonic)
    for for_file in (True, False):
        written = Writer(KINDS, for_file=for_file).schedule(cycle)
        assert written["waveform"] == ["hann", {"function": "strategies:cubic"}]
        assert written["scale"] == {"function": "strategies:harmonic"}
