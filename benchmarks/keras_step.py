"""What a training step pays for its schedules in Keras, on each backend.

``python benchmarks/keras_step.py [--quick] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from timing import (
    QUICK,
    Times,
    arguments,
    installed,
    machine,
    number,
    reached,
    report,
    section,
    table,
)

import hypercycle as hc

# Keras, which has one backend in a process, is imported where it is used: the script starts a
# process for each backend, and they tell it their times.

HALF = 2000
LOW, HIGH = 0.001, 0.006
# (low, high) of each hyperparameter; those in OPPOSITE start at high.
BOUNDS = {
    "lr": (LOW, HIGH),
    "momentum": (0.85, 0.95),
    "beta1": (0.85, 0.95),
    "weight_decay": (1e-5, 1e-3),
    "beta2": (0.99, 0.999),
    "eps": (1e-8, 1e-6),
}
OPPOSITE = {"momentum", "beta1"}
SGD = ("lr", "momentum", "weight_decay")
ADAMW = ("lr", "beta1", "weight_decay", "beta2", "eps")
BATCH_SIZE = 32
SEVERAL = 8  # steps per execution, which Keras does not have on PyTorch

# What to reach with three hyperparameters: the rate of training steps, in multiples of that with
# constants.
RATE = {"jax": 0.95, "tensorflow": 0.90, "torch": 0.85}


@dataclass(frozen=True)
class Turns:
    """How often every contender has a turn, and of how many steps; a turn is one call of fit."""

    rounds: int
    steps: int


TURNS = {"jax": Turns(50, 480), "tensorflow": Turns(25, 400), "torch": Turns(50, 56)}
QUICK_TURNS = dict.fromkeys(TURNS, Turns(2, 16))


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes
    ----------
    label
        How the table calls it.
    optimizer
        Called without arguments, in the process of a backend.
    callbacks
        Called before each turn.
    targeted
        Whether it is to reach what is set out above.
    same_as
        What it has in common with rows that train to the same weights.
    """

    label: str
    optimizer: Callable[[], Any]
    callbacks: Callable[[], list[Any]] = list
    targeted: bool = False
    same_as: str = ""


# The optimizers, and what of them is cycled.


def sgd(lr: Any = None) -> Any:
    import keras

    constants = {name: sum(BOUNDS[name]) / 2 for name in SGD}
    return keras.optimizers.SGD(
        constants["lr"] if lr is None else lr,
        momentum=constants["momentum"],
        weight_decay=constants["weight_decay"],
    )


def adamw() -> Any:
    import keras

    constants = {name: sum(BOUNDS[name]) / 2 for name in ADAMW}
    return keras.optimizers.AdamW(
        constants["lr"],
        beta_1=constants["beta1"],
        beta_2=constants["beta2"],
        epsilon=constants["eps"],
        weight_decay=constants["weight_decay"],
    )


def plan(names: Sequence[str]) -> hc.Plan:
    return hc.Plan(
        **{name: hc.Cycle(*BOUNDS[name], HALF, inverted=name in OPPOSITE) for name in names}
    )


def cosine_decay() -> Any:
    import keras

    return sgd(keras.optimizers.schedules.CosineDecay(HIGH, decay_steps=10**6, alpha=LOW / HIGH))


def our_schedule() -> Any:
    from hypercycle_keras import Schedule

    return sgd(Schedule(plan(["lr"])["lr"]))


def ours(optimizer: Callable[[], Any], names: Sequence[str]) -> Callable[[], Any]:
    return lambda: hc.attach(optimizer(), plan(names))


def history() -> list[Any]:
    from hypercycle_keras import CycleHistory

    return [CycleHistory()]


def history_with_events() -> list[Any]:
    from hypercycle_keras import CycleHistory

    events = []
    return [CycleHistory(on_event=lambda *event: events.append(event))]


def assigning() -> list[Any]:
    """Make what users write: a callback that assigns the learning rate before each batch."""
    import keras

    class Assigning(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            del logs
            self.step = int(self.model.optimizer.iterations)

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            del batch, logs
            distance = abs(self.step % (2 * HALF) - HALF) / HALF
            # With JAX, it has no effect on an optimizer that does not come from self.model.
            self.model.optimizer.learning_rate = HIGH + (LOW - HIGH) * distance
            self.step += 1

    return [Assigning()]


REFERENCE = "constants"
ASSIGNED = "callback that assigns, 1"


def rows_of_sgd() -> list[Row]:
    three = ours(sgd, SGD)
    return [
        Row(REFERENCE, sgd),
        Row("CosineDecay, 1", cosine_decay),
        Row("our Schedule, 1", our_schedule, same_as="1"),
        Row(ASSIGNED, sgd, assigning, same_as="1"),
        Row("ours, 1", ours(sgd, SGD[:1]), same_as="1"),
        Row("ours, 3", three, targeted=True, same_as="3"),
        Row("ours, 3, CycleHistory", three, history, same_as="3"),
        Row("ours, 3, CycleHistory, events", three, history_with_events, same_as="3"),
    ]


def rows_of_adamw() -> list[Row]:
    return [
        Row(REFERENCE, adamw),
        *(
            Row(f"ours, {count}", ours(adamw, ADAMW[:count]), targeted=count == 3)
            for count in (1, 3, 5)
        ),
    ]


def rows_of_several() -> list[Row]:
    """Return those with several steps per execution; a callback comes once for all of them."""
    return [
        Row(f"constants, {SEVERAL} steps", sgd),
        Row(f"CosineDecay, 1, {SEVERAL} steps", cosine_decay),
        Row(f"{ASSIGNED}, {SEVERAL} steps", sgd, assigning),
        Row(f"ours, 3, {SEVERAL} steps", ours(sgd, SGD), same_as="3"),
    ]


# In the process of a backend.


def tell(turns: Turns) -> None:
    """Measure the backend of this process, and print the times as JSON."""
    import keras

    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(1)
    steps = turns.steps
    times = {
        "SGD": interleaved({row: fitting(row, steps) for row in rows_of_sgd()}, turns.rounds),
        "AdamW": interleaved({row: fitting(row, steps) for row in rows_of_adamw()}, turns.rounds),
    }
    if keras.backend.backend() != "torch":
        works = {row: fitting(row, steps) for row in rows_of_sgd()[:1]}
        works |= {row: fitting(row, steps, SEVERAL) for row in rows_of_several()}
        times["several"] = interleaved(works, turns.rounds)
    print(json.dumps(times))


@dataclass(frozen=True)
class Work:
    """A model, and what trains it for a turn and returns the seconds that a step took."""

    model: Any
    train: Callable[[], float]


def fitting(row: Row, steps: int, steps_per_execution: int = 1) -> Work:
    """Compile a network so small that the optimizer counts."""
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((32,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=row.optimizer(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        steps_per_execution=steps_per_execution,
    )

    class Clock(keras.callbacks.Callback):
        """Takes the CPU time of the process: XLA and TensorFlow work on threads of their own."""

        def on_train_begin(self, logs: Any = None) -> None:
            del logs
            self.begin = time.process_time()

        def on_train_end(self, logs: Any = None) -> None:
            del logs
            self.seconds = time.process_time() - self.begin

    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(steps * BATCH_SIZE, 32)).astype("float32")
    labels = draw.integers(10, size=steps * BATCH_SIZE)

    def train() -> float:
        clock = Clock()
        model.fit(
            inputs,
            labels,
            batch_size=BATCH_SIZE,
            shuffle=False,
            verbose=0,
            callbacks=[*row.callbacks(), clock],
        )
        return clock.seconds / steps

    return Work(model, train)


def interleaved(works: Mapping[Row, Work], rounds: int) -> dict[str, list[float]]:
    """Time them in turns, after one that does not count, which compiles."""
    for work in works.values():
        work.train()
    agree(works)
    seconds: dict[str, list[float]] = {row.label: [] for row in works}
    order = list(works)
    shuffle = random.Random(0).shuffle  # noqa: S311
    gc.collect()
    gc.freeze()  # so that a collection before each turn is quick
    for _ in range(rounds):
        shuffle(order)
        for row in order:
            gc.collect()
            seconds[row.label].append(works[row].train())
    gc.unfreeze()
    return seconds


def agree(works: Mapping[Row, Work]) -> None:
    """Refuse to compare what should have trained to the same weights by now, but has not."""
    first: dict[str, list[np.ndarray]] = {}
    for row, work in works.items():
        weights = work.model.get_weights()
        expected = first.setdefault(row.same_as or row.label, weights)
        off = max(np.abs(a - b).max() for a, b in zip(weights, expected, strict=True))
        if not off < 1e-4:
            raise SystemExit(f"{row.label!r} trains to other weights than its peers, off by {off}")


# The tables.


def measured(backend: str, turns: Turns) -> dict[str, Times]:
    """Return what the process of a backend tells."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"from keras_step import *; tell({turns!r})"],
        cwd=Path(__file__).parent,
        env=os.environ | {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"the process of {backend} failed:\n{done.stderr}")
    told: dict[str, dict[str, list[float]]] = json.loads(done.stdout.splitlines()[-1])
    return {name: Times(seconds) for name, seconds in told.items()}


def compare(title: str, text: str, rows: Sequence[Row], times: Mapping[str, Times]) -> str:
    lines = []
    for row in rows:
        rates = {backend: own.ratio(REFERENCE, row.label) for backend, own in times.items()}
        line = [row.label, *map(number, rates.values()), ""]
        if row.targeted:
            # A rate is to be at least the target.
            verdicts = [reached(RATE[one], float(number(rate))) for one, rate in rates.items()]
            line[-1] = " ".join(verdicts)
        lines.append(line)
    heads = ["rate", *times, "reached"]
    if any(row.targeted for row in rows):
        targets = ", ".join(f"{RATE[one]:.2f} with {one}" for one in times)
        text = f"{text} Three are to reach {targets}."
    else:
        heads, lines = heads[:-1], [line[:-1] for line in lines]
    microseconds = " / ".join(number(own.median(REFERENCE) * 1e6) for own in times.values())
    text = (
        f"{text} Rate of training steps, in multiples of that with constants ({microseconds} µs "
        "a step)."
    )
    return section(title, text, table(heads, lines))


def main() -> None:
    effort, document = arguments("Cost of a step of the schedules in Keras.")
    turns = TURNS if effort is not QUICK else QUICK_TURNS
    times = {
        backend: measured(backend, own) for backend, own in turns.items() if installed(backend)
    }

    def of(name: str) -> dict[str, Times]:
        return {backend: own[name] for backend, own in times.items() if name in own}

    sections = [
        machine("hypercycle", "numpy", "keras", "jax", "tensorflow", "tensorflow-cpu", "torch")
        + "\n",
        compare(
            "SGD",
            "SGD with momentum and weight decay, of which 1 or 3 are cycled.",
            rows_of_sgd(),
            of("SGD"),
        ),
        compare(
            "AdamW",
            f"1, 3 or 5 of {', '.join(ADAMW)} are cycled.",
            rows_of_adamw(),
            of("AdamW"),
        ),
    ]
    if of("several"):
        text = (
            f"SGD as above with steps_per_execution={SEVERAL}, which Keras does not have on "
            f"PyTorch. What a callback assigns stays for all {SEVERAL} steps."
        )
        several = compare("Several steps per execution", text, rows_of_several(), of("several"))
        sections.append(several)
    report("keras_step.py", sections, document)


if __name__ == "__main__":
    main()
