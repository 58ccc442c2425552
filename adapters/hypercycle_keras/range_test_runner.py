"""A range test of a compiled Keras model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Literal

import keras
import numpy as np

from hypercycle.numbers.checks import whole_number
from hypercycle.plans.plan import Plan
from hypercycle.range_test import RangeTest, Recorder, Sweep
from hypercycle.range_test.random_states import keep_random_states_of_loaders
from hypercycle.range_test.running import Runs, average, check_metric_names, endless, sweep_of
from hypercycle.schedules.tabulated import Tabulated
from hypercycle_keras.batches import as_fit_gives, batches_of
from hypercycle_keras.cycled import cycled_afresh


def range_test(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    batch_size: int = 32,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    name: str = "lr",
    start: float | None = None,
    end: float | None = None,
    steps: int = 300,
    spacing: Literal["exponential", "linear"] = "exponential",
    repeats: int = 1,
    metrics: Mapping[str, Any] | Sequence[str] | None = None,
    metrics_every: int = 10,
    stop_early: bool = True,
    progress: bool | None = None,
) -> RangeTest:
    """Train a compiled model while a hyperparameter rises, record the losses, put everything back.

    The model's own training step runs, with an optimizer like its own that follows the sweep. Its
    slots and its count of updates are new, also where the model has been trained before: Keras's
    velocity is in units of the rate it was made with, and would move the weights for many updates
    of a sweep that begins far below. Afterwards, and after an error or Ctrl-C, the weights and all
    other variables of the model, its optimizer with its state, its compiled training step and the
    random states of Python, NumPy, the backend and PyTorch, whose loaders serve the others too, are
    what they were. (A model that has never been trained also has its metrics and its optimizer's
    variables made, for which Keras draws random numbers once, here or in its first ``fit``.) Not
    put back are attributes of Python's, such as ``layer.trainable``, that a training step or metric
    of your own changes, and the order that a ``PyDataset`` keeps.

    Parameters
    ----------
    model
        Built and compiled.
    x, y
        Arrays, or dicts or lists of them, as ``fit`` takes them, of which shuffled batches are
        made; or ``x`` alone: a ``tf.data.Dataset``, ``keras.utils.PyDataset``, PyTorch
        ``DataLoader`` or list of batches ``(x, y)`` or ``(x, y, sample_weight)``, restarted when it
        is used up, or a function that makes a generator of such, called at each start. An iterator
        is refused: its batches would be consumed.
    batch_size
        Of arrays.
    sample_weight
        An array of a weight for each sample of arrays.
    class_weight
        ``{class: weight}``, as for ``fit``.
    name
        Which hyperparameter of the optimizer rises.
    start, end, steps, spacing
        As in :class:`hypercycle.sweep.Sweep`, in updates of the optimizer; for ``lr``, from 1e-6
        to 10 unless told otherwise.
    repeats
        How often to do it, each time from the same weights and with other batches.
    metrics, metrics_every
        ``{name: function(model)}``, measured after every so many updates. Names of compiled
        metrics, as in ``["accuracy"]`` or ``{"training accuracy": "accuracy"}``, are recorded at
        each update: the metric of the batch alone that the update is made with, before it.
    stop_early, progress
        As in :class:`hypercycle.sweep.Recorder`.

    Returns
    -------
    RangeTest
        Whose ``bounds()`` are what it is for.

    Raises
    ------
    TypeError, ValueError
        If the model is not built or compiled, or the sweep, the name, the data or the metrics are
        not what they must be; the model is as it was.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(), loss="mse")
    >>> x, y = np.eye(4), np.ones((4, 1))
    >>> range_test(model, x, y, batch_size=2, start=1e-3, end=0.5, steps=20)
    <RangeTest of lr from 0.001 to 0.5: 20 points>
    """
    sweep = sweep_of(name, start, end, steps, spacing)
    functions, compiled = _split(metrics)
    runs = Runs(sweep, repeats=repeats, metrics=functions, metrics_every=metrics_every)
    batch_size = whole_number(batch_size, "batch_size", minimum=1)
    _check_model(model)
    data = batches_of(x, y, sample_weight, batch_size, needs_targets=_needs_targets(model))
    stream = endless(data, "x")
    tests = []
    with keep_random_states_of_loaders(), _keep_backend_state(), closing(stream):
        for _ in range(runs.repeats):
            with (
                _keep(model),
                Recorder(sweep, stop_early=stop_early, progress=progress) as recorder,
            ):
                _follow(model, sweep)
                _record(recorder, model, stream, runs, compiled, class_weight)
            tests.append(recorder.range_test())
    return average(tests)


def _split(metrics: Any) -> tuple[Any, dict[str, str]]:
    """Return the metrics that are functions, and the names of compiled ones by their keys."""
    if isinstance(metrics, (list, tuple)) and all(isinstance(one, str) for one in metrics):
        metrics = {one: one for one in metrics}
    if not isinstance(metrics, Mapping):
        return metrics, {}
    compiled = {name: one for name, one in metrics.items() if isinstance(one, str)}
    check_metric_names(compiled)
    return {name: one for name, one in metrics.items() if name not in compiled}, compiled


def _needs_targets(model: keras.Model) -> bool:
    """Return whether the model's loss compares with targets, as far as one can see."""
    kind = type(model)
    is_own = any(
        getattr(kind, name) is not getattr(keras.Model, name)
        for name in ("train_step", "compute_loss")
    )
    return model.loss is not None and not is_own


def _follow(model: keras.Model, sweep: Sweep) -> None:
    """Give the model an optimizer like its own that follows the sweep, and a new training step."""
    plan = Plan(**{sweep.name: Tabulated(sweep.values)})
    model.optimizer = cycled_afresh(model.optimizer, plan)
    model.steps_per_execution = 1
    model.train_function = None


def _record(  # noqa: PLR0917  (what the loop needs)
    recorder: Recorder,
    model: keras.Model,
    stream: Iterator[Any],
    runs: Runs,
    compiled: Mapping[str, str],
    class_weight: Any,
) -> None:
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    accumulate = inner.gradient_accumulation_steps or 1
    for updates in range(1, len(recorder.sweep) + 1):
        all_logs = []
        for _ in range(accumulate):
            model.reset_metrics()
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(as_fit_gives(next(stream)))
            logs = model.train_on_batch(x, y, sample_weight, class_weight, return_dict=True)
            _check_compiled(compiled, logs)
            all_logs.append(logs)
        loss = _mean("loss", all_logs)
        measured: dict[str, Any] = {}
        if math.isfinite(loss):
            measured = {name: _mean(one, all_logs) for name, one in compiled.items()}
        if runs.measures_after(updates, loss):
            measured |= {name: function(model) for name, function in runs.metrics.items()}
        if recorder.record(loss, **measured):
            return


def _mean(name: str, all_logs: Sequence[Mapping[str, Any]]) -> float:
    return float(np.mean([float(logs[name]) for logs in all_logs]))


def _check_compiled(names: Mapping[str, str], logs: Mapping[str, Any]) -> None:
    for name in names.values():
        if name not in logs:
            own = ", ".join(repr(one) for one in logs if one != "loss") or "none"
            raise ValueError(
                f"the training step gives no metric {name!r}, but {own}: a compiled metric is one "
                "of model.compile(metrics=…); others are {name: function(model)}"
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
            "MultiOptimizer: to test one of them, freeze the layers of the others (trainable = "
            "False) and compile the model with a new optimizer like that one; afterwards unfreeze "
            "them and compile it with the MultiOptimizer again"
        )
    if not model.built:
        raise ValueError(
            "the model is not built, so it has no weights to put back: call it on a batch, or give "
            "it a keras.Input"
        )
