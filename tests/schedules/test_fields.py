"""Fields of schedules as plain data: names of waveforms and scales, their packages, groups."""

import pytest
import strategies
from plan_texts import CYCLE, problems_of, python

import hypercycle as hc
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Reader, Writer

KAISER = """\
import hypercycle


def kaiser(x, xp):
    return x * x


@hypercycle.hookimpl
def hypercycle_waveforms():
    return {"kaiser": kaiser}
"""


@pytest.fixture
def kaiser(tmp_path):
    """Return a folder in which a distribution with a waveform is installed."""
    folder = tmp_path / "installed"
    info = folder / "hypercycle_kaiser-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hypercycle-kaiser\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[hypercycle]\nkaiser = kaiser_plugin\n")
    (folder / "kaiser_plugin.py").write_text(KAISER)
    return folder


def test_the_package_of_a_plugin_is_written_and_named_when_it_is_missing(tmp_path, kaiser):
    path = tmp_path / "plan.toml"
    plan = "hc.Plan(lr=hc.Cycle(0, 1, 4, waveform='kaiser'))"
    save = f"import hypercycle as hc; {plan}.save({str(path)!r})"
    load = f"import hypercycle as hc; print(hc.Plan.load({str(path)!r}))"
    python(save, kaiser)
    assert 'waveform = {name = "kaiser", package = "hypercycle-kaiser"}' in path.read_text()
    assert python(load, kaiser) == "Plan(lr=Cycle(0.0, 1.0, 4, waveform='kaiser'))\n"
    assert problems_of(path) == [
        (
            "lr.waveform: the waveform 'kaiser' comes from the package 'hypercycle-kaiser', which "
            "is not installed: pip install hypercycle-kaiser"
        )
    ]


def test_a_package_that_is_installed_but_offers_something_else(tmp_path, kaiser):
    path = tmp_path / "plan.toml"
    path.write_text(CYCLE + 'waveform = {name = "keyser", package = "hypercycle.kaiser"}\n'
                    '[eps]\nlow = 0\nhigh = 1\nstep_size_up = 4\n'
                    'waveform = {name = "kaiser", package = "another"}')  # fmt: skip
    output = python(
        f"""
        import hypercycle as hc
        try:
            hc.Plan.load({str(path)!r})
        except ValueError as error:
            print(*error.problems, sep="\\n")
        """,
        kaiser,
    )
    first, second = output.splitlines()
    assert first.startswith(
        "lr.waveform: the waveform 'keyser' comes from the package 'hypercycle.kaiser', of which "
        "version 1.2 is installed: unknown waveform 'keyser'; did you mean 'kaiser'?"
    )
    assert second == (
        "eps.waveform: the waveform 'kaiser' comes from the package 'another', but here it is "
        "'hypercycle-kaiser' that offers it"
    )


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("waveform", {"name": "hann", "gamma": 2}, "a waveform has 'name' and 'package', got 'ga"),
        ("waveform", ["hann"], "must be one waveform or a pair [rise, fall], got ['hann']"),
        ("waveform", 3, "must be a name or a table with a 'name', got 3"),
        ("waveform", {"name": "hann", "package": "a b"}, "package must be the name of a package,"),
        ("scale", {"gamma": 2}, "must be a name or a table with a 'name', got {'gamma': 2}"),
        ("scale", {"name": "exponential", "gamma": -1}, "gamma must be greater than 0, got gamma"),
        ("scale_of", [], "must be 'amplitude' or 'bounds', got []"),
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
