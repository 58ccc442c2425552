"""A range test in JAX: the loop is a scan, compiled once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from hypercycle.range_test import RangeTest, Recorder
from hypercycle.range_test.random_states import keep_random_states_of_loaders
from hypercycle.range_test.running import Metrics, Runs, average, endless, sweep_of
from hypercycle.schedules.tabulated import Tabulated
from hypercycle_optax.transformation import cycled

# Updates that one call of the compiled loop makes, before somebody looks whether to stop; fewer
# where their batches, stacked, take more than these bytes.
_UPDATES_AT_ONCE = 32
_BYTES_AT_ONCE = 128 * 2**20


def range_test(
    factory: Callable[..., optax.GradientTransformation],
    loss: Callable[..., Any],
    params: Any,
    batches: Iterable[Any],
    *,
    name: str = "lr",
    start: float | None = None,
    end: float | None = None,
    steps: int = 300,
    spacing: Literal["exponential", "linear"] = "exponential",
    repeats: int = 1,
    accumulate: int = 1,
    key: Any = None,
    metrics: Metrics | None = None,
    metrics_every: int = 10,
    stop_early: bool = True,
    progress: bool | None = None,
) -> RangeTest:
    """Train while a hyperparameter rises, and record the losses.

    Nothing is changed: JAX's arrays cannot be, and the random states of Python, NumPy and PyTorch,
    which shuffling may use, are put back. A generator that a loader of yours keeps moves on.

    Parameters
    ----------
    factory
        What makes the transformation from its hyperparameters, as for
        ``hypercycle_optax.cycled``: ``optax.adamw``, ``functools.partial`` of it, a function.
    loss
        ``loss(params, batch)``, a scalar; ``loss(params, batch, key)`` where ``key`` is given.
    params
        What training starts from, at each repeat.
    batches
        The batches, pytrees of arrays of the same shapes; restarted when they are used up. An
        iterator is refused: its batches would be consumed.
    name
        Which hyperparameter rises.
    start, end, steps, spacing
        As in :class:`hypercycle.sweep.Sweep`; for ``lr``, from 1e-6 to 10 unless told otherwise.
    repeats
        How often to do it, each time with other batches.
    accumulate
        Batches per update, whose gradients and losses are averaged.
    key
        A JAX random key for the loss, split for each batch.
    metrics, metrics_every
        ``{name: function(params)}``, measured after every so many updates.
    stop_early, progress
        As in :class:`hypercycle.sweep.Recorder`. The loop runs in blocks of updates, so that it
        may go on for some that are then left out.

    Returns
    -------
    RangeTest
        Whose ``bounds()`` are what it is for.

    Raises
    ------
    TypeError, ValueError
        If the sweep, the name, the loss or the batches are not what they must be.

    Examples
    --------
    >>> def loss(w, batch):
    ...     return jnp.mean((batch @ w - 1.0) ** 2)
    >>> batches = [np.eye(4, dtype=np.float32)]
    >>> range_test(optax.sgd, loss, jnp.zeros(4), batches, start=1e-3, end=0.5, steps=50)
    <RangeTest of lr from 0.001 to 0.5: 50 points>
    """
    sweep = sweep_of(name, start, end, steps, spacing)
    runs = Runs(
        sweep,
        repeats=repeats,
        accumulate=accumulate,
        metrics=metrics,
        metrics_every=metrics_every,
        metrics_of="params",
    )
    given = endless(batches, "batches")
    transformation = cycled(factory, {name: Tabulated(sweep.values)})
    with keep_random_states_of_loaders(), closing(given):
        stream = _groups(given, runs.accumulate)
        first = next(stream)
        stream = itertools.chain([first], stream)
        _check_loss(loss, params, jax.tree.map(lambda leaf: leaf[0], first), key)
        at_once = runs.metrics_every if runs.metrics else _updates_that_fit(first, len(sweep))
        run = _compile(transformation, loss, with_key=key is not None)
        tests = []
        for repeat in range(runs.repeats):
            keys = None if key is None else jax.random.fold_in(key, repeat)
            with Recorder(sweep, stop_early=stop_early, progress=progress) as recorder:
                _record(recorder, run, transformation, params, stream, at_once, keys, runs)
            tests.append(recorder.range_test())
    return average(tests)


def _compile(transformation: Any, loss: Any, *, with_key: bool) -> Any:
    def mean_loss(params: Any, batches: Any, key: Any) -> Any:
        """Return the mean over a group of batches, one after the other."""
        count = jax.tree.leaves(batches)[0].shape[0]
        keys = (jax.random.split(key, count),) if with_key else ()
        return jax.lax.map(lambda one: loss(params, *one), (batches, *keys)).mean()

    def update(carry: Any, one: Any) -> tuple[Any, Any]:
        params, state = carry
        batches, key = one
        value, grads = jax.value_and_grad(mean_loss)(params, batches, key)
        updates, state = transformation.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), value

    @jax.jit
    def run(params: Any, state: Any, batches: Any, keys: Any) -> Any:
        return jax.lax.scan(update, (params, state), (batches, keys))

    return run


def _record(  # noqa: PLR0917  (what the loop needs)
    recorder: Recorder,
    run: Any,
    transformation: Any,
    params: Any,
    stream: Iterator[Any],
    at_once: int,
    key: Any,
    runs: Runs,
) -> None:
    """Run block after block until the recorder has enough."""
    state = transformation.init(params)
    for block in itertools.count():
        groups = list(itertools.islice(stream, at_once))
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *groups)
        keys = None if key is None else jax.random.split(jax.random.fold_in(key, block), at_once)
        (params, state), losses = run(params, state, stacked, keys)
        recorded = np.asarray(losses, dtype=np.float64).tolist()
        for updates, value in enumerate(recorded, start=block * at_once + 1):
            measured = {}
            if runs.measures_after(updates, value):  # with metrics, a block ends there
                measured = {name: function(params) for name, function in runs.metrics.items()}
            if recorder.record(value, **measured):
                return


def _groups(stream: Iterator[Any], accumulate: int) -> Iterator[Any]:
    """Yield the batches of each update, stacked; those of another shape are left out."""
    shapes = None
    group: list[Any] = []
    for given in stream:
        batch = jax.tree.map(np.asarray, given)
        own = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), batch)
        shapes = shapes or own
        if own != shapes:  # the rest at the end of an epoch, which would be compiled on its own
            continue
        group.append(batch)
        if len(group) == accumulate:
            yield jax.tree.map(lambda *leaves: np.stack(leaves), *group)
            group = []


def _updates_that_fit(group: Any, steps: int) -> int:
    """Return of how many updates the batches are stacked at once: as equal parts as possible."""
    size = sum(int(leaf.nbytes) for leaf in jax.tree.leaves(group))
    most = max(min(steps, _UPDATES_AT_ONCE, _BYTES_AT_ONCE // max(size, 1)), 1)
    blocks = math.ceil(steps / most)
    return math.ceil(steps / blocks)


def _check_loss(loss: Any, params: Any, batch: Any, key: Any) -> None:
    keys: Sequence[Any] = () if key is None else (key,)
    result = jax.eval_shape(loss, params, batch, *keys)
    is_number = getattr(result, "shape", None) == ()
    if not is_number or not jnp.issubdtype(result.dtype, jnp.floating):
        raise ValueError(
            f"loss(params, batch) must return one number, the mean over the batch, got {result!r}"
        )
