"""``hypercycle list``: every name with its package, and what is wrong with plugins."""

import re

from commands import WAVES, error, run, widest

import hypercycle as hc
from hypercycle.plugins import host


def test_list_names_everything_with_its_package(monkeypatch):
    monkeypatch.setattr(host, "_state", host._State(entry_points=()))
    text = run("list").out
    assert widest(text) <= 80
    sections = dict(re.findall(r"^(\w+)\n((?:  .*\n)+)", text + "\n", re.MULTILINE))
    assert list(sections) == ["Waveforms", "Scales", "Adapters", "Plugins"]
    names = re.findall(r"^  (\w+)", sections["Waveforms"], re.MULTILINE)
    assert names == list(hc.waveforms())
    assert re.search(r"^  tukey\(alpha=0\.5\) ", sections["Waveforms"], re.MULTILINE)
    assert f"exponential(gamma, per='step')  hypercycle {hc.__version__}\n" in sections["Scales"]
    assert sections["Plugins"] == "  none\n"


def test_list_draws_waveforms_from_0_to_1():
    rows = dict(re.findall(r"^  (\w+)\S* +([▁-█]+)  ", run("list").out, re.MULTILINE))
    assert rows["hold"] == "▁▂▄▅▆▇██████"
    assert all((bars[0], bars[-1]) == ("▁", "█") for bars in rows.values())
    assert len(rows) == len(hc.waveforms())


def test_list_of_sections():
    text = run("list", "scales").out
    assert text.startswith("Scales\n  constant ")
    assert "Waveforms" not in text
    assert "'waveform' is not one of 'waveforms', 'scales'" in error("list", "waveform")


DRIVES = """
@hookimpl
def hypercycle_attach(target):
    return None
"""


def test_list_names_plugins_with_what_they_do_and_broken_ones_with_the_cause(install):
    install("kettle-waves", WAVES.format(name="boil") + DRIVES, "kettle")
    install("bad-waves", "import a_package_that_is_not_here", "bad")
    result = run("list")  # a warning would be an error here
    assert result.err == ""
    assert re.search(r"^  boil +▁▁▁▂▂▂▃▄▅▆▇█  kettle-waves 1\.2$", result.out, re.MULTILINE)
    assert re.search(r"^  kettle  kettle-waves 1\.2$", result.out, re.MULTILINE)
    (listed,) = re.findall(r"^Plugins\n((?:  .*\n)+)", result.out, re.MULTILINE)
    assert [" ".join(one.split()) for one in re.split(r"\n(?=  \w)", listed)] == [
        (
            "bad bad-waves 1.2 failed: ModuleNotFoundError: No module named "
            "'a_package_that_is_not_here'"
        ),
        "kettle kettle-waves 1.2 attach, waveforms",
    ]
    assert widest(result.out) <= 80


def test_list_tells_of_two_plugins_with_one_name_and_lists_the_rest(install):
    install("kettle-waves", WAVES.format(name="boil"), "kettle")
    install("tea-waves", WAVES.format(name="boil"), "tea")
    text = run("list", "waveforms").out
    assert re.search(r"^  hann ", text, re.MULTILINE)
    assert "waveform 'boil' is claimed by plugin 'kettle'" in text
    assert widest(text) <= 80


def test_list_tells_of_a_waveform_that_fails_between_0_and_1(install):
    source = WAVES.format(name="boil").replace(
        "return x * x", "return [0.0, 1.0][len(x) - 2 :] or x"
    )
    install("bad-waves", source.replace("or x", "or {}['x']"), "bad")
    text = run("list", "waveforms").out
    assert re.search(r"^  boil +failed: KeyError: 'x'  bad-waves 1\.2$", text, re.MULTILINE)


def test_list_of_plugins_that_are_not_there(monkeypatch):
    monkeypatch.setattr(host, "_state", host._State(entry_points=()))
    monkeypatch.setenv(host.ENVIRONMENT_VARIABLE, "nonsense")
    assert error("list") == (
        "HYPERCYCLE_PLUGINS asks for 'nonsense', but the installed plugins are: none"
    )
