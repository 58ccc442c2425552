"""Keras's backend, how many devices JAX has, how hypothesis searches, when failures are shown."""

import os
import random

import pytest
from hypothesis import HealthCheck, seed, settings

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
# What `make fuzz` asks for, round after round: what fails is kept in .hypothesis, and tried first.
# Nothing takes ten seconds on the busiest machine, unless its time grows with a square.
settings.register_profile("fuzz", settings.get_profile("local"), max_examples=500, deadline=10_000)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# Processes side by side have the seed of the one that started them.
SEED = int(os.environ.setdefault("FUZZ_SEED", str(random.SystemRandom().randrange(2**32))))


def pytest_report_header(config):
    """Say how a round of `make fuzz` can be had again."""
    return f"make fuzz FUZZ_SEED={SEED}" if _fuzzes(config) else None


def pytest_collection_modifyitems(config, items):
    """Let each round of `make fuzz` search with its own seed, and the short one with the same."""
    for item in items:
        if _fuzzes(config):
            seed(SEED)(item.function)
        elif "fuzz" in item.path.as_posix() and hasattr(item.function, "hypothesis"):
            seed(0)(item.function)


def _fuzzes(config):
    return config.getoption("--hypothesis-profile") == "fuzz"


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
