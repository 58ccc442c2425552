"""Four devices on a machine that has none."""

import os

# Read when JAX makes its first array, not when it is imported.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pytest

pytest.importorskip("keras")

import hypercycle as hc
import hypercycle_keras

if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf

    # Before TensorFlow makes its first tensor.
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(autouse=True, scope="session")
def _plugin():
    hc.register_plugin(hypercycle_keras)
