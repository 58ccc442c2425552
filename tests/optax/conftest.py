"""Four devices on a machine that has none, and the adapter as a plugin."""

import os

# Read when JAX makes its first array, not when it is imported.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pytest

import hypercycle as hc
import hypercycle_optax


@pytest.fixture(autouse=True, scope="session")
def _plugin():
    hc.register_plugin(hypercycle_optax)
