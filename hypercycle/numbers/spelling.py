"""Names that are not known: what may have been meant, and what others call by them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TypeVar

_LONGEST_NAME = 40

Called = TypeVar("Called", bound=Callable[..., object])

# The words of PyTorch and others, and what they are called here: the first that there is.
_CALLED_HERE = {
    "learning_rate": ("lr",),
    "beta_1": ("beta1",),
    "beta_2": ("beta2",),
    "b1": ("beta1",),
    "b2": ("beta2",),
    "epsilon": ("eps",),
    "wd": ("weight_decay",),
    "momentum": ("beta",),
    "base_lr": ("low",),
    "max_lr": ("high",),
    "eta_min": ("low",),
    "mode": ("scale",),
    "scale_fn": ("scale",),
    "triangular2": ("halving",),
    "exp_range": ("exponential",),
    "T_0": ("steps", "step_size_down"),
    "T_mult": ("cycle_mult",),
    "anneal_strategy": ("waveform",),
    "CyclicLR": ("triangular",),
    "OneCycleLR": ("one_cycle",),
    "CosineAnnealingWarmRestarts": ("sgdr",),
    "LinearLR": ("Ramp",),
    "ConstantLR": ("Constant",),
    "SequentialLR": ("Chain",),
    "ChainedScheduler": ("Product",),
    "TriangularCyclicalLearningRate": ("triangular",),
    "Triangular2CyclicalLearningRate": ("triangular2",),
    "ExponentialCyclicalLearningRate": ("exp_range",),
}
_SAID_ELSEWHERE = {
    "last_epoch": "continue with attach(…, start_step=…)",
    "cycle_momentum": "give attach() a second schedule, momentum=lr.opposite(low, high)",
    "base_momentum": "give attach() a second schedule, momentum=lr.opposite(low, high)",
    "max_momentum": "give attach() a second schedule, momentum=lr.opposite(low, high)",
    "scale_mode": "say per='step' or 'cycle' in Exponential(gamma, per)",
    "optimizer": "schedules know no optimizer: hand both to attach(optimizer, lr=schedule)",
}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``"did you mean …? "`` for a name that is close to a known one, else nothing.

    >>> suggestion("lrr", ["lr", "eps"]), suggestion("epsilon", ["lr", "eps"])
    ("did you mean 'lr'? ", "'epsilon' is called 'eps' here; ")
    """
    from difflib import get_close_matches  # only errors need it

    names = list(known)
    here = _called_here(name, names)
    if here is not None:
        return f"{name!r} is called {here!r} here; "
    # The time to compare two names grows with their lengths.
    close = get_close_matches(name, names, n=1) if len(name) <= _LONGEST_NAME else []
    return f"did you mean {close[0]!r}? " if close else ""


def _called_here(name: str, known: Iterable[str]) -> str | None:
    return next((one for one in _CALLED_HERE.get(name, ()) if one in known), None)


def answers_other_words(options: Iterable[str] = ()) -> Callable[[Called], Called]:
    """Return a decorator that says how an argument is called here that others call otherwise.

    ``options`` are the names that the function takes besides its own, in ``**options``.
    """

    def decorate(function: Called) -> Called:
        own = inspect.signature(function).parameters
        title = function.__qualname__.removesuffix(".__init__")

        @functools.wraps(function)
        def call(*arguments: object, **keywords: object) -> object:
            for name in keywords:
                if name in own or name in options:
                    continue
                here = _called_here(name, [*own, *options])
                if here is not None:
                    raise TypeError(
                        f"{title}() has no argument {name!r}: it is called {here!r} here"
                    )
                if name in _SAID_ELSEWHERE:
                    raise TypeError(f"{title}() has no argument {name!r}: {_SAID_ELSEWHERE[name]}")
            return function(*arguments, **keywords)

        return call  # type: ignore[return-value]

    return decorate
