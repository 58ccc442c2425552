"""A range test of a compiled Keras model."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Literal

import keras
import numpy as np

from hypercycle.numbers.checks import whole_number
from hypercycle.range_test import RangeTest, Recorder, Sweep
from hypercycle.range_test.random_states import keep_random_states_of_loaders
from hypercycle.range_test.running import Metrics, Runs, average, endless, sweep_of
from hypercycle.schedules.tabulated import Tabulated
from hypercycle_keras.cycled import cycled


def range_test(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    batch_size: int = 32,
    name: str = "lr",
    start: float | None = None,
    end: float | None = None,
    steps: int = 300,
    spacing: Literal["exponential", "linear"] = "exponential",
    repeats: int = 1,
    metrics: Metrics | None = None,
    metrics_every: int = 10,
    stop_early: bool = True,
    progress: bool | None = None,
) -> RangeTest:
    """Train a compiled model while a hyperparameter rises, record the losses, put everything back.

    The model's own training step runs, with an optimizer like its own that follows the sweep;
    afterwards, and after an error or Ctrl-C, the weights and all other variables of the model, its
    optimizer with its state, its compiled training step and the random states of Python, NumPy,
    the backend and PyTorch, whose loaders serve the others too, are what they were. (A model that
    has never been trained also has its metrics and its optimizer's variables made, for which Keras
    draws random numbers once, here or in its first ``fit``.) Not put back are attributes of
    Python's, such as ``layer.trainable``, that a training step or metric of your own changes.

    Parameters
    ----------
    model
        Built and compiled.
    x, y
        Arrays, of which shuffled batches are made; or ``x`` alone: a ``tf.data.Dataset``,
        ``keras.utils.PyDataset``, PyTorch ``DataLoader`` or list of batches ``(x, y)`` or
        ``(x, y, sample_weight)``, restarted when it is used up. An iterator is refused: its
        batches would be consumed.
    batch_size
        Of arrays.
    name
        Which hyperparameter of the optimizer rises.
    start, end, steps, spacing
        As in :class:`hypercycle.sweep.Sweep`, in updates of the optimizer; for ``lr``, from 1e-6
        to 10 unless told otherwise.
    repeats
        How often to do it, each time from the same weights and with other batches.
    metrics, metrics_every
        ``{name: function(model)}``, measured after every so many updates.
    stop_early, progress
        As in :class:`hypercycle.sweep.Recorder`.

    Returns
    -------
    RangeTest
        Whose ``bounds()`` are what it is for.

    Raises
    ------
    TypeError, ValueError
        If the model is not built or compiled, or the sweep, the name or the data are not what they
        must be; the model is as it was.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(), loss="mse")
    >>> x, y = np.eye(4), np.ones((4, 1))
    >>> range_test(model, x, y, batch_size=2, start=1e-3, end=0.5, steps=20)
    <RangeTest of lr from 0.001 to 0.5: 20 points>
    """
    sweep = sweep_of(name, start, end, steps, spacing)
    runs = Runs(sweep, repeats=repeats, metrics=metrics, metrics_every=metrics_every)
    batch_size = whole_number(batch_size, "batch_size", minimum=1)
    _check_model(model)
    stream = endless(_batches(x, y, batch_size), "x")
    tests = []
    with keep_random_states_of_loaders(), _keep_backend_state(), closing(stream):
        for _ in range(runs.repeats):
            with (
                _keep(model),
                Recorder(sweep, stop_early=stop_early, progress=progress) as recorder,
            ):
                _follow(model, sweep)
                _record(recorder, model, stream, runs)
            tests.append(recorder.range_test())
    return average(tests)


def _follow(model: keras.Model, sweep: Sweep) -> None:
    """Give the model an optimizer like its own that follows the sweep, and a new training step."""
    with warnings.catch_warnings():
        # It says that the model must be compiled anew, which is what happens here.
        warnings.filterwarnings("ignore", message="this .* has been in use: its state was copied")
        plan = {sweep.name: Tabulated(sweep.values)}
        model.optimizer = cycled(model.optimizer, plan, replace=True, start_step=0)
    model.steps_per_execution = 1
    model.train_function = None


def _record(recorder: Recorder, model: keras.Model, stream: Iterator[Any], runs: Runs) -> None:
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    accumulate = inner.gradient_accumulation_steps or 1
    for updates in range(1, len(recorder.sweep) + 1):
        losses = []
        for _ in range(accumulate):
            model.reset_metrics()
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(_in_numpy(next(stream)))
            logs = model.train_on_batch(x, y, sample_weight, return_dict=True)
            losses.append(float(logs["loss"]))
        loss = float(np.mean(losses))
        measured = {}
        if runs.measures_after(updates, loss):
            measured = {name: function(model) for name, function in runs.metrics.items()}
        if recorder.record(loss, **measured):
            return


def _in_numpy(batch: Any) -> Any:
    """Return a batch of PyTorch's ``DataLoader`` as the other backends take it."""
    torch = sys.modules.get("torch")
    if torch is None or keras.backend.backend() == "torch":
        return batch
    return keras.tree.map_structure(
        lambda leaf: leaf.numpy(force=True) if isinstance(leaf, torch.Tensor) else leaf, batch
    )


@contextmanager
def _keep(model: keras.Model) -> Iterator[None]:
    """Put back the variables of the model, its optimizer and what it has compiled.

    The seeds of layers such as Dropout are among the variables.
    """
    kept = {name: getattr(model, name) for name in _ATTRIBUTES if hasattr(model, name)}
    own = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
    variables = {id(one): one for one in own}
    values = [keras.ops.convert_to_numpy(keras.ops.copy(one)) for one in variables.values()]
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(model, name, value)
        for variable, value in zip(variables.values(), values, strict=True):
            variable.assign(value)


_ATTRIBUTES = ("optimizer", "train_function", "steps_per_execution", "stop_training")


@contextmanager
def _keep_backend_state() -> Iterator[None]:
    """Put back the random state of the backend; JAX has none."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        # All of its devices' states, as fork_rng has it unless told otherwise.
        with torch.random.fork_rng():
            yield
    elif backend == "tensorflow":
        import tensorflow as tf

        generator = tf.random.get_global_generator()
        state = tf.identity(generator.state)
        try:
            yield
        finally:
            generator.state.assign(state)
    else:
        yield


def _check_model(model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a keras.Model, got {model!r}")
    if not getattr(model, "compiled", False) or model.optimizer is None:
        raise ValueError(
            "the model is not compiled: model.compile(optimizer, loss) first, with the optimizer "
            "that will train it"
        )
    if type(model.optimizer).__name__ == "MultiOptimizer":
        raise TypeError(
            "a range test raises a hyperparameter of one optimizer, and this model has a "
            "MultiOptimizer: compile it with one of them, for all of its variables, to test that"
        )
    if not model.built:
        raise ValueError(
            "the model is not built, so it has no weights to put back: call it on a batch, or give "
            "it a keras.Input"
        )


def _batches(x: Any, y: Any, batch_size: int) -> Iterable[Any]:
    """Return what gives the batches of an epoch each time it is iterated."""
    if isinstance(x, keras.utils.PyDataset):
        return _FromDataset(x)
    if hasattr(x, "shape"):
        if y is None or len(x) != len(y):
            found = "no y" if y is None else f"{len(x)} and {len(y)} of them"
            raise ValueError(f"arrays x and y must have a target for each sample, got {found}")
        if len(x) < batch_size:
            raise ValueError(f"there are {len(x)} samples, fewer than {batch_size=}")
        return _FromArrays(x, y, batch_size)
    if y is not None:
        raise ValueError("y belongs to arrays: batches in x bring their targets, (x, y)")
    return x  # type: ignore[no-any-return]


class _FromArrays:
    def __init__(self, x: Any, y: Any, batch_size: int) -> None:
        self.x, self.y, self.batch_size = x, y, batch_size

    def __iter__(self) -> Iterator[Any]:
        order = np.random.permutation(len(self.x))  # noqa: NPY002  (whose state is put back)
        for first in range(0, len(order) - self.batch_size + 1, self.batch_size):
            rows = order[first : first + self.batch_size]
            yield self.x[rows], self.y[rows]


class _FromDataset:
    def __init__(self, dataset: keras.utils.PyDataset) -> None:
        self.dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        for index in range(self.dataset.num_batches or 0):
            yield self.dataset[index]
