"""How often ``torch.compile`` compiles an optimizer's step whose hyperparameters follow a plan.

``python benchmarks/torch_compile.py [--quick] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch._dynamo
from timing import QUICK, arguments, machine, report, section, table
from torch._dynamo.backends.debugging import aot_eager
from torch._dynamo.utils import counters

import hypercycle as hc
from hypercycle_torch import prepare_for_compile
from hypercycle_torch.names import Group, find, names_of

LR = hc.Cycle(1e-3, 1e-1, 7, waveform="hann")
MOMENTUM = LR.opposite(0.85, 0.95)
DECAY = hc.Cycle(1e-4, 1e-2, 5)
PLANS = {
    "lr": hc.Plan(lr=LR),
    "lr, momentum": hc.Plan(lr=LR, momentum=MOMENTUM),
    "lr, weight_decay": hc.Plan(lr=LR, weight_decay=DECAY),
    "lr, momentum, weight_decay": hc.Plan(lr=LR, momentum=MOMENTUM, weight_decay=DECAY),
    "lr, beta2, eps": hc.Plan(lr=LR, beta2=hc.Cycle(0.99, 0.999, 6), eps=hc.Cycle(1e-8, 1e-4, 5)),
}
OPTIMIZERS = (
    *("Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD"),
    *("Muon", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"),
)
# No hyperparameter has such a shape.
SHAPES = (5, 3), (5, 2)
EQUAL = 1e-5
REFUSED, UNCOMPILED = "refused", "none"


def as_they_are(_optimizer: Any, _plan: hc.Plan) -> None:
    """Leave floats floats."""


@dataclass(frozen=True)
class Way:
    """How the optimizer is made, and what becomes of its hyperparameters before attaching."""

    settings: Collection[str] = ()
    make: Callable[[Any, hc.Plan], object] = as_they_are


def all_tensors(optimizer: Any, plan: hc.Plan) -> None:
    """Make all that the plan drives tensors."""
    for key in {find(optimizer, name).key for name in plan}:
        for group in optimizer.param_groups:
            whole = group[key]
            several = isinstance(whole, tuple)
            tensors = [torch.tensor(float(value)) for value in (whole if several else [whole])]
            group[key] = tuple(tensors) if several else tensors[0]


LISTS = "foreach", "capturable"  # as on a GPU, where PyTorch itself compiles with both
WAYS = {
    "floats": Way(),
    "tensors": Way(make=all_tensors),
    "prepared": Way(make=prepare_for_compile),
    "fused": Way(("fused",)),
}
WAYS_OVER_LISTS = {"floats": Way(LISTS), "prepared": Way(LISTS, prepare_for_compile)}


def made(kind: str, settings: Collection[str]) -> Any:
    """Return an optimizer of two parameters that has a momentum and a weight decay, if it can."""
    generator = torch.Generator().manual_seed(0)
    parameters = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]
    usual: Group = {"lr": 0.01, "weight_decay": 1e-3}
    if kind in ("SGD", "RMSprop"):  # elsewhere it is a beta, or has a value already
        usual["momentum"] = 0.9
    given = usual | dict.fromkeys(settings, True)
    accepted = inspect.signature(getattr(torch.optim, kind)).parameters
    given = {key: value for key, value in given.items() if key in accepted}
    return getattr(torch.optim, kind)(parameters, **given)


def trained(kind: str, plan: hc.Plan, way: Way, steps: int, backend: Any) -> tuple[Any, bool]:
    """Return the optimizer after these steps, and whether each found the values of the plan."""
    optimizer = made(kind, way.settings)
    way.make(optimizer, plan)
    cycler = hc.attach(optimizer, plan)
    step = optimizer.step if backend is None else torch.compile(optimizer.step, backend=backend)
    exact = True
    for index in range(steps):
        generator = torch.Generator().manual_seed(index)
        for group in optimizer.param_groups:
            for name, schedule in plan.items():
                value, expected = find(optimizer, name).read(group), schedule(index)
                if isinstance(value, torch.Tensor):
                    expected = torch.tensor(expected).item()
                exact &= float(value) == expected
            for parameter in group["params"]:
                parameter.grad = torch.randn(parameter.shape, generator=generator)
        step()
        cycler.step()
    return optimizer, exact


def weights(optimizer: Any) -> list[torch.Tensor]:
    """Return the parameters as one vector each."""
    return [p.detach().flatten() for group in optimizer.param_groups for p in group["params"]]


def graphs(kind: str, plan: hc.Plan, way: Way, steps: int) -> tuple[str, float]:
    """Return the graphs that were made, in words if the update is in none, and the difference.

    The difference is the largest of a weight after the last step from uncompiled steps with floats;
    infinite if a step did not find the values of the plan.
    """
    torch.compiler.reset()
    counters.clear()
    seen: list[bool] = []

    def counting(graph: Any, inputs: list[Any]) -> Any:
        shapes = [tuple(one.shape) for one in inputs if isinstance(one, torch.Tensor)]
        seen.append(any(shape in shapes for shape in SHAPES))
        return aot_eager(graph, inputs)

    try:
        compiled, exact = trained(kind, plan, way, steps, counting)
    except ValueError:
        return REFUSED, 0.0
    except AssertionError:
        # On the CPU, a step with capturable=True does not run uncompiled, as after the limit.
        return str(counters["stats"]["unique_graphs"]), 0.0
    eager, _ = trained(kind, plan, Way(), steps, None)
    pairs = zip(weights(compiled), weights(eager), strict=True)
    difference = max(float((ours - theirs).abs().max()) for ours, theirs in pairs)
    # A fused kernel is called from outside of all graphs.
    inside = any(seen) or "fused" in way.settings
    # Not the calls of the backend: PyTorch begins some graphs anew after it.
    count = str(counters["stats"]["unique_graphs"]) if inside else UNCOMPILED
    return count, difference if exact else float("inf")


def row(kind: str, name: str, plan: hc.Plan, ways: Iterable[Way], steps: int) -> list[str]:
    """Return a row: the optimizer, what the plan drives, the graphs in each way, if all agree."""
    found = [graphs(kind, plan, way, steps) for way in ways]
    equal = all(difference <= EQUAL for _, difference in found)
    return [f"{kind} {name}", *(count for count, _ in found), "yes" if equal else "no"]


def by_plan(title: str, text: str, ways: dict[str, Way], steps: int, *, quick: bool) -> str:
    """Return a table of the plans that people have."""
    cases = [
        (kind, name)
        for kind in ("AdamW", "Adam", "SGD")
        for name, plan in PLANS.items()
        if kind != "SGD" or "eps" not in plan
    ]
    if quick:
        cases = [("SGD", "lr, weight_decay")]
    rows = [row(kind, name, PLANS[name], ways.values(), steps) for kind, name in cases]
    return section(title, text, table(["optimizer, plan", *ways, "equal"], rows))


def by_hyperparameter(steps: int, *, quick: bool) -> str:
    """Return a table of what can be driven of each optimizer."""
    ways = {name: WAYS[name] for name in ("floats", "tensors", "prepared")}
    rows = []
    for kind in ("SGD",) if quick else OPTIMIZERS:
        optimizer = made(kind, ())
        for name in names_of(optimizer.param_groups)[: 1 if quick else None]:
            try:
                place = find(optimizer, name)
                present = float(place.read(optimizer.param_groups[0]))
                low, high = sorted([present * 0.99, present]) if present else (1e-4, 1e-3)
                plan = hc.Plan(**{name: hc.Cycle(low, high, 5)})
                hc.attach(optimizer, plan).detach(restore=True)
            except (TypeError, ValueError):
                continue  # which attach refuses, compiled or not
            rows.append(row(kind, name, plan, ways.values(), steps))
    text = (
        f"One hyperparameter alone follows a cycle; graphs in {steps} steps. What is not printed "
        "here no schedule can drive. Muon's update is in bfloat16, and a compiled step rounds its "
        "product with a tensor to that."
    )
    return section("Hyperparameters", text, table(["optimizer, name", *ways, "equal"], rows))


def main() -> None:
    effort, document = arguments("Graphs of compiled optimizer steps in PyTorch.")
    torch.set_num_threads(1)
    logging.getLogger("torch._dynamo").setLevel(logging.CRITICAL)  # which tells of the limit
    steps, quick = (2, True) if effort is QUICK else (20, False)
    sections = [
        machine("hypercycle", "torch") + "\n",
        by_plan(
            "Plans",
            f"Graphs in {steps} steps (aot_eager); after 8 PyTorch runs the step uncompiled. "
            f"'{UNCOMPILED}': it is not compiled at all. Tensors: all that the plan drives. "
            f"Prepared: by prepare_for_compile, which raises where it says '{REFUSED}'. Equal: in "
            "every step the values were the plan's, and at the end no weight differed from "
            f"uncompiled steps by more than {EQUAL:g}.",
            WAYS,
            steps,
            quick=quick,
        ),
        by_plan(
            "Plans, steps over lists of tensors",
            "The same with foreach=True, and capturable=True where there is one, as PyTorch "
            "compiles on a GPU. It was on the CPU here.",
            WAYS_OVER_LISTS,
            steps,
            quick=quick,
        ),
        by_hyperparameter(steps, quick=quick),
    ]
    report("torch_compile.py", sections, document)


if __name__ == "__main__":
    main()
