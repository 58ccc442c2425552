"""A range test in JAX: the loop is a scan, compiled once where all batches have one shape."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from hypercycle.driving.warning import warn
from hypercycle.range_test import RangeTest, Recorder
from hypercycle.range_test.random_states import keep_random_states_of_loaders
from hypercycle.range_test.running import Metrics, Runs, average, endless, sweep_of
from hypercycle.schedules.tabulated import Tabulated
from hypercycle_optax.models import Model, canonical_loss, take_apart
from hypercycle_optax.transformation import cycled

# Updates that one call of the compiled loop makes, before somebody looks whether to stop; fewer
# where their batches, stacked, take more than these bytes.
_UPDATES_AT_ONCE = 32
_BYTES_AT_ONCE = 128 * 2**20

# From so many shapes of batches on, compiling for each of them is worth a word.
_MANY_SHAPES = 16


def range_test(
    factory: Callable[..., optax.GradientTransformation],
    loss: Callable[..., Any],
    params: Any,
    batches: Iterable[Any] | Callable[[], Iterable[Any]],
    *,
    name: str = "lr",
    start: float | None = None,
    end: float | None = None,
    steps: int = 300,
    spacing: Literal["exponential", "linear"] = "exponential",
    repeats: int = 1,
    accumulate: int = 1,
    key: Any = None,
    model_state: Any = None,
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
        ``loss(params, batch)``, a scalar or ``(scalar, aux)``, of which ``aux`` is left out;
        ``loss(params, batch, key)`` where ``key`` is given. It gets as its first argument what
        ``params`` is: an Equinox or nnx module, a ``TrainState``.
    params
        What training starts from, at each repeat: a pytree of floats; an Equinox module, whose
        arrays of floats are trained; an nnx module, whose ``Param`` variables are, while the others
        such as averages and counts of random numbers go along; flax's ``TrainState``, whose
        ``params`` are. Modules may be in tuples, lists and dicts.
    batches
        The batches, pytrees of arrays; restarted when they are used up. Each is used, whatever its
        shape, for which the loss is compiled. An iterator is refused: its batches would be
        consumed; a function that makes one is called at each start.
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
    model_state
        A pytree of arrays that training carries along without gradients, such as ``batch_stats``;
        the loss is then ``loss(params, model_state, batch)`` → ``(scalar, model_state)``.
    metrics, metrics_every
        ``{name: function(params)}``, measured after every so many updates;
        ``function(params, model_state)`` where there is one.
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
        If the sweep, the name, the loss, the parameters or the batches are not what they must be.

    Examples
    --------
    >>> def loss(w, batch):
    ...     return jnp.mean((batch @ w - 1.0) ** 2)
    >>> batches = [np.eye(4, dtype=np.float32)]
    >>> range_test(optax.sgd, loss, jnp.zeros(4), batches, start=1e-3, end=0.5, steps=50)
    <RangeTest of lr from 0.001 to 0.5: 50 points>
    """
    sweep = sweep_of(name, start, end, steps, spacing)
    model = take_apart(params)
    has_state = model_state is not None
    runs = Runs(
        sweep,
        repeats=repeats,
        accumulate=accumulate,
        metrics=metrics,
        metrics_every=metrics_every,
        metrics_of=f"{model.name}, model_state" if has_state else model.name,
    )
    given = endless(batches, "batches")
    transformation = cycled(factory, {name: Tabulated(sweep.values)})
    own_loss = canonical_loss(model, loss, has_state=has_state, has_key=key is not None)
    run = _compile(transformation, own_loss)
    with keep_random_states_of_loaders(), closing(given):
        stream = _groups(given, runs.accumulate)
        first = next(stream)
        stream = itertools.chain([first], stream)
        at_once = runs.metrics_every if runs.metrics else _updates_that_fit(first, len(sweep))
        tests = []
        for repeat in range(runs.repeats):
            keys = None if key is None else jax.random.fold_in(key, repeat)
            carry = model.params, transformation.init(model.params), (model.variables, model_state)
            with Recorder(sweep, stop_early=stop_early, progress=progress) as recorder:
                _record(recorder, run, model, carry, stream, at_once, keys, runs)
            tests.append(recorder.range_test())
    return average(tests)


def _compile(transformation: Any, loss: Any) -> Callable[..., tuple[Any, list[float]]]:
    """Return what makes updates one after the other, from as many groups of batches.

    Several groups, all of one shape, are a scan. For one alone the gradients of each batch are
    compiled by themselves, so that a new shape costs no more than that, whatever it comes with.
    """

    def gradients(params: Any, state: Any, batch: Any, keys: Any) -> Any:
        return jax.value_and_grad(loss, has_aux=True)(params, state, batch, *keys)

    def step(params: Any, slots: Any, total: Any, count: int) -> Any:
        grads = jax.tree.map(lambda leaf: leaf / count, total)
        updates, slots = transformation.update(grads, slots, params)
        return optax.apply_updates(params, updates), slots

    def update(carry: Any, group: Any) -> tuple[Any, Any]:
        params, slots, state = carry

        def add(carried: Any, one: Any) -> tuple[Any, Any]:
            total, state = carried
            (value, state), grads = gradients(params, state, *one)
            return (jax.tree.map(jnp.add, total, grads), state), value

        zeros = jax.tree.map(jnp.zeros_like, params)
        (total, state), values = jax.lax.scan(add, (zeros, state), group)
        params, slots = step(params, slots, total, len(values))
        return (params, slots, state), values.mean()

    scan = jax.jit(lambda carry, groups: jax.lax.scan(update, carry, groups))
    gradients_alone, step_alone = jax.jit(gradients), jax.jit(step, static_argnums=3)

    def run(carry: Any, groups: list[list[Any]], keys: Any) -> tuple[Any, list[float]]:
        if len(groups) > 1:
            carry, values = scan(carry, (_stack([_stack(group) for group in groups]), keys))
            return carry, np.asarray(values, dtype=np.float64).tolist()
        params, slots, state = carry
        total, losses = None, []
        for index, batch in enumerate(groups[0]):
            own_keys = jax.tree.map(lambda leaf, at=index: leaf[0, at], keys)
            (value, state), grads = gradients_alone(params, state, batch, own_keys)
            total = grads if total is None else jax.tree.map(jnp.add, total, grads)
            losses.append(float(value))
        params, slots = step_alone(params, slots, total, len(losses))
        return (params, slots, state), [math.fsum(losses) / len(losses)]

    return run


def _record(  # noqa: PLR0917  (what the loop needs)
    recorder: Recorder,
    run: Any,
    model: Model,
    carry: Any,
    stream: Iterator[Any],
    at_once: int,
    key: Any,
    runs: Runs,
) -> None:
    """Run block after block until the recorder has enough."""
    updates, shapes = 0, set[Any]()
    for block in itertools.count():
        groups = list(itertools.islice(stream, at_once))
        keys: Any = ()
        if key is not None:
            keys = (jax.random.split(jax.random.fold_in(key, block), (at_once, runs.accumulate)),)
        own = {_shapes(batch) for group in groups for batch in group}
        if len(shapes) < _MANY_SHAPES <= len(shapes | own):
            warn(
                f"the batches have {len(shapes | own)} different shapes so far, and JAX compiles "
                "the loss for each: pad them to a few if that takes long"
            )
        shapes |= own
        size = at_once if len(own) == 1 else 1
        for first in range(0, at_once, size):
            part = slice(first, first + size)
            own_keys = jax.tree.map(lambda leaf, part=part: leaf[part], keys)
            carry, losses = run(carry, groups[part], own_keys)
            for value in losses:
                updates += 1
                measured = {}
                if runs.measures_after(updates, value):  # with metrics, a block ends there
                    measured = _measure(runs, model, carry)
                if recorder.record(value, **measured):
                    return


def _measure(runs: Runs, model: Model, carry: Any) -> dict[str, Any]:
    params, _, (variables, carried) = carry
    whole = model.put_together(params, variables)
    given = (whole,) if carried is None else (whole, carried)
    return {name: function(*given) for name, function in runs.metrics.items()}


def _groups(stream: Iterator[Any], accumulate: int) -> Iterator[list[Any]]:
    """Yield the batches of each update."""
    while True:
        batches = itertools.islice(stream, accumulate)
        yield [jax.tree.map(np.asarray, batch) for batch in batches]


def _shapes(batch: Any) -> Any:
    leaves, structure = jax.tree.flatten(batch)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)


def _stack(trees: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def _updates_that_fit(group: Any, steps: int) -> int:
    """Return of how many updates the batches are stacked at once: as equal parts as possible."""
    size = sum(int(leaf.nbytes) for leaf in jax.tree.leaves(group))
    most = max(min(steps, _UPDATES_AT_ONCE, _BYTES_AT_ONCE // max(size, 1)), 1)
    blocks = math.ceil(steps / most)
    return math.ceil(steps / blocks)
