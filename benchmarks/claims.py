"""What docs/comparison.md says of other packages, as programs that show it.

``python benchmarks/comparison.py`` runs all whose package is installed and prints the sentences;
tests/test_comparison.py runs those of the packages that tests are run with.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler

LOW, HIGH, HALF = 0.001, 0.006, 2000


@dataclass(frozen=True)
class Claim:
    """A sentence about a distribution, and a program that returns whether it is so."""

    distribution: str
    sentence: str
    holds: Callable[[], bool]


CLAIMS: list[Claim] = []

Errors = type[Exception] | tuple[type[Exception], ...]
NOT_PICKLED = (AttributeError, TypeError, pickle.PicklingError)


def claim(distribution: str, sentence: str) -> Callable[[Callable[[], bool]], Callable[[], bool]]:
    """Make a claim of a function that shows it."""

    def remember(holds: Callable[[], bool]) -> Callable[[], bool]:
        CLAIMS.append(Claim(distribution, sentence, holds))
        return holds

    return remember


def version(distribution: str) -> str | None:
    """Return the installed version, without a local part such as ``+cpu``, or None."""
    try:
        return metadata.version(distribution).partition("+")[0]
    except metadata.PackageNotFoundError:
        return None


def refuses(errors: Errors, function: Callable[[], object]) -> bool:
    """Return whether the function raises one of these errors."""
    try:
        function()
    except errors:
        return True
    return False


def printed(program: str) -> list[str]:
    """Return the words that a program of its own prints."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def sgd(**options: Any) -> torch.optim.SGD:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, **options)


def restarts(first: int, multiplier: int, count: int) -> list[int]:
    """Return the steps at which cycles begin that get longer, in whole numbers."""
    starts = [first]
    while len(starts) < count:
        starts.append(starts[-1] + first * multiplier ** len(starts))
    return starts


# PyTorch


@claim(
    "torch",
    "`CyclicLR` drives `lr` and one of `momentum` and `betas[0]`; with an optimizer that has "
    "neither, such as Adagrad, its default is an error.",
)
def cyclic_lr_needs_a_momentum() -> bool:
    adagrad = torch.optim.Adagrad([torch.zeros(1, requires_grad=True)])
    return refuses(ValueError, lambda: lr_scheduler.CyclicLR(adagrad, LOW, HIGH))


@claim("torch", "`CyclicLR.load_state_dict` changes the dict: loading it twice is a `KeyError`.")
def a_state_is_loaded_once() -> bool:
    state = lr_scheduler.CyclicLR(sgd(), LOW, HIGH).state_dict()
    scheduler = lr_scheduler.CyclicLR(sgd(), LOW, HIGH)
    scheduler.load_state_dict(state)
    return refuses(KeyError, lambda: scheduler.load_state_dict(state))


@claim(
    "torch",
    "`ChainedScheduler([CyclicLR, ExponentialLR])` does not shrink the cycle: its second peak is "
    "as high as it is in the first.",
)
def chaining_does_not_shrink_a_cycle() -> bool:
    optimizer = sgd(momentum=0.9)
    cyclic = lr_scheduler.CyclicLR(optimizer, 0.1, 0.2, step_size_up=4)
    decay = lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    chained = lr_scheduler.ChainedScheduler([cyclic, decay], optimizer)
    optimizer.step()
    values = []
    for _ in range(16):
        values.append(optimizer.param_groups[0]["lr"])
        chained.step()
    return bool(np.isclose(max(values[:8]), max(values[8:])))


@claim(
    "torch",
    "`CosineAnnealingWarmRestarts.step(step)` with `T_0=10, T_mult=3` gives the lowest value "
    "instead of the highest at 5 of the first 17 restarts, first at step 1,210.",
)
def restarts_are_lost() -> bool:
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(sgd(), 10, T_mult=3)
    scheduler.optimizer.step()
    lost = []
    for start in restarts(10, 3, 17):
        scheduler.step(start)
        if scheduler.get_last_lr()[0] < 0.05:
            lost.append(start)
    return len(lost) == 5 and lost[0] == 1210


@claim(
    "torch",
    "`OneCycleLR(total_steps=10)` lets an 11th step happen, with a rate that rises again; the next "
    "step raises.",
)
def one_cycle_lr_ends() -> bool:
    optimizer = sgd(momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
    optimizer.step()
    for _ in range(9):
        scheduler.step()
    last = optimizer.param_groups[0]["lr"]
    scheduler.step()
    rises = optimizer.param_groups[0]["lr"] > 100 * last
    return rises and refuses(ValueError, scheduler.step)


@claim("torch", "A learning rate that is a tensor is filled in place by `CyclicLR`.")
def a_tensor_stays() -> bool:
    rate = torch.tensor(0.1)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate, momentum=0.9)
    scheduler = lr_scheduler.CyclicLR(optimizer, LOW, HIGH)
    optimizer.step()
    scheduler.step()
    return optimizer.param_groups[0]["lr"] is rate


# Keras


@claim(
    "keras",
    "`CosineDecayRestarts(1.0, 10)` gives the lowest value instead of the highest at 2 of the "
    "first 20 restarts, first at step 81,910. Its clock is float32: steps 10⁸ + 1 to 10⁸ + 3 of a "
    "cycle of 1,000 have one value.",
)
def keras_restarts_are_lost() -> bool:
    import keras

    restarting = keras.optimizers.schedules.CosineDecayRestarts
    schedule = restarting(1.0, 10)
    lost = [start for start in restarts(10, 2, 20) if float(schedule(start)) < 0.5]
    regular = restarting(1.0, 1000, t_mul=1.0)
    far_out = {float(regular(10**8 + step)) for step in (1, 2, 3)}
    return len(lost) == 2 and lost[0] == 81_910 and len(far_out) == 1


@claim(
    "keras", "A schedule can be given for the learning rate alone: `SGD(momentum=schedule)` fails."
)
def keras_schedules_the_learning_rate() -> bool:
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(0.9, 100)
    return refuses(ValueError, lambda: keras.optimizers.SGD(0.1, momentum=schedule))


@claim("keras", "Its schedules have a config: `from_config(get_config())` gives the same values.")
def keras_schedules_have_a_config() -> bool:
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(0.9, 100)
    again = type(schedule).from_config(schedule.get_config())
    return float(schedule(30)) == float(again(30))


# Optax


@claim(
    "optax",
    "`inject_hyperparams` takes a schedule for any number of the factory, and refuses others.",
)
def inject_hyperparams_knows_the_names() -> bool:
    import optax

    inject = optax.inject_hyperparams(optax.adamw)
    inject(learning_rate=0.1, b2=optax.linear_schedule(0.9, 0.99, 10))
    return refuses(TypeError, lambda: inject(learning_rate=0.1, beta_2=0.9))


@claim("optax", "Its schedules take arrays of steps, and are closures that cannot be pickled.")
def optax_schedules_are_closures() -> bool:
    import optax

    schedule = optax.cosine_decay_schedule(1.0, 100)
    takes_arrays: bool = schedule(np.arange(5)).shape == (5,)
    return takes_arrays and refuses(NOT_PICKLED, lambda: pickle.dumps(schedule))


# LightGBM and XGBoost


def boosting_data() -> tuple[np.ndarray, np.ndarray]:
    target = np.repeat([-1.0, 1.0], 50)
    return target.reshape(-1, 1), target


def rates_used(predictions: list[float]) -> list[float]:
    """Return each round's rate: what a tree that fits exactly takes away of what is left."""
    left = 1 - np.array([0.0, *predictions])
    rates: list[float] = (1 - left[1:] / left[:-1]).round(4).tolist()
    return rates


ASKED = [0.1, 0.2, 0.3, 0.4]


def xgboost_rates(function: Callable[[int], float], **parameters: float) -> list[float]:
    import xgboost

    features, target = boosting_data()
    booster = xgboost.train(
        {"base_score": 0.0, "max_depth": 1, "reg_lambda": 0.0, **parameters},
        xgboost.DMatrix(features, target),
        len(ASKED),
        callbacks=[xgboost.callback.LearningRateScheduler(function)],
    )
    one = xgboost.DMatrix([[1.0]])
    steps = range(1, len(ASKED) + 1)
    return rates_used([booster.predict(one, iteration_range=(0, step))[0] for step in steps])


@claim("lightgbm", "`reset_parameter(learning_rate=f)` uses `f(i)` in round `i`.")
def lightgbm_is_exact() -> bool:
    import lightgbm

    features, target = boosting_data()
    booster = lightgbm.train(
        {"num_leaves": 2, "boost_from_average": False, "verbosity": -1},
        lightgbm.Dataset(features, target),
        len(ASKED),
        callbacks=[lightgbm.reset_parameter(learning_rate=ASKED.__getitem__)],
    )
    steps = range(1, len(ASKED) + 1)
    used = rates_used([booster.predict([[1.0]], num_iteration=step)[0] for step in steps])
    return used == ASKED


@claim(
    "xgboost-cpu",
    "`LearningRateScheduler(f)` uses the parameter `eta` in round 0 and `f(i − 1)` in round `i`.",
)
def xgboost_is_a_round_late() -> bool:
    late = xgboost_rates(ASKED.__getitem__, eta=0.7) == [0.7, *ASKED[:-1]]
    cured = xgboost_rates(lambda step: [*ASKED, 0.5][step + 1], eta=ASKED[0]) == ASKED
    return late and cured


# pytorch-ignite


@claim(
    "pytorch-ignite",
    "A misspelt name is accepted: `LinearCyclicalScheduler(optimizer, 'learning_rate', …)` makes a "
    "key of its own, and training keeps the old rate.",
)
def ignite_takes_any_name() -> bool:
    from ignite.handlers import LinearCyclicalScheduler

    optimizer = sgd()
    scheduler = LinearCyclicalScheduler(optimizer, "learning_rate", LOW, HIGH, 2 * HALF)
    for _ in range(HALF):
        scheduler(None)
    group = optimizer.param_groups[0]
    return group["lr"] == 0.1 and "learning_rate" in group


@claim("pytorch-ignite", "`momentum` with Adam does nothing: the betas stay as they are.")
def ignite_momentum_of_adam() -> bool:
    from ignite.handlers import LinearCyclicalScheduler

    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    scheduler = LinearCyclicalScheduler(optimizer, "momentum", 0.95, 0.85, 2 * HALF)
    for _ in range(HALF):
        scheduler(None)
    return optimizer.param_groups[0]["betas"] == (0.9, 0.999)


@claim("pytorch-ignite", "`simulate_values` and `plot_values` show a schedule before training.")
def ignite_simulates() -> bool:
    from ignite.handlers import LinearCyclicalScheduler

    values = LinearCyclicalScheduler.simulate_values(
        num_events=5, param_name="lr", start_value=0.0, end_value=1.0, cycle_size=4
    )
    return [value for _, value in values] == [0.0, 0.5, 1.0, 0.5, 0.0]


# fastai


@claim(
    "fastai",
    "`combine_scheds([0.1] * 10, …)` is an `AssertionError`: the sum of the floats is not 1.",
)
def fastai_sums_floats() -> bool:
    from fastai.callback.schedule import SchedNo, combine_scheds

    parts = [SchedNo(1.0, 1.0)] * 10
    return refuses(AssertionError, lambda: combine_scheds([0.1] * 10, parts))


@claim("fastai", "`optimizer.set_hyper` accepts a name that the optimizer does not have.")
def fastai_takes_any_name() -> bool:
    from fastai.optimizer import SGD

    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    optimizer.set_hyper("learning_rate", 0.5)
    return float(optimizer.hypers[0]["lr"]) == 0.1


# timm


def timm_scheduler() -> Any:
    """Import timm's schedulers without its models: torchvision may be missing, or another build."""
    if "timm" not in sys.modules:
        package = types.ModuleType("timm")
        found = metadata.distribution("timm").locate_file("timm")
        package.__path__ = [str(found)]
        sys.modules["timm"] = package
    from timm import scheduler

    return scheduler


@claim(
    "timm",
    "`CosineLRScheduler(t_initial=10, cycle_mul=3)` gives the lowest value instead of the highest "
    "at 5 of the first 17 restarts, first at step 1,210.",
)
def timm_restarts_are_lost() -> bool:
    optimizer = sgd()
    scheduler = timm_scheduler().CosineLRScheduler(
        optimizer, t_initial=10, cycle_mul=3, cycle_limit=100, t_in_epochs=False
    )
    lost = []
    for start in restarts(10, 3, 17):
        scheduler.step_update(start)
        if optimizer.param_groups[0]["lr"] < 0.05:
            lost.append(start)
    return len(lost) == 5 and lost[0] == 1210


@claim("timm", "A learning rate that is a tensor is replaced by another.")
def timm_replaces_a_tensor() -> bool:
    rate = torch.tensor(0.1)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    timm_scheduler().CosineLRScheduler(optimizer, t_initial=10, t_in_epochs=False).step_update(3)
    return optimizer.param_groups[0]["lr"] is not rate


# Transformers and Accelerate


@claim(
    "transformers",
    "`get_cosine_with_hard_restarts_schedule_with_warmup` scales each group's own rate by one "
    "shape, whose lowest value is 0.",
)
def transformers_scales_groups() -> bool:
    from transformers import get_cosine_with_hard_restarts_schedule_with_warmup

    weights = [torch.zeros(1, requires_grad=True) for _ in range(2)]
    groups = [
        {"params": [weight], "lr": lr} for weight, lr in zip(weights, (0.1, 1.0), strict=True)
    ]
    optimizer = torch.optim.SGD(groups)
    scheduler = get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, 0, 100, num_cycles=2)
    optimizer.step()
    ratios, lowest = set(), 1.0
    for _ in range(99):
        scheduler.step()
        first, second = scheduler.get_last_lr()
        ratios.add(round(second / first, 9))
        lowest = min(lowest, first)
    return ratios == {10.0} and lowest < 1e-3


ACCELERATED = """
import torch
from accelerate import Accelerator
import hypercycle as hc

model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
cycler = hc.attach(optimizer, momentum=hc.Cycle(0.8, 0.9, 10), advance="optimizer")
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
accelerator = Accelerator(cpu=True)
prepared = accelerator.prepare(model, optimizer, scheduler, cycler)
for _ in range(3):
    prepared[0](torch.ones(1)).sum().backward()
    for stepped in prepared[1:]:
        stepped.step()
if accelerator.is_main_process:
    print(scheduler.last_epoch, cycler.last_epoch)
"""


@claim(
    "accelerate",
    "In two processes a prepared scheduler is stepped twice at each step; our cycler with "
    '`advance="optimizer"` counts one.',
)
def accelerate_steps_for_each_process() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "accelerated.py"
        program.write_text(ACCELERATED, encoding="utf-8")
        run = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run"]
        done = subprocess.run(  # noqa: S603
            [*run, "--nproc-per-node=2", "--standalone", program],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
    return done.stdout.split() == ["6", "3"]


# MMEngine


@claim("mmengine-lite", "A name that the optimizer does not have is a `KeyError`.")
def mmengine_knows_the_names() -> bool:
    from mmengine.optim.scheduler import LinearParamScheduler

    return refuses(KeyError, lambda: LinearParamScheduler(sgd(), "learning_rate", end=10))


@claim("mmengine-lite", "`betas` is a `TypeError`; momentum schedulers drive `betas[0]`.")
def mmengine_betas() -> bool:
    from mmengine.optim.scheduler import LinearMomentum, LinearParamScheduler

    def adam() -> torch.optim.Adam:
        return torch.optim.Adam([torch.zeros(1, requires_grad=True)])

    optimizer = adam()
    LinearMomentum(optimizer, start_factor=0.5, end=10)
    driven = optimizer.param_groups[0]["betas"] == (0.45, 0.999)
    return driven and refuses(TypeError, lambda: LinearParamScheduler(adam(), "betas", end=10))


# fvcore


@claim("fvcore", "`import fvcore.common.param_scheduler` does not import PyTorch.")
def fvcore_is_neutral() -> bool:
    program = "import sys, fvcore.common.param_scheduler; print('torch' in sys.modules)"
    return printed(program) == ["False"]


@claim(
    "fvcore",
    "`StepParamScheduler` has no value at the end of the run, `where = 1.0`: an `IndexError`.",
)
def fvcore_ends_before_one() -> bool:
    from fvcore.common.param_scheduler import StepParamScheduler

    return refuses(IndexError, lambda: StepParamScheduler(2, [1.0, 0.1])(1.0))


# skorch


@claim("skorch", "`WarmRestartLR` with a period of 10 restarts every 11 steps.")
def skorch_restarts_late() -> bool:
    from skorch.callbacks import WarmRestartLR

    optimizer = sgd()
    scheduler = WarmRestartLR(optimizer, min_lr=0.0, max_lr=1.0, base_period=10, period_mult=1)
    optimizer.step()
    values = []
    for _ in range(40):
        values.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    tops = [step for step, value in enumerate(values) if value == 1.0]
    return set(np.diff(tops).tolist()) == {11}


# torch-lr-finder


@claim("torch-lr-finder", "After `range_test` the weights are changed, until `reset()` is called.")
def lr_finder_needs_a_reset() -> bool:
    from torch_lr_finder import LRFinder

    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)
    before = model.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    data = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1))
    finder = LRFinder(model, optimizer, torch.nn.MSELoss(), device="cpu")
    loader = torch.utils.data.DataLoader(data, batch_size=8)
    with tempfile.TemporaryFile("w+") as sink, redirect_stdout(sink), redirect_stderr(sink):
        finder.range_test(loader, end_lr=1.0, num_iter=20)
        changed = not torch.equal(model.weight, before)
        finder.reset()
    return changed and torch.equal(model.weight, before)


# lrsched


@claim("lrsched", "Its values are those of `hc.triangular`, `hc.triangular2` and `hc.exp_range`.")
def lrsched_gives_the_same() -> bool:
    import lrsched

    import hypercycle as hc

    bounds = {"min_lr": LOW, "max_lr": HIGH, "step_size": 30}
    pairs = [
        (lrsched.triangular(**bounds), hc.triangular(LOW, HIGH, 30)),
        (lrsched.triangular2(**bounds), hc.triangular2(LOW, HIGH, 30)),
        (lrsched.exp_range(**bounds, gamma=0.99), hc.exp_range(LOW, HIGH, 30, gamma=0.99)),
    ]
    return all(
        np.allclose(lrsched.sample(theirs, num_steps=500), ours(np.arange(500)), rtol=1e-12)
        for theirs, ours in pairs
    )


@claim(
    "lrsched", "Schedules are closures: they cannot be pickled, and arrays of steps are refused."
)
def lrsched_schedules_are_closures() -> bool:
    import lrsched

    schedule = lrsched.triangular(min_lr=LOW, max_lr=HIGH, step_size=30)
    return refuses(NOT_PICKLED, lambda: pickle.dumps(schedule)) and refuses(
        (TypeError, ValueError), lambda: schedule(np.arange(5))
    )


@claim("lrsched", "`import lrsched` imports nothing outside the standard library.")
def lrsched_has_no_dependencies() -> bool:
    program = (
        "import sys; before = set(sys.modules); import lrsched; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    return set(printed(program)) - sys.stdlib_module_names == {"lrsched"}


@claim("lrsched", "At step 10¹⁰ its triangle is off by more than 10⁻⁸ of the amplitude.")
def lrsched_far_out() -> bool:
    import lrsched

    schedule = lrsched.triangular(min_lr=0.0, max_lr=1.0, step_size=3)
    exact = [0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]
    start = 6 * (10**10 // 6)
    return max(abs(schedule(start + t) - exact[t]) for t in range(6)) > 1e-8


# torch-schedule-anything


def any_schedule(optimizer: torch.optim.Optimizer, name: str, **options: Any) -> Any:
    from torch_schedule_anything import arbitrary_schedule_factory

    return arbitrary_schedule_factory(
        optimizer,
        lambda proxy: lr_scheduler.CyclicLR(proxy, LOW, HIGH, HALF, cycle_momentum=False),
        schedule_target=name,
        **options,
    )


@claim(
    "torch-schedule-anything",
    "A PyTorch scheduler drives any one number of the parameter groups, such as `weight_decay`; an "
    "unknown name is a `KeyError`.",
)
def schedule_anything_knows_the_names() -> bool:
    optimizer = sgd()
    scheduler = any_schedule(optimizer, "weight_decay")
    for _ in range(HALF):
        scheduler.step()
    reached = bool(np.isclose(optimizer.param_groups[0]["weight_decay"], HIGH))
    return reached and refuses(KeyError, lambda: any_schedule(sgd(), "weight_decai"))


@claim(
    "torch-schedule-anything",
    "`betas` is accepted and the pair replaced by one number, with which Adam cannot make a step.",
)
def schedule_anything_takes_numbers() -> bool:
    weights = torch.zeros(1, requires_grad=True)
    adam = torch.optim.Adam([weights])
    any_schedule(adam, "betas")
    weights.grad = torch.ones(1)
    return refuses(TypeError, adam.step)
