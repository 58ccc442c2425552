"""What is seen of a range test while it runs, and of its bounds in a notebook."""

import json
import os
import re
import subprocess
import sys
from html import unescape
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import hypercycle as hc
from hypercycle.range_test.progress import DRAWINGS, drawn, in_notebook
from hypercycle.range_test.recorder import Recorder
from hypercycle.range_test.sweep import Sweep

SWEEP = Sweep(1e-5, 10.0, steps=100)
VALUES = SWEEP.values
LOSSES = 2.3 - 1.5 / (1 + (1e-3 / VALUES) ** 1.5) + 5 * VALUES**2


@pytest.fixture
def displayed(monkeypatch):
    """The pictures that a kernel was given, without one: one list for each place."""
    places = []

    def display(picture, *, display_id):
        assert display_id is True
        places.append([picture])
        return SimpleNamespace(update=places[-1].append)

    ipython, of_display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.version_info = (9, 0)  # which Matplotlib asks for
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    of_display.Image, of_display.display = bytes, display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", of_display)
    return places


def record(losses=LOSSES, **options):
    with Recorder(SWEEP, **options) as recorder:
        for loss in losses:
            if recorder.record(loss):
                break


def test_a_bar_is_shown_in_a_notebook_and_in_no_pipe(displayed, capsys, monkeypatch):
    pytest.importorskip("tqdm")
    assert not sys.stderr.isatty()
    record()
    assert "lr range test: 100%" in capsys.readouterr().err
    record(progress=False)
    assert capsys.readouterr().err == ""
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()
    record()
    assert capsys.readouterr().err == ""
    record(progress=True)
    assert "lr range test: 100%" in capsys.readouterr().err


def test_ipython_on_a_terminal_is_no_notebook(displayed, monkeypatch):
    assert in_notebook()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", SimpleNamespace)
    assert not in_notebook()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    assert not in_notebook()


def test_a_sweep_that_stops_early_has_a_bar_that_is_complete(capsys):
    pytest.importorskip("tqdm")
    record([1.0] * 7 + [float("nan")], progress=True)
    assert "8/8 " in capsys.readouterr().err
    with Recorder(SWEEP, progress=True) as recorder:
        recorder.record(1.0)
    assert "1/100 " in capsys.readouterr().err


def test_the_curve_is_drawn_while_it_grows(displayed):
    pytest.importorskip("matplotlib")
    record(LOSSES[:28], progress="plot")
    (pictures,) = displayed
    assert len(pictures) == 1 + 28 // (100 // DRAWINGS)
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(set(pictures)) == len(pictures)
    assert pictures[-1] == drawn(SWEEP, LOSSES[:25].tolist())
    record([1.0] * 7 + [float("nan")], progress="plot")
    assert displayed[1][-1] == drawn(SWEEP, [1.0] * 7)
    record()
    assert len(displayed) == 2


def test_there_is_no_curve_where_nobody_would_see_it(capsys):
    record(progress="plot")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("losses", [[], [float("nan")], [2.0], [2.0, 1.0, 1e30, float("inf")]])
def test_any_losses_are_drawn(losses):
    pytest.importorskip("matplotlib")
    for sweep in (SWEEP, Sweep(0.0, 1.0, 20, "linear")):
        assert drawn(sweep, losses).startswith(b"\x89PNG")


def test_what_is_no_progress_is_refused(displayed, monkeypatch):
    for wrong in ("live", 1, []):
        message = f"progress must be True, False, None or 'plot', got {wrong!r}"
        with pytest.raises(TypeError, match=re.escape(message)):
            Recorder(SWEEP, progress=wrong)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="progress='plot' needs Matplotlib: pip install matplot"):
        Recorder(SWEEP, progress="plot")


@pytest.mark.parametrize("losses", [LOSSES, np.ones(100)])
def test_a_notebook_displays_what_is_printed(losses):
    bounds = hc.RangeTest(VALUES, losses, name="a<b").bounds()
    shown = bounds._repr_html_()
    assert "a&lt;b" in shown
    assert unescape(re.fullmatch(r"<pre style=[^>]*>(.*)</pre>", shown, re.DOTALL)[1]) == str(
        bounds
    )


NOTEBOOK = """
import numpy as np
from hypercycle.sweep import Recorder, Sweep
sweep = Sweep(1e-5, 10.0, steps=100)
losses = 2.3 - 1.5 / (1 + (1e-3 / sweep.values) ** 1.5) + 5 * sweep.values**2
with Recorder(sweep, progress="plot") as recorder:
    for loss in losses:
        if recorder.record(loss):
            break
bounds = recorder.range_test().bounds()
print(bounds)
bounds
"""


@pytest.mark.slow
def test_in_a_kernel():
    for name in ("nbclient", "nbformat", "ipykernel", "tqdm", "matplotlib"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    program = (
        "import json, nbclient, nbformat, sys\n"
        "book = nbformat.v4.new_notebook()\n"
        "book.cells = [nbformat.v4.new_code_cell(sys.stdin.read())]\n"
        "nbclient.NotebookClient(book, timeout=120).execute()\n"
        "json.dump(book.cells[0].outputs, sys.stdout)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=NOTEBOOK,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=180,
    )
    outputs = json.loads(done.stdout)
    pictures = [one for one in outputs if "image/png" in one.get("data", {})]
    assert [one["output_type"] for one in pictures] == ["display_data"]
    printed = "".join(one["text"] for one in outputs if one.get("name") == "stdout")
    (displayed,) = [one for one in outputs if one["output_type"] == "execute_result"]
    assert unescape(displayed["data"]["text/html"]).strip("\n").endswith(printed.strip() + "</pre>")
    assert "lr range test" in done.stdout
