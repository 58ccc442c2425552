"""hypercycle for Keras 3: optimizers whose hyperparameters follow a plan inside the compiled step.

A pluggy plugin like anybody's. Importing it registers the classes that
``keras.saving.load_model`` needs for a model with a cycled optimizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from hypercycle import hookimpl

if int(keras.__version__.partition(".")[0]) < 3:
    raise ImportError(
        f"hypercycle_keras drives optimizers of Keras 3, this is Keras {keras.__version__}: its "
        "optimizers keep hyperparameters in another way. Install keras>=3"
    )

from hypercycle_keras.attaching import attach_optimizer
from hypercycle_keras.cycled import cycled, cycled_class
from hypercycle_keras.history import CycleHistory
from hypercycle_keras.optimizer import Cycled
from hypercycle_keras.range_test_runner import range_test
from hypercycle_keras.schedule import Schedule

if TYPE_CHECKING:
    from hypercycle.driving.options import Options
    from hypercycle.plans.plan import Plan

__all__ = ["CycleHistory", "Cycled", "Schedule", "cycled", "cycled_class", "range_test"]


@hookimpl
def hypercycle_attach(target: Any, plan: Plan, options: Options) -> keras.optimizers.Optimizer:
    """Drive Keras 3 optimizers."""
    return attach_optimizer(target, plan, options)
