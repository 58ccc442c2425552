"""What a training step pays for its schedules in JAX, beside Optax's own ways.

``python benchmarks/optax_step.py [--quick] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import optax
from timing import (
    Effort,
    arguments,
    by_process,
    machine,
    number,
    reached,
    report,
    section,
    table,
)

import hypercycle as hc
from hypercycle_optax import cycled

HALF = 2000
PERIOD = 2 * HALF
LOW, HIGH = 0.001, 0.006
# (low, high) of each hyperparameter; those in OPPOSITE start at high.
BOUNDS = {
    "learning_rate": (LOW, HIGH),
    "momentum": (0.85, 0.95),
    "b1": (0.85, 0.95),
    "weight_decay": (1e-5, 1e-3),
    "b2": (0.99, 0.999),
    "eps": (1e-8, 1e-6),
}
OPPOSITE = {"momentum", "b1"}
STEPS = 1_000  # of a turn
REFERENCE = "constants"
SHARES = {"matrix": 1.0, "vector": 0.5}  # of the bounds, by label

# What to reach: the rate of training steps, in multiples of that with constants; with a Hann wave.
RATE, RATE_OF_HANN = 0.92, 0.95

Transformation = optax.GradientTransformation
Params = dict[str, jax.Array]
Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """A line of a table: the transformation, and what to reach."""

    label: str
    transformation: Transformation
    target: float | None = None


# The optimizers, and what of them is cycled.


def sgd(learning_rate: float, momentum: float, weight_decay: float) -> Transformation:
    return optax.chain(optax.add_decayed_weights(weight_decay), optax.sgd(learning_rate, momentum))


SGD = ("learning_rate", "momentum", "weight_decay")
ADAMW = ("learning_rate", "b1", "weight_decay", "b2", "eps")


def constants(names: Sequence[str]) -> dict[str, float]:
    return {name: sum(BOUNDS[name]) / 2 for name in names}


def cycles(names: Sequence[str], share: float = 1.0) -> dict[str, hc.Cycle]:
    return {name: hc.Cycle(*bounds(name, share), HALF, inverted=name in OPPOSITE) for name in names}


def triangles(names: Sequence[str], share: float = 1.0) -> dict[str, optax.Schedule]:
    """Return the same as functions that a user of Optax writes: Optax has no cyclic schedule."""
    made = {}
    for name in names:
        low, high = bounds(name, share)
        made[name] = triangle(high, low) if name in OPPOSITE else triangle(low, high)
    return made


def bounds(name: str, share: float) -> tuple[float, float]:
    low, high = BOUNDS[name]
    return low, low + (high - low) * share


def triangle(start: float, top: float) -> optax.Schedule:
    def schedule(count: jax.Array) -> jax.Array:
        distance = jnp.abs(count % PERIOD - HALF) / HALF
        return top + (start - top) * distance

    return schedule


# A training step of a network so small that the optimizer counts.


def loss(params: Params, batch: tuple[jax.Array, jax.Array]) -> jax.Array:
    inputs, labels = batch
    hidden = jax.nn.relu(inputs @ params["w1"] + params["b1"])
    logits = hidden @ params["w2"] + params["b2"]
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def start() -> tuple[Params, tuple[jax.Array, jax.Array]]:
    random = np.random.default_rng(0)
    shapes = {"w1": (32, 64), "b1": (64,), "w2": (64, 10), "b2": (10,)}
    params = {
        name: jnp.array(0.1 * random.normal(size=shape), dtype=jnp.float32)
        for name, shape in shapes.items()
    }
    inputs = jnp.array(random.normal(size=(32, 32)), dtype=jnp.float32)
    return params, (inputs, jnp.array(random.integers(10, size=32), dtype=jnp.int32))


def label_of(params: Params) -> dict[str, str]:
    return {name: "matrix" if leaf.ndim > 1 else "vector" for name, leaf in params.items()}


def train_step(transformation: Transformation) -> Callable[..., Any]:
    def step(params: Params, state: Any, batch: Any) -> tuple[Params, Any]:
        gradients = jax.grad(loss)(params, batch)
        updates, state = transformation.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    return step


@cache  # for `agree` and `jit_loop`
def compiled_step(row: Row) -> Callable[..., Any]:
    return jax.jit(train_step(row.transformation), donate_argnums=(0, 1))


def jit_loop(row: Row) -> Work:
    """Call a compiled step in a loop."""
    step = compiled_step(row)
    params, batch = start()
    state = row.transformation.init(params)

    def work() -> None:
        nonlocal params, state
        for _ in range(STEPS):
            params, state = step(params, state, batch)
        jax.block_until_ready(params)

    return work


def scan_loop(row: Row) -> Work:
    """Call a compiled loop of steps."""
    step = train_step(row.transformation)
    params, batch = start()
    state = row.transformation.init(params)

    def body(carry: Any, _: None) -> tuple[Any, None]:
        return step(*carry, batch), None

    def steps(params: Params, state: Any) -> tuple[Params, Any]:
        return jax.lax.scan(body, (params, state), length=STEPS)[0]

    compiled = jax.jit(steps, donate_argnums=(0, 1))

    def work() -> None:
        nonlocal params, state
        params, state = compiled(params, state)
        jax.block_until_ready(params)

    return work


def agree(rows: Sequence[Row]) -> None:
    """Check that whoever cycles the same trains to the same parameters."""
    trained: dict[str, Params] = {}
    for row in rows:
        *_, cycled_count = row.label.split(", ")
        if not cycled_count.isdigit():
            continue
        step = compiled_step(row)
        params, batch = start()
        state = row.transformation.init(params)
        for _ in range(HALF // 2):
            params, state = step(params, state, batch)
        first = trained.setdefault(cycled_count, params)
        off = max(float(jnp.abs(params[name] - first[name]).max()) for name in params)
        if not off < 1e-3:
            raise SystemExit(
                f"{row.label!r} trains to other parameters than its peers, off by {off}"
            )


def compare(title: str, text: str, rows: Sequence[Row], effort: Effort) -> str:
    agree(rows)
    times = [
        by_process({row.label: loop(row) for row in rows}, effort) for loop in (jit_loop, scan_loop)
    ]
    lines = []
    for row in rows:
        rates = [number(t.ratio(REFERENCE, row.label)) for t in times]
        line = [row.label, *rates, "", ""]
        if row.target is not None:
            # A rate is to be at least the target.
            verdicts = [reached(row.target, float(rate)) for rate in rates]
            line[-2:] = f"{row.target:.2f}", " ".join(verdicts)
        lines.append(line)
    heads = ["rate", "jit, loop", "lax.scan", "target", "reached"]
    if not any(row.target for row in rows):
        heads, lines = heads[:-2], [line[:-2] for line in lines]
    microseconds = " / ".join(number(t.median(REFERENCE) / STEPS * 1e6) for t in times)
    text = (
        f"{text} Rate of training steps, in multiples of that with constants ({microseconds} µs "
        "a step)."
    )
    return section(title, text, table(heads, lines))


def of_sgd(effort: Effort) -> str:
    rows = rows_of(sgd, SGD, (1, 3))
    hann = {"momentum": hc.Cycle(*BOUNDS["momentum"], HALF, waveform="hann", inverted=True)}
    # What a count in the state costs, whoever looks at it.
    counted = optax.chain(sgd(**constants(SGD)), optax.scale_by_schedule(lambda _: 1.0))
    rows.insert(1, Row("constants, and a count", counted))
    rows.append(Row("ours, 3 with a Hann", cycled(sgd, cycles(SGD) | hann), RATE_OF_HANN))
    text = "SGD with momentum and weight decay, of which 1 or 3 are cycled."
    return compare("SGD", text, rows, effort)


def of_adamw(effort: Effort) -> str:
    rows = rows_of(optax.adamw, ADAMW, (1, 3, 5))
    text = f"1, 3 or 5 of {', '.join(ADAMW)} are cycled."
    return compare("AdamW", text, rows, effort)


def rows_of(factory: Callable[..., Any], names: Sequence[str], counts: Sequence[int]) -> list[Row]:
    fixed = constants(names)
    rate = names[:1]
    inject = optax.inject_hyperparams(factory)
    rows = [
        Row(REFERENCE, factory(**fixed)),
        Row("Optax's schedule, 1", factory(**fixed | triangles(rate))),
        Row("our Cycle as Optax's schedule, 1", factory(**fixed | cycles(rate))),
    ]
    for count in counts:
        own = names[:count]
        rows.append(Row(f"inject_hyperparams, {count}", inject(**fixed | triangles(own))))
    for count in counts:
        plan = fixed | cycles(names[:count])
        rows.append(Row(f"ours, {count}", cycled(factory, plan), RATE))
    return rows


# Per label.


def of_labels(effort: Effort) -> str:
    fixed = constants(SGD)
    inject = optax.inject_hyperparams(sgd)

    def partition(factory: Callable[..., Any], count: int) -> Transformation:
        made = {
            label: factory(**fixed | triangles(SGD[:count], share))
            for label, share in SHARES.items()
        }
        return optax.partition(made, label_of)

    def ours(count: int) -> Transformation:
        groups = {
            name: hc.Groups({label: cycles([name], share)[name] for label, share in SHARES.items()})
            for name in SGD[:count]
        }
        return cycled(sgd, fixed | groups, param_labels=label_of)

    rows = [
        Row(REFERENCE, partition(sgd, 0)),
        Row("Optax's schedules, 1", partition(sgd, 1)),
        Row("inject_hyperparams, 1", partition(inject, 1)),
        Row("inject_hyperparams, 3", partition(inject, 3)),
        Row("ours, Groups, 1", ours(1)),
        Row("ours, Groups, 3", ours(3)),
    ]
    text = (
        "SGD as above; the weights and the biases have their own bounds. All but ours are in "
        "optax.partition, one for each label."
    )
    return compare("Per label", text, rows, effort)


def main() -> None:
    effort, document = arguments("Cost of a step of the schedules in JAX.")
    sections = [
        machine("hypercycle", "numpy", "jax", "jaxlib", "optax") + "\n",
        of_sgd(effort),
        of_adamw(effort),
        of_labels(effort),
    ]
    report("optax_step.py", sections, document)


if __name__ == "__main__":
    main()
