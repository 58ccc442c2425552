"""What a schedule is worth inside a compiled step, on each backend of Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from hypercycle.composition import Schedule, evaluate, length_of
from hypercycle.cycle import Cycle
from hypercycle.namespaces import Namespace, evaluate_at
from hypercycle.plan import value_at
from hypercycle.scale_policies import Unscaled
from hypercycle.tabulated import Tabulated
from hypercycle_keras.warning import warn

LONGEST_TABLE = 10_000_000


@dataclass(frozen=True)
class _InStep:
    """A schedule, also a user's own function, in float64 until the end; or 1 − its value."""

    schedule: Schedule
    complement: bool = False

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        value = evaluate(self.schedule, step, xp)
        return 1.0 - value if self.complement else value


class Number:
    """A hyperparameter inside the compiled step: a tensor that behaves as a Python float.

    Optimizers ask some hyperparameters whether they are zero, to leave out what they do not need;
    a schedule needs it always, so the answer is no. ``1 − value`` is computed in float64 and then
    rounded, as with a float: ``1 − float32(0.999)`` is off by 1e-5 of itself.
    """

    def __init__(self, tensor: Any, complement: Any) -> None:
        self.tensor = tensor
        self._complement = complement

    @property
    def dtype(self) -> Any:
        """The dtype of the tensor."""
        return self.tensor.dtype

    @property
    def shape(self) -> Any:
        """No dimensions."""
        return self.tensor.shape

    def __bool__(self) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __eq__(self, other: object) -> bool:
        _only_zero("==", other)
        return False

    def __gt__(self, other: object) -> bool:
        _only_zero(">", other)
        return True

    __hash__ = None  # type: ignore[assignment]

    def __float__(self) -> float:
        raise TypeError(
            "a hyperparameter that follows a schedule is not known while the step is compiled: "
            "use it in keras.ops, not as a Python float"
        )

    def __add__(self, other: Any) -> Any:
        return keras.ops.add(self.tensor, other)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Any:
        return keras.ops.multiply(self.tensor, other)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, (int, float)) and other == 1:
            return keras.ops.negative(self._complement)
        return keras.ops.subtract(self.tensor, other)

    def __rsub__(self, other: Any) -> Any:
        if isinstance(other, (int, float)) and other == 1:
            return self._complement
        return keras.ops.subtract(other, self.tensor)

    def __truediv__(self, other: Any) -> Any:
        return keras.ops.true_divide(self.tensor, other)

    def __rtruediv__(self, other: Any) -> Any:
        return keras.ops.true_divide(other, self.tensor)

    def __pow__(self, other: Any) -> Any:
        return keras.ops.power(self.tensor, other)

    def __rpow__(self, other: Any) -> Any:
        return keras.ops.power(other, self.tensor)

    def __neg__(self) -> Any:
        return keras.ops.negative(self.tensor)

    # How TensorFlow and JAX take foreign objects.

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        import tensorflow as tf

        return tf.convert_to_tensor(self.tensor, dtype=dtype, name=name)

    def __jax_array__(self) -> Any:
        return self.tensor


def _only_zero(operator: str, other: object) -> None:
    if not isinstance(other, (int, float)) or other != 0:
        raise TypeError(
            f"the optimizer asks for value {operator} {other!r} of a hyperparameter that follows "
            "a schedule, which is not known while the step is compiled"
        )


def value_of_variable(variable: keras.Variable) -> float | int:
    """Return what is in a variable without dimensions, mirrored ones included."""
    # By way of a tensor: NumPy deprecates how it would read the variable itself.
    tensor = keras.ops.convert_to_tensor(variable)
    return keras.ops.convert_to_numpy(tensor).item()  # type: ignore[no-any-return]


def traced_tensor(schedule: Schedule, step: Any, dtype: str) -> Any:
    """Return the value as a tensor without dimensions, rounded once to ``dtype``."""
    return keras.ops.cast(evaluate_at(_InStep(schedule), step), dtype)


def traced_number(schedule: Schedule, step: Any, dtype: str) -> Number:
    """Return the value as a number that the optimizer may take for a float."""
    complement = evaluate_at(_InStep(schedule, complement=True), step)
    return Number(traced_tensor(schedule, step, dtype), keras.ops.cast(complement, dtype))


def traceable(schedule: Schedule, name: str, total_steps: int | None) -> Schedule:
    """Return the schedule, or a table of its values where the backend cannot trace it.

    Raises
    ------
    ValueError
        If it can only become a table, and it is not known how long that must be.
    """
    if keras.backend.backend() == "torch":  # whose steps are Python
        return schedule
    try:
        _trace(_InStep(schedule))
    except Exception as error:  # noqa: BLE001  (each library refuses in its own way)
        return _tabulated(schedule, name, total_steps, error)
    return schedule


def _trace(schedule: _InStep) -> None:
    if keras.backend.backend() == "jax":
        import jax

        step = np.int32(0)  # for its shape and dtype
        jax.eval_shape(lambda step: evaluate_at(schedule, step), step)
    else:
        import tensorflow as tf

        function: Callable[[Any], Any] = tf.function(
            lambda step: evaluate_at(schedule, step), autograph=False
        )
        function.get_concrete_function(tf.TensorSpec([], tf.int64))  # type: ignore[attr-defined]


def _tabulated(
    schedule: Schedule, name: str, total_steps: int | None, error: Exception
) -> Tabulated:
    length = length_of(schedule)
    period = _period(schedule)
    size = period or (length + 1 if length is not None else total_steps)
    reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    if size is None:
        raise ValueError(
            f"the schedule of {name} cannot be traced by {keras.backend.backend()} ({reason}), "
            "and it is not known how many values a table of it needs: give total_steps=…, or "
            "write waveforms and scale policies with xp, and functions of the step with keras.ops"
        ) from error
    if size > LONGEST_TABLE:
        raise ValueError(
            f"the schedule of {name} cannot be traced by {keras.backend.backend()} ({reason}), "
            f"and a table of its {size} values is longer than {LONGEST_TABLE}: write waveforms "
            "and scale policies with xp"
        ) from error
    what = "one period" if period else f"the first {size} steps, after which the last one holds"
    warn(
        f"the schedule of {name} cannot be traced by {keras.backend.backend()} ({reason}): the "
        f"compiled step looks its values up in a table of {what}"
    )
    return Tabulated(value_at(schedule, np.arange(size)), repeats=period is not None)


def _period(schedule: Schedule) -> int | None:
    """Return the steps after which values repeat for ever, if they do."""
    if not isinstance(schedule, Cycle) or schedule.cycles is not None:
        return None
    _, _, scale = schedule.shape
    return schedule.period if schedule.cycle_mult == 1.0 and isinstance(scale, Unscaled) else None
