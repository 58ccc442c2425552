"""Walk through all hyperparameters on a backend, or write the page of what was found.

In an environment that has Keras and all three backends:

    KERAS_BACKEND=jax python tests/support/keras_walk_table.py jax.json
    KERAS_BACKEND=tensorflow python tests/support/keras_walk_table.py tensorflow.json
    KERAS_BACKEND=torch python tests/support/keras_walk_table.py torch.json
    python tests/support/keras_walk_table.py --page jax.json tensorflow.json torch.json

A walk takes minutes, on TensorFlow half an hour.
"""

import json
import statistics
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

NAMES = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}
PAGE = Path(__file__).parents[2] / "docs" / "keras-hyperparameters.md"

HEAD = """\
# Hyperparameters of Keras's optimizers

Made by `python tests/support/keras_walk_table.py` with {versions}:
every optimizer of `keras.optimizers`,
every argument of its constructor, every way of running the step. In each case named, training with
a schedule gives the weights of training in which the values are assigned by hand before each step,
uncompiled, and other weights than without it; the rest is refused for the reason given. *All*: in
each of these ways that the backend has. (`ema_momentum` with `use_ema=True`.)

- **eager**: `run_eagerly=True`
- **graph**: `jit_compile=False`, a TensorFlow graph
- **jit**: `jit_compile=True`. On PyTorch, where the optimizer's step stays out of what is
  compiled, it was tried with {torch_jit}
- **8 steps**: `steps_per_execution=8`, for {steps} steps, on JAX compiled; **8 steps jit**: the
  same with `jit_compile=True`. On PyTorch, Keras itself refuses more than one step
- **loop**: a loop of one's own, with `jax.jit` around `stateless_apply`, with `tf.function` around
  `apply`, and with `apply` on PyTorch

Where nothing is compiled, weights and the optimizer's variables are the same bit for bit. (There
is one exception: Keras divides 1 by `global_clipnorm`, and the last bit may differ on JAX and
TensorFlow.) Compiling fuses and reorders operations, which changes last bits, also in plain Keras
with hyperparameters that stay as they are. How far weights are then from those without compiling,
relative to the largest of them:

| backend | compiled | with a schedule: most | median | plain Keras: most | median |
|---|---|---|---|---|---|
{distances}

A schedule that is one step late changes weights by {late:.0e} or more.

*No effect*: `beta_1` of ScheduleFreeAdamW, where variables change in place, cancels out in Keras
{keras}, which takes the new value of a variable for the old one. A schedule does what it does by
hand: nothing.

| optimizer | hyperparameters | {backends} |
|---|---|{rules}|
"""


def walk():
    """Return what happens in every case and mode on the backend of this process."""
    w = _keras_walk()
    driven = []
    for case, mode in w.runs():
        expected = w.by_hand(case)
        outcome = w.by_attach(case, mode)
        driven.append(
            {
                "optimizer": case.optimizer,
                "name": case.name,
                "variant": case.variant,
                "mode": mode,
                "same": w.same(case, mode, outcome, expected),
                "distance": w.distance(outcome, expected),
                "effect": w.distance(expected, w.left_alone(case)),
                "late": w.distance(expected, w.by_hand(case, late=1)),
            }
        )
    compiled = []
    for case in {case.optimizer: case for case in reversed(w.cases())}.values():
        for mode in w.MODES:
            if mode not in w.EXACT and (w.BACKEND != "torch" or case.optimizer in w.TORCH_JIT):
                alone = w.left_alone(case, mode)
                compiled.append(
                    {
                        "optimizer": case.optimizer,
                        "mode": mode,
                        "distance": w.distance(alone, w.left_alone(case)),
                    }
                )
    return {
        "backend": w.BACKEND,
        "versions": {"Keras": version("keras"), NAMES[w.BACKEND]: _version(w.BACKEND)},
        "steps": w.BATCHES,
        "tolerance": w.TOLERANCE,
        "exact": sorted(w.EXACT),
        "driven": driven,
        "plain": compiled,
    }


def _keras_walk():
    import keras_walk

    return keras_walk


def _version(backend):
    module = __import__(backend)
    return module.__version__.partition("+")[0]


def page(results):
    """Return the page, in markdown, of what was found on the backends."""
    versions = {name: number for one in results for name, number in one["versions"].items()}
    torch_jit = [
        f"{run['optimizer']}'s `{run['name']}`"
        for one in results
        if one["backend"] == "torch"
        for run in one["driven"]
        if run["mode"] == "jit"
    ]
    head = HEAD.format(
        versions=_listed([f"{name} {number}" for name, number in versions.items()]),
        keras=versions["Keras"],
        torch_jit=_listed(torch_jit),
        steps=results[0]["steps"],
        distances="\n".join(_distances(results)),
        late=min(run["late"] for one in results for run in one["driven"] if _matters(one, run)),
        backends=" | ".join(NAMES[one["backend"]] for one in results),
        rules="|".join("---" for _ in results),
    )
    alike = {}
    for kind, name, variant in _rows(results):
        cells = " | ".join(_cell(one, kind, name, variant) for one in results)
        given = f" (with `{variant}`)" if variant else ""
        alike.setdefault((kind, cells), []).append(f"`{name}`{given}")
    rows = [f"| {kind} | {', '.join(names)} | {cells} |" for (kind, cells), names in alike.items()]
    return head + "\n".join([*rows, "", "## Refused on all backends", "", *_refused(), ""])


def _distances(results):
    """Return the rows of a table: how far compiled training is from training by hand."""
    for one in results:
        for mode in dict.fromkeys(run["mode"] for run in one["driven"]):
            if mode not in one["exact"]:
                driven = [run["distance"] for run in one["driven"] if run["mode"] == mode]
                plain = [run["distance"] for run in one["plain"] if run["mode"] == mode]
                yield (
                    f"| {NAMES[one['backend']]} | {mode} | {max(driven):.1e} "
                    f"| {statistics.median(driven):.1e} | {max(plain):.1e} "
                    f"| {statistics.median(plain):.1e} |"
                )


def _matters(one, run):
    return run["effect"] > one["tolerance"]


def _rows(results):
    rows = dict.fromkeys(
        (run["optimizer"], run["name"], run["variant"]) for one in results for run in one["driven"]
    )
    kinds = list(dict.fromkeys(kind for kind, _, _ in rows))
    return sorted(rows, key=lambda row: kinds.index(row[0]))


def _cell(one, *row):
    """Return the ways in which it was driven: "all" unless some of them are special."""
    notes = {}
    for run in one["driven"]:
        if (run["optimizer"], run["name"], run["variant"]) == row:
            notes[run["mode"]] = "" if run["same"] else " **differs**"
            notes[run["mode"]] += "" if _matters(one, run) else " *no effect*"
    if len(set(notes.values())) == 1:
        note = notes.popitem()[1]
        return f"all,{note}" if note else "all"
    return ", ".join(f"{mode}{note}" for mode, note in notes.items()) or "—"


def _refused():
    """Return a table of the errors, optimizers with the same one in the same row."""
    w = _keras_walk()
    found = [(kind, name, str(w.refused(kind, name))) for kind, name, _ in w.refusals()]
    everybody = [kind for kind, name, _ in found if name == "use_ema"]
    rows = {}
    for kind, name, error in found:
        rows.setdefault((name, error.replace(kind, "…")), []).append((kind, error))
    lines = ["| optimizer | argument | error |", "|---|---|---|"]
    for (name, anybody), same in rows.items():
        kinds = [kind for kind, _ in same]
        who = "all" if kinds == everybody else _listed(kinds)
        lines.append(f"| {who} | `{name}` | {anybody if len(same) > 1 else same[0][1]} |")
    return lines


def _listed(words):
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "--page":
        PAGE.write_text(page([json.loads(Path(name).read_text()) for name in sys.argv[2:]]))
    else:
        Path(sys.argv[1]).write_text(json.dumps(walk(), indent=1) + "\n")
