"""Keras's backend, how many devices JAX has, how hypothesis searches, when failures are shown."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Four devices on a machine that has none. Read when JAX makes its first array, whoever does.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Read when Keras is imported. `make test` runs the tests of the Keras adapter once more on each of
# the other backends.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile(
    "local", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
# What `make test-quick` asks for: a tenth of the examples.
settings.register_profile("quick", settings.get_profile("local"), max_examples=10)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")


class FailuresAtOnce:
    """Shows a failure when it happens, and not only when all tests are done, minutes later."""

    def __init__(self, terminal):
        self.terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.terminal.write_line("")  # behind the dots
            self.terminal.write_sep("_", f"{report.nodeid}, {report.when}")
            self.terminal.write_line(report.longreprtext)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if terminal is not None:  # a worker of xdist's has none
        config.pluginmanager.register(FailuresAtOnce(terminal))
