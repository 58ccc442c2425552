"""Each test has a state of its own, without the observers that a failed one left behind."""

import pytest

from hypercycle.plugins import host


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    monkeypatch.setattr(host, "_state", host._State())
