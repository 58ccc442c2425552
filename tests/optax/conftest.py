"""The adapter as a plugin."""

import pytest

import hypercycle as hc
import hypercycle_optax


@pytest.fixture(autouse=True, scope="session")
def _plugin():
    hc.register_plugin(hypercycle_optax)
