"""Schedules on TensorFlow's tensors. Imported when there is one."""

from __future__ import annotations

import functools
from typing import Any

import tensorflow as tf

from hypercycle.namespaces.namespace import NUMPY_FUNCTIONS, ArrayFunction, Evaluates, Namespace
from hypercycle.namespaces.steps import not_whole


@functools.cache
def _namespace() -> Namespace:
    def lifted(function: ArrayFunction) -> ArrayFunction:
        # TensorFlow takes Python numbers as float32 and refuses to mix them with float64.
        def call(*arguments: Any) -> Any:
            return function(
                *(a if tf.is_tensor(a) else tf.constant(float(a), tf.float64) for a in arguments)
            )

        return call

    def where(condition: Any, a: Any, b: Any) -> Any:
        return lifted(functools.partial(tf.where, condition))(a, b)

    functions: dict[str, Any] = {
        name: lifted(getattr(tf.math, name, None) or getattr(tf, name))
        for name in NUMPY_FUNCTIONS
        if name != "where"
    }
    return Namespace(
        **functions,
        where=where,
        to_float=lambda steps: tf.cast(steps, tf.float64),
        lesser=tf.minimum,
        clip=lambda steps, least, most: tf.clip_by_value(
            steps, tf.constant(least, tf.int64), tf.constant(most, tf.int64)
        ),
        take=lambda table, index: tf.gather(tf.constant(table), index, axis=-1),
        search=lambda table, steps: tf.reshape(
            tf.searchsorted(
                tf.constant(table), tf.reshape(steps, [-1]), side="right", out_type=tf.int64
            ),
            tf.shape(steps),
        ),
    )


def evaluate(schedule: Evaluates, step: Any) -> Any:
    """Return float64 values at a tensor of steps."""
    if not step.dtype.is_integer or step.dtype == tf.uint64:
        raise not_whole(step, step.dtype.name)
    steps = tf.cast(step, tf.int64)
    value = schedule.evaluate(steps, _namespace())
    # TensorFlow would take a Python number as float32 before it casts.
    value = tf.cast(value, tf.float64) if tf.is_tensor(value) else tf.constant(value, tf.float64)
    return tf.broadcast_to(value, tf.shape(steps))
