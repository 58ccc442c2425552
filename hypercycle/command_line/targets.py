"""Targets by their dotted names: which hyperparameters they have, and which values these take."""

from __future__ import annotations

import inspect
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypercycle.command_line.errors import Failure, describe, failing_on
from hypercycle.driving.attaching import attach
from hypercycle.numbers.lengths import Units
from hypercycle.numbers.spelling import suggestion
from hypercycle.plans.entries import entries_of, is_rate
from hypercycle.plans.explaining import REFUSED
from hypercycle.plans.findings import Finding
from hypercycle.plans.plan import Plan
from hypercycle.plans.rules_of_values import in_any_run

_EXAMPLES = "torch.optim.AdamW, keras.optimizers.Adam or optax.adamw"

# Makes a new target for one hyperparameter, and says what has to be given beside it.
Maker = Callable[[str], tuple[Any, dict[str, float]]]


def maker_of(target: str) -> Maker:
    """Return what makes the target of a dotted name.

    Raises
    ------
    Failure
        If there is none, with what there is.
    """
    found = _imported(target)
    packages = {base.__module__.partition(".")[0] for base in getattr(found, "__mro__", ())}
    if "torch" in packages and callable(getattr(found, "step", None)):
        _of_torch(target, found)  # refuses it, if anything does, before the first plan is read
        return lambda _: (_of_torch(target, found), {})
    if "keras" in packages and callable(getattr(found, "apply", None)):
        _made(target, found)
        return lambda name: (_made(target, found, **_momentum(found, name)), {})
    module = getattr(found, "__module__", None) or ""
    if module.partition(".")[0] == "optax" and not isinstance(found, type) and callable(found):
        return lambda name: (found, _rate(found, name))
    raise Failure(f"--for takes an optimizer, such as {_EXAMPLES}, got {target}")


def refusals(plan: Plan, make: Maker, units: Units) -> list[Finding]:
    """Return why the target would not take a plan: each name alone, or then all of them."""
    with failing_on(ValueError):
        resolved = in_any_run(plan, **units.facts)
    entries = list(entries_of(resolved))
    alone = [(one.where, one.name, Plan(**{one.name: one.schedule})) for one in entries]
    findings = [
        finding for where, name, one in alone for finding in _refusal(where, one, *make(name))
    ]
    if not findings and all(entry.group is None for entry in entries):
        # Two names of one hyperparameter.
        target, beside = make("momentum")
        beside = {} if any(map(is_rate, plan)) else beside
        return list(_refusal(", ".join(plan), resolved, target, beside))
    return findings


def _refusal(where: str, plan: Plan, target: Any, beside: dict[str, float]) -> Iterator[Finding]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a target that nobody trains
        try:
            attach(target, Plan(**plan, **beside))
        except (TypeError, ValueError) as error:
            instead = "write what it has and takes, or leave it out"
            yield Finding(REFUSED, where, describe(error), instead, "error")


def _imported(target: str) -> Any:
    module, _, name = target.rpartition(".")
    if not module:
        raise Failure(f"--for takes a name with its module, such as {_EXAMPLES}, got {target!r}")
    if (here := str(Path.cwd())) not in sys.path:  # as `python -m` does
        sys.path.insert(0, here)
    try:
        return pkgutil.resolve_name(target)
    except AttributeError as error:
        names = [one for one in _names_in(module) if not one.startswith("_")]
        why = f"{module} has no {name!r}; {suggestion(name, names)}".rstrip("; ")
        raise Failure(f"--for {target}: {why}") from error
    except ModuleNotFoundError as error:
        why = describe(error)
        if error.name is not None and f"{target}.".startswith(f"{error.name}."):
            why = f"no module {error.name!r}, neither in {Path.cwd()} nor installed"
        raise Failure(f"--for {target}: {why}") from error
    except Exception as error:  # whatever a module of the user's raises
        raise Failure(f"--for {target}: {type(error).__name__}: {describe(error)}") from error


def _names_in(module: str) -> list[str]:
    with suppress(Exception):
        return dir(pkgutil.resolve_name(module))
    return []


def _of_torch(target: str, kind: Any) -> Any:
    import torch

    # Muon takes matrices alone.
    parameter = torch.nn.Parameter(torch.zeros(1, 1))
    required = inspect.signature(kind).parameters.get("lr")
    rate = {"lr": 1e-3} if required is not None and required.default is required.empty else {}
    return _made(target, kind, [parameter], **rate)


def _momentum(kind: Any, name: str) -> dict[str, float]:
    """Return the momentum that Keras has to begin with to make room for it."""
    takes = name == "momentum" and name in inspect.signature(kind).parameters
    return {"momentum": 0.5} if takes else {}


def _rate(factory: Any, name: str) -> dict[str, float]:
    """Return the rate that a factory of Optax needs beside another hyperparameter."""
    needs = "learning_rate" in inspect.signature(factory).parameters
    return {"lr": 1e-3} if needs and name not in ("lr", "learning_rate") else {}


def _made(target: str, kind: Any, *arguments: Any, **keywords: Any) -> Any:
    try:
        return kind(*arguments, **keywords)
    except Exception as error:
        raise Failure(
            f"--for {target}: cannot be made with its defaults: {describe(error)}"
        ) from error
