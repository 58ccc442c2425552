"""The adapter as a plugin, and two devices for TensorFlow."""

import os

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
