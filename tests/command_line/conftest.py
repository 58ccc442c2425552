"""A folder with plans in it, in which the command line has not been told of any plugin."""

import sys
from pathlib import Path

import pytest
from commands import BROKEN, PLAN

from hypercycle.plugins import host


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(host.ENVIRONMENT_VARIABLE, raising=False)
    Path("plan.toml").write_text(PLAN, encoding="utf-8")
    Path("broken.toml").write_text(BROKEN, encoding="utf-8")
    Path("epochs.toml").write_text(
        '[lr]\nlow = 0.1\nhigh = 0.5\nstep_size_up = "2ep"\nstep_size_down = "10%"\n',
        encoding="utf-8",
    )
    return tmp_path


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make packages with plugins findable, as pip would; what they load goes with the test."""
    modules = []

    def installed(name, source, *entry_points):
        module = name.replace("-", "_")
        modules.append(module)
        Path(tmp_path, f"{module}.py").write_text(source, encoding="utf-8")
        information = Path(tmp_path, f"{module}-1.2.dist-info")
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n"
        )
        lines = "".join(f"{point} = {module}\n" for point in entry_points)
        (information / "entry_points.txt").write_text(f"[hypercycle]\n{lines}")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(host, "_state", host._State())

    yield installed
    for module in modules:
        sys.modules.pop(module, None)
