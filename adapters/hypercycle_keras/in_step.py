"""What a schedule is worth inside a compiled step, on each backend of Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from hypercycle.driving.tracks import Track, Tracks
from hypercycle.driving.warning import warn
from hypercycle.namespaces.evaluation import evaluate_at
from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.checks import LARGEST_LENGTH
from hypercycle.schedules.schedule import Record
from hypercycle.schedules.tabulated import Tabulated

LONGEST_TABLE = 10_000_000
_CHECKED_AT_ONCE = 100_000


@dataclass(frozen=True)
class _InStep:
    """A schedule, also a user's own function, in float64 until the end; or 1 − its value."""

    schedule: Record
    complement: bool = False

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        value = self.schedule.evaluate(step, xp)
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


class ValuesOnHost:
    """The values of a plan as floats, computed ahead in blocks, and checked.

    They are what PyTorch's steps take, and how it is found out whether a compiled step, which
    cannot refuse a value, has one that the optimizer does not accept.
    """

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = Tracks(tracks)
        self._first_step = 0
        self._columns: list[list[Any]] = [[]]

    def at(self, step: int) -> dict[str, Any]:
        """Return the values of a step by attribute, dicts where there are groups.

        Raises
        ------
        ValueError, OverflowError
            If one of them is not finite or not accepted.
        """
        index = step - self._first_step
        if not 0 <= index < len(self._columns[0]):
            self._columns, self._first_step, index = self._tracks.columns(step), step, 0
        pairs = zip(self._tracks.tracks, self._columns, strict=True)
        return {track.place: track.value(column[index]) for track, column in pairs}

    def check(self, start: int, stop: int | None) -> None:
        """Raise as :meth:`at` does if a step from ``start`` until ``stop`` has such a value.

        Without ``stop``, schedules that have an end are checked until there. Functions of the step
        are left out: they may only be asked when their step has come.
        """
        for track in self._tracks.tracks:
            for index, schedule in enumerate(track.schedules):
                keys = None if track.keys is None else (track.keys[index],)
                one = replace(track, schedules=(schedule,), keys=keys)
                for steps in _chunks(start, min(_end_of(schedule, stop), start + LONGEST_TABLE)):
                    one.check(schedule(steps)[np.newaxis])


def _end_of(schedule: Record, stop: int | None) -> int:
    """Return before which step it is known that values will be used, and which."""
    length = schedule.length
    ends = [end for end in (stop, None if length is None else length + 1) if end is not None]
    return min(ends, default=0) if schedule.precomputable else 0


def _chunks(start: int, stop: int) -> Iterator[np.ndarray]:
    # What is refused is gone through value by value.
    for first in range(start, stop, _CHECKED_AT_ONCE):
        yield np.arange(first, min(first + _CHECKED_AT_ONCE, stop))


def largest_step() -> int:
    """Return the largest whole number in which this backend counts updates."""
    dtype = keras.backend.standardize_dtype("int")
    return int(min(np.iinfo(dtype).max, LARGEST_LENGTH))


def value_of_variable(variable: keras.Variable) -> float | int:
    """Return what is in a variable without dimensions, mirrored ones included."""
    # By way of a tensor: NumPy deprecates how it would read the variable itself.
    tensor = keras.ops.convert_to_tensor(variable)
    return keras.ops.convert_to_numpy(tensor).item()  # type: ignore[no-any-return]


def assign(variable: keras.Variable, value: Any) -> None:
    """Give a variable without dimensions a value, a float or a tensor."""
    tensor = variable.value
    # As it always is on PyTorch but in a stateless call, whose tensors are somebody else's.
    if isinstance(value, float) and tensor is variable._value:  # noqa: SLF001
        tensor.fill_(value)  # spares a tensor on the way
    else:
        variable.assign(value)


def dtype_of(variables: Sequence[Any]) -> str:
    """Return the dtype in which the step computes with a Python float, at least float32."""
    dtypes = {keras.backend.standardize_dtype(variable.dtype) for variable in variables}
    return "float64" if "float64" in dtypes else "float32"


def traced_tensor(schedule: Record, step: Any, dtype: str) -> Any:
    """Return the value as a tensor without dimensions, rounded once to ``dtype``."""
    return keras.ops.cast(evaluate_at(_InStep(schedule), step), dtype)


def traced_number(schedule: Record, step: Any, dtype: str) -> Number:
    """Return the value as a number that the optimizer may take for a float."""
    complement = evaluate_at(_InStep(schedule, complement=True), step)
    return Number(traced_tensor(schedule, step, dtype), keras.ops.cast(complement, dtype))


def traceable_form(schedule: Record, name: str, total_steps: int | None) -> Record:
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
        return _table_of(schedule, name, total_steps, error)
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


def _table_of(schedule: Record, name: str, total_steps: int | None, error: Exception) -> Tabulated:
    length = schedule.length
    period = schedule.repeats_every
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
    return Tabulated(schedule(np.arange(size)), repeats=period is not None)
