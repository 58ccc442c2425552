"""Every factory of Optax and each of its numeric arguments: does it follow a schedule?

``python tests/support/optax_aliases.py`` writes the table docs/optax-arguments.md.
"""

import inspect
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib

import hypercycle as hc
from hypercycle_optax import cycled
from hypercycle_optax import names as arguments

UPDATES = 6

# Arguments that a factory must be given, or that take a default aside.
REQUIRED = {
    "learning_rate": 0.05,
    "weight_decay": 0.1,
    "decay": 0.8,
    "step_size": 0.5,
    "max_delta": 0.05,
    "max_norm": 0.5,
    "threshold": 0.05,
    "clipping": 0.05,
    "eta": 0.01,
    "gamma": 0.55,
    "l2_norm_clip": 0.5,
    "noise_multiplier": 0.1,
    "seed": 0,
    "sync_period": 2,
    "slow_step_size": 0.5,
    "base_optimizer": optax.sgd(0.1),
    "max_backtracking_steps": 4,
    "max_linesearch_steps": 4,
}
# Whatever a factory needs beside the one argument that is cycled.
BESIDE = {
    "lbfgs": {"linesearch": None},
    "noisy_sgd": {"seed": 0},
    "add_noise": {"seed": 0},
    "differentially_private_aggregate": {"seed": 0},
    "optimistic_adam": {"optimism": 0.05},
    "galore": {"rank": 2},
    "scale_by_galore": {"rank": 2},
    "clip": {"max_delta": 0.05},
    "rmsprop": {"momentum": 0.5},
    "sgd": {"momentum": 0.5},
    "adafactor": {"learning_rate": 0.05, "momentum": 0.5, "weight_decay_rate": 0.1},
    "adadelta": {"learning_rate": 0.05},
    "reduce_on_plateau": {"patience": 1},
    "sophia": {"update_interval": 2},
    "muon": {"adam_learning_rate": 0.05},
    "scale_by_muon": {"weight_dimension_numbers": {"w": optax.contrib.MuonDimensionNumbers()}},
    "scale_by_backtracking_linesearch": {"store_grad": False},
}
# Bounds other than half the default and the default.
BOUNDS = {
    "b1": (0.5, 0.9),
    "b2": (0.5, 0.9),
    "b3": (0.5, 0.9),
    "momentum": (0.5, 0.9),
    "eps": (1e-3, 1e-1),
    "eps_root": (1e-3, 1e-1),
    "weight_decay": (0.01, 0.5),
    "weight_decay_rate": (0.01, 0.5),
    "scale_by_radam.threshold": (4.5, 6.0),
    "radam.threshold": (4.5, 6.0),
}


def factories():
    """Yield (name, factory) of all functions that make a transformation."""
    for module, prefix in ((optax, ""), (optax.contrib, "contrib.")):
        for name in dir(module):
            function = getattr(module, name)
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            returns = inspect.signature(function).return_annotation
            if isinstance(returns, type) and issubclass(returns, optax.GradientTransformation):
                yield prefix + name, function


def cases():
    """Yield (name, factory, argument) of every numeric argument."""
    for name, factory in factories():
        parameters = inspect.signature(factory).parameters.values()
        names = {p.name for p in parameters}
        wraps = any(
            "GradientTransf" in str(p.annotation) and p.default is p.empty for p in parameters
        )
        if (wraps and "base_optimizer" not in names) or "measure" in names:
            continue
        for argument in arguments.numeric_arguments(factory):
            yield name, factory, argument


def bounds_of(factory, argument):
    plain = argument.partition("[")[0]
    parameter = inspect.signature(factory).parameters[plain]
    for known in (f"{factory.__name__}.{plain}", plain):
        if known in BOUNDS:
            return BOUNDS[known]
    default = parameter.default
    if "[" in argument:
        default = default[int(argument.rstrip("]").partition("[")[2])]
    if default in (None, parameter.empty):
        default = REQUIRED.get(plain, 0.5)
    if default == 0:
        return (0.01, 0.1)
    return tuple(sorted((0.5 * default, float(default))))


def fixed_for(name, factory, argument):
    short = name.rpartition(".")[2]
    fixed = {
        p.name: REQUIRED[p.name]
        for p in inspect.signature(factory).parameters.values()
        if p.default is p.empty and p.name in REQUIRED
    }
    fixed |= BESIDE.get(short, {})
    fixed.pop(argument, None)
    return fixed


PARAMS = {
    "w": jnp.asarray(np.random.default_rng(0).normal(size=(6, 5)), jnp.float32),
    "b": jnp.asarray(np.random.default_rng(1).normal(size=5), jnp.float32),
}


def loss(params):
    return sum(jnp.sum(jnp.sin(leaf * (1 + jnp.arange(5)))) for leaf in params.values())


def run(transformation_at, state, params, *, examples=False, with_objective=False):
    """Make UPDATES updates; ``transformation_at(i)`` is what makes update i."""
    path = []
    for index in range(UPDATES):
        value, gradients = jax.value_and_grad(loss)(params)
        extra = {"value": value, "grad": gradients, "value_fn": loss}
        extra |= {"obj_fn": loss} if with_objective else {}
        if examples:
            gradients = jax.tree.map(lambda g: jnp.stack([g, 0.5 * g]), gradients)
        updates, state = transformation_at(index)(gradients, state, params, **extra)
        # Short steps: long ones would blow up the difference of a last place.
        params = jax.tree.map(lambda leaf, change: leaf + 0.02 * change, params, updates)
        path.append(updates)
    return np.concatenate(
        [np.ravel(np.asarray(leaf, np.float64)) for leaf in jax.tree.leaves((path, params))]
    )


def outcome(name, factory, argument):
    """Return ("follows", (difference, effect)) or ("refused", why).

    The oracle is the factory itself, called outside of any compiled program with the number of
    each step. ``difference`` is ours to it, ``effect`` that of a run at the first step's number,
    both in parts of the largest number in the oracle's updates and parameters.
    """
    low, high = bounds_of(factory, argument)
    schedule = hc.Cycle(low, high, 3, waveform="hann", phase=0.17)
    fixed = fixed_for(name, factory, argument)
    params = {"w": PARAMS["w"]} if "scale_by_muon" in name else PARAMS
    options = {
        "examples": "l2_norm_clip" in inspect.signature(factory).parameters,
        "with_objective": "sophia" in name,
    }

    def plain(step):
        value = np.float32(schedule(step))
        found = arguments.find(factory, argument)
        parameters = arguments.parameters_of(factory)
        keywords = arguments.with_values(parameters, fixed, {found: value})
        return optax.with_extra_args_support(factory(**keywords))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ours = cycled(factory, {argument: schedule}, **fixed)
            update = jax.jit(ours.update, static_argnames=("value_fn", "obj_fn"))
            path = run(lambda _: update, ours.init(params), params, **options)
        except (TypeError, ValueError) as error:
            return "refused", str(error)
        oracle = run(lambda i: plain(i).update, plain(0).init(params), params, **options)
        constant = run(lambda _: plain(0).update, plain(0).init(params), params, **options)
    assert np.isfinite(path).all(), f"{name}({argument}) gives NaN"
    scale = np.abs(oracle).max()
    difference = float(np.max(np.abs(path - oracle)) / scale)
    moved = float(np.max(np.abs(constant - oracle)) / scale)
    return "follows", (difference, moved)


def kind(name, factory, argument):
    """Return which column of the table the argument belongs to."""
    what, found = outcome(name, factory, argument)
    if what == "refused":
        for text, column in (("do not depend on", "not read"), ("cannot follow", "number")):
            if text in found:
                return column
        raise AssertionError(f"{name}({argument}): {found}")
    difference, effect = found
    assert difference < 1e-4, f"{name}({argument}) is {difference} from the oracle"
    return "follows" if effect > 10 * difference + 1e-7 else "unseen"


COLUMNS = {
    "follows": "follows a schedule",
    "unseen": "follows it, without effect on this problem",
    "not read": "refused: updates do not read it",
    "number": "refused: needs a Python number",
}
TABLE = Path(__file__).parents[2] / "docs" / "optax-arguments.md"
HEAD = f"""# Arguments of Optax's factories

Made by `python tests/support/optax_aliases.py` with optax {optax.__version__}:
every factory of `optax` and `optax.contrib`, every argument that is a number. An argument
"follows a schedule" if {UPDATES} compiled updates equal those of the factory called anew, outside
of any compiled program, with the number of each step (to 10⁻⁴ of the largest number), and differ
from those with the first number throughout.
"""


def read_table():
    """Return {(factory, argument): column} of the table in the documentation."""
    known = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            for column, cell in zip(COLUMNS, cells[1:], strict=True):
                known |= {(cells[0].strip("`"), argument): column for argument in cell.split()}
    return known


def main():
    rows = {}
    for name, factory, argument in cases():
        try:
            column = kind(name, factory, argument)
        except AssertionError as error:
            print("left out:", error, flush=True)  # noqa: T201
            continue
        print(name, argument, column, flush=True)  # noqa: T201
        rows.setdefault(name, {}).setdefault(column, []).append(argument)
    lines = [HEAD, "| factory | " + " | ".join(COLUMNS.values()) + " |", "|---" * 5 + "|"]
    for name, row in rows.items():
        cells = [" ".join(row.get(column, [])) for column in COLUMNS]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
