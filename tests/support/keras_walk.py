"""Every optimizer of keras.optimizers × every hyperparameter × every way of running the step.

A case trains a small model three times: driven by ``hc.attach``, in each mode; with the plan's
values assigned by hand before each step that is not compiled, which is what it must equal; and left
alone, from which it must differ. ``tests/support/keras_walk_table.py`` writes the outcome as a
page.
"""

import functools
import inspect
from dataclasses import dataclass

import keras
import numpy as np
from keras_models import BACKEND, BATCHES, X, Y, fit, make_model

import hypercycle as hc

KERAS = tuple(map(int, keras.__version__.split(".")[:2]))

_EAGER = {"run_eagerly": True}
# What model.compile is given; a loop of one's own has no model.compile.
MODES = {
    "jax": {
        "eager": _EAGER,
        "jit": {"jit_compile": True},
        "8 steps": {"jit_compile": True, "steps_per_execution": 8},
        "loop": None,
    },
    "tensorflow": {
        "eager": _EAGER,
        "graph": {"jit_compile": False},
        "jit": {"jit_compile": True},
        "8 steps": {"jit_compile": False, "steps_per_execution": 8},
        "8 steps jit": {"jit_compile": True, "steps_per_execution": 8},
        "loop": None,
    },
    "torch": {"eager": _EAGER, "loop": None, "jit": {"jit_compile": True}},
}[BACKEND]
# These run the same operations one by one, so that not a bit may differ.
EXACT = {"eager", "loop"} if BACKEND == "torch" else {"eager"}
# The largest difference between weights where compiling may reorder operations, relative to the
# largest weight.
TOLERANCE = 2e-6
# What a hyperparameter must change to show that its values count.
EFFECT = 1e-3

WRAPPERS = {"LossScaleOptimizer", "MultiOptimizer"}
_NOT_HYPERPARAMETERS = {"name", "kwargs"}


@dataclass(frozen=True)
class Case:
    """A hyperparameter of an optimizer, and what the optimizer is made with."""

    optimizer: str
    name: str
    bounds: tuple[float, float]
    settings: tuple = ()
    variant: str = ""

    def __str__(self):
        return f"{self.optimizer}-{self.name}" + (f"-{self.variant}" if self.variant else "")

    @property
    def plan(self):
        low, high = self.bounds
        return hc.Plan(**{self.name: hc.Cycle(low, high, 3, 2, waveform="hann")})


# Plain Keras's Muon fails on TensorFlow before Keras 3.13, where it asks TensorFlow's variables for
# the path that Keras's have.
FAILS = {"Muon"} if BACKEND == "tensorflow" and KERAS < (3, 13) else set()


def optimizers():
    """Return every optimizer class that keras.optimizers shows and that works, none abstract."""
    return {
        name: kind
        for name, kind in sorted(vars(keras.optimizers).items())
        if inspect.isclass(kind)
        and issubclass(kind, keras.optimizers.Optimizer)
        and kind is not keras.optimizers.Optimizer
        and name not in FAILS
    }


# Rates at which twelve steps move the weights, and an epsilon that near-zero gradients do not
# turn into large numbers: compiling would then change more than the last bits.
LEARNING_RATES = {"Adadelta": 1.0, "Ftrl": 0.1, "Lion": 0.02}
SETTINGS = {"epsilon": 1e-3, "epsilon_1": 1e-3}
BOUNDS = {
    "weight_decay": (0.0, 0.5),
    "adam_weight_decay": (0.0, 2.0),
    "clipnorm": (0.05, 0.5),
    "global_clipnorm": (0.05, 0.5),
    # Ftrl subtracts powers of sums of squares: of tiny gradients, only last bits would be left.
    ("Ftrl", "clipnorm"): (0.3, 2.0),
    ("Ftrl", "global_clipnorm"): (0.3, 2.0),
    "clipvalue": (0.02, 0.3),
    "ema_momentum": (0.3, 0.95),
    "momentum": (0.0, 0.95),
    "beta_1": (0.3, 0.95),
    "beta_2": (0.5, 0.99),
    "adam_beta_1": (0.3, 0.95),
    "adam_beta_2": (0.5, 0.99),
    "rho": (0.3, 0.99),
    "epsilon": (1e-4, 0.5),
    ("Adadelta", "epsilon"): (1e-4, 0.02),
    "epsilon_1": (1e-3, 1.0),
    "epsilon_2": (0.1, 2.0),
    "beta_2_decay": (-0.9, -0.2),
    "clip_threshold": (0.3, 1.5),
    "learning_rate_power": (-0.9, -0.3),
    "l1_regularization_strength": (0.0, 0.5),
    "l2_regularization_strength": (0.0, 0.5),
    "l2_shrinkage_regularization_strength": (0.0, 0.5),
    "beta": (0.0, 0.5),
    "adam_lr_ratio": (0.5, 2.0),
    "muon_a": (3.3, 3.5),
    "muon_b": (-4.9, -4.7),
    "muon_c": (1.9, 2.1),
    "rms_rate": (0.1, 0.4),
}
# What makes a hyperparameter matter.
NEEDED = {"ema_momentum": {"use_ema": True}}
# Other ways through the same optimizer.
VARIANTS = [
    ("SGD", "learning_rate", {"momentum": 0.9}),
    ("SGD", "momentum", {"nesterov": True}),
    ("SGD", "momentum", {"momentum": 0.9}),
    ("SGD", "ema_momentum", {"use_ema": True, "ema_overwrite_frequency": 5}),
    ("Adam", "beta_2", {"amsgrad": True}),
    ("AdamW", "beta_2", {"amsgrad": True}),
    ("RMSprop", "rho", {"centered": True}),
    ("RMSprop", "rho", {"momentum": 0.9}),
    ("RMSprop", "momentum", {"centered": True}),
    ("Adafactor", "learning_rate", {"relative_step": False}),
    ("Muon", "momentum", {"nesterov": False}),
    ("Muon", "learning_rate", {"rms_rate": None}),
    ("ScheduleFreeAdamW", "learning_rate", {"warmup_steps": 4}),
]

# Where torch.compile, which takes a quarter of a minute each time, is tried too: what it compiles
# does not depend on the optimizer, whose step stays as it is.
TORCH_JIT = {
    "SGD": "momentum",
    "Adam": "beta_1",
    "AdamW": "weight_decay",
    "RMSprop": "rho",
    "Muon": "momentum",
}

REFUSED = {
    "switch": "is a switch",
    "count": "is a count",
    "not a number": "must be a number",
    "build": "only once, when it is built",
    "outside": "outside of the optimizer's step",
    "unused": "only with use_ema=True",
    "not the inner one's": "has no hyperparameter",
    "several": "attach to each of them",
}
_REASONS = {
    "ema_overwrite_frequency": "count",
    "gradient_accumulation_steps": "count",
    "ns_steps": "count",
    "warmup_steps": "count",
    "exclude_layers": "not a number",
    "initial_accumulator_value": "build",
    "loss_scale_factor": "outside",
    "ema_momentum": "unused",
}


def members():
    """Return (optimizer, name, default) of everything that constructors take."""
    return [
        (kind_name, name, parameter.default)
        for kind_name, kind in optimizers().items()
        if kind_name not in WRAPPERS
        for name, parameter in inspect.signature(kind).parameters.items()
        if name not in _NOT_HYPERPARAMETERS
    ]


def refusals():
    """Return (optimizer, name, reason) of everything that cannot cycle."""
    found = []
    for kind, name, default in members():
        reason = "switch" if isinstance(default, bool) else _REASONS.get(name)
        if reason is not None:
            found.append((kind, name, reason))
    found += [
        ("LossScaleOptimizer", name, "not the inner one's")
        for name in ("initial_scale", "dynamic_growth_steps")
    ]
    if "MultiOptimizer" in optimizers():  # which came with Keras 3.15
        found.append(("MultiOptimizer", "learning_rate", "several"))
    return found


def refused(kind_name, name):
    """Return the error that driving this raises."""
    kind = optimizers()[kind_name]
    inner = keras.optimizers.SGD()
    made = {
        "LossScaleOptimizer": lambda: kind(inner),
        "MultiOptimizer": lambda: kind(keras.optimizers.OptimizerMap(inner)),
    }.get(kind_name, kind)()
    try:
        hc.attach(made, hc.Plan(**{name: hc.Cycle(0.1, 0.2, 2)}))
    except (TypeError, ValueError) as error:
        return error
    return None


def takes(kind_name, settings):
    """Return whether the optimizer has these arguments: Muon's rms_rate came after Keras 3.10."""
    return settings.keys() <= inspect.signature(optimizers()[kind_name]).parameters.keys()


def cases():
    """Return every case, those of the same optimizer and settings one after the other."""
    told = {(kind, name) for kind, name, reason in refusals() if reason != "unused"}
    driven = [(kind, name) for kind, name, _ in members() if (kind, name) not in told]
    found = [_case(kind, name, NEEDED.get(name, {})) for kind, name in driven]
    # ScheduleFreeAdamW came after Keras 3.10
    variants = [one for one in VARIANTS if one[0] in optimizers() and takes(one[0], one[2])]
    found += [_case(kind, name, extra, varied=True) for kind, name, extra in variants]
    found += [_case("LossScaleOptimizer", name, {}) for name in ("learning_rate", "momentum")]
    return found


def runs():
    """Return every (case, mode), those of the same case one after the other."""
    return [
        (case, mode)
        for case in cases()
        for mode in MODES
        if (BACKEND, mode) != ("torch", "jit")
        or (TORCH_JIT.get(case.optimizer) == case.name and not case.variant)
    ]


def counts_for_nothing(case):
    """Whether Keras itself computes the same whatever the value.

    ScheduleFreeAdamW keeps a variable before changing it, and uses it afterwards as the old value;
    where variables change in place that is the new value, and beta_1 cancels out.
    """
    return (case.optimizer, case.name) == ("ScheduleFreeAdamW", "beta_1") and BACKEND != "jax"


def _case(kind, name, extra, *, varied=False):
    rate = LEARNING_RATES.get(kind, 0.05)
    bounds = BOUNDS.get((kind, name)) or BOUNDS.get(name) or (0.2 * rate, 2 * rate)
    accepted = inspect.signature(optimizers()[kind]).parameters
    settings = {own: value for own, value in SETTINGS.items() if own in accepted} | extra
    variant = ", ".join(f"{own}={value}" for own, value in extra.items()) if varied else ""
    return Case(kind, name, bounds, tuple({"learning_rate": rate, **settings}.items()), variant)


def make(case, **settings):
    """Return the plain optimizer of a case."""
    settings = {**dict(case.settings), **settings}
    if case.optimizer == "LossScaleOptimizer":
        inner = keras.optimizers.SGD(**settings)
        return keras.optimizers.LossScaleOptimizer(inner, initial_scale=16.0)
    return optimizers()[case.optimizer](**settings)


def train(optimizer, mode, callbacks=(), *, build=False):
    """Return the weights, and the optimizer's variables, after training in a mode."""
    keras.utils.clear_session(free_memory=False)  # which takes ever longer
    model = make_model()
    if build:
        optimizer.build(model.trainable_variables)
    if MODES[mode] is None:
        _loop(model, optimizer)
    else:
        model.compile(optimizer, "mse", **MODES[mode])
        fit(model, epochs=1, callbacks=callbacks)
    return _arrays(model.trainable_variables), _arrays(optimizer.variables)


def _arrays(variables):
    return [np.array(keras.ops.convert_to_numpy(one)) for one in variables]


def _loop(model, optimizer):
    """Train in a loop of one's own, compiled where the backend compiles."""
    loss = keras.losses.MeanSquaredError()
    batches = [(X[start : start + 8], Y[start : start + 8]) for start in range(0, len(X), 8)]
    {"jax": _loop_jax, "tensorflow": _loop_tensorflow, "torch": _loop_torch}[BACKEND](
        model, optimizer, loss, batches
    )
    if optimizer.use_ema:
        optimizer.finalize_variable_values(model.trainable_variables)


def _loop_tensorflow(model, optimizer, loss, batches):
    import tensorflow as tf

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            value = optimizer.scale_loss(loss(y, model(x)))
        grads = tape.gradient(value, model.trainable_variables)
        optimizer.apply(grads, model.trainable_variables)

    for batch in batches:
        step(*batch)


def _loop_jax(model, optimizer, loss, batches):
    import jax

    optimizer.build(model.trainable_variables)
    variables = [model.trainable_variables, optimizer.variables]

    @jax.jit
    def step(weights, state, x, y):
        def value(weights):
            with keras.StatelessScope(state_mapping=zip(variables[1], state, strict=True)):
                return optimizer.scale_loss(loss(y, model.stateless_call(weights, [], x)[0]))

        return optimizer.stateless_apply(state, jax.grad(value)(weights), weights)

    present = [[one.value for one in some] for some in variables]
    for batch in batches:
        present = step(*present, *batch)
    for some, values in zip(variables, present, strict=True):
        for one, value in zip(some, values, strict=True):
            one.assign(value)


def _loop_torch(model, optimizer, loss, batches):
    for x, y in batches:
        model.zero_grad()
        optimizer.scale_loss(loss(y, model(x))).backward()
        grads = [one.value.grad for one in model.trainable_variables]
        optimizer.apply(grads, model.trainable_variables)


def by_attach(case, mode):
    return train(hc.attach(make(case), case.plan), mode)


class _ByHand(keras.callbacks.Callback):
    """Assigns Python floats before each step, which a step that is not compiled reads."""

    def __init__(self, case, late):
        super().__init__()
        self.values = iter(case.plan(np.arange(late, late + BATCHES))[case.name].tolist())
        self.name = case.name

    def on_train_batch_begin(self, batch, logs=None):
        value = next(self.values)
        optimizer = self.model.optimizer
        # A step with a momentum of exactly 0 leaves its slots as they are in plain Keras, so that
        # they hold what was there before; here 0 forgets it.
        if self.name == "momentum" and value == 0.0:
            value = 1e-300
        setattr(getattr(optimizer, "inner_optimizer", optimizer), self.name, value)


@functools.lru_cache(maxsize=4)
def by_hand(case, late=0):
    """Return the outcome of values assigned by hand; ``late`` takes those of later steps."""
    # Plain optimizers make room for momentum only if it is not 0.
    optimizer = make(case, **({case.name: 0.5} if case.name == "momentum" else {}))
    return train(optimizer, "eager", [_ByHand(case, late)])


def left_alone(case, mode="eager"):
    return _left_alone(case.optimizer, case.settings, mode)


@functools.lru_cache(maxsize=100)
def _left_alone(kind, settings, mode):
    # Plain Keras goes wrong if ScheduleFreeAdamW is built inside a TensorFlow graph.
    return train(make(Case(kind, "", (0, 1), settings)), mode, build=True)


def equal(first, second):
    """Whether two outcomes of :func:`train` are the same bit for bit."""
    arrays = [[*weights, *variables] for weights, variables in (first, second)]
    return len(arrays[0]) == len(arrays[1]) and all(
        one.dtype == other.dtype and np.array_equal(one, other)
        for one, other in zip(*arrays, strict=True)
    )


def same(case, mode, driven, expected):
    """Whether two outcomes are as equal as this way of running lets them be."""
    # Keras divides 1 by a float there, which rounds otherwise than dividing by a tensor.
    if mode in EXACT and (case.name != "global_clipnorm" or BACKEND == "torch"):
        return equal(driven, expected)
    return distance(driven, expected) <= TOLERANCE


def distance(first, second):
    """Return the largest difference between weights, relative to the largest weight."""
    some, others = (
        np.concatenate([one.astype(np.float64).ravel() for one in weights])
        for weights, _ in (first, second)
    )
    return float(np.abs(some - others).max() / np.abs(others).max())
