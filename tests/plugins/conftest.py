"""Each test has a state of its own, in which nothing is installed."""

import pytest

from hypercycle import plugins
from hypercycle.plugins import host


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv(plugins.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setattr(host, "_state", host._State(entry_points=()))
