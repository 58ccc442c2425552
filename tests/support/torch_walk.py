"""Every optimizer of torch.optim × every hyperparameter × every implementation, trained for real.

A case trains a small model three times: driven by ``hc.attach``; with the plan's values assigned by
hand before each step, which is what it must equal bit for bit; and left alone, from which it must
differ. ``python tests/support/torch_walk_table.py`` prints the outcome as a table.
"""

import inspect
import warnings
from dataclasses import dataclass, field

import torch
from torch import nn

import hypercycle as hc

STEPS = 12


@dataclass(frozen=True)
class Case:
    """A hyperparameter of an optimizer, and what the optimizer is made with."""

    optimizer: str
    name: str
    bounds: tuple[float, float]
    implementation: str = "single"
    tensors: bool = False
    settings: dict = field(default_factory=dict, hash=False)

    def __str__(self):
        tensors = "-tensor" if self.tensors else ""
        return f"{self.optimizer}-{self.name}-{self.implementation}{tensors}"

    @property
    def plan(self):
        low, high = self.bounds
        return hc.Plan(**{self.name: hc.Cycle(low, high, 3, 2, waveform="hann")})


def optimizers():
    """Return every optimizer class that torch.optim shows."""
    return {
        name: kind
        for name, kind in sorted(vars(torch.optim).items())
        if inspect.isclass(kind)
        and issubclass(kind, torch.optim.Optimizer)
        and kind is not torch.optim.Optimizer
    }


# What makes a hyperparameter matter.
SETTINGS = {
    ("SGD", "dampening"): {"momentum": 0.9},
    ("Adafactor", "eps[0]"): {"eps": (1e-3, 1e-3)},
    ("RMSprop", "momentum"): {"momentum": 0.5},
    ("ASGD", "t0"): {"t0": 2.0},
    ("LBFGS", "lr"): {"lr": 0.1, "max_iter": 3},
    ("LBFGS", "tolerance_grad"): {"lr": 0.1, "max_iter": 3},
    ("LBFGS", "tolerance_change"): {"lr": 0.1, "max_iter": 3},
}
# Bounds, where half and one and a half times the default do not do.
BOUNDS = {
    "weight_decay": (0.0, 0.2),
    "momentum": (0.0, 0.95),
    "dampening": (0.0, 0.8),
    "lr_decay": (0.0, 0.3),
    "initial_accumulator_value": (0.0, 0.5),
    "eps": (1e-8, 0.5),
    "eps[0]": (1e-3, 1.0),
    "eps[1]": (1e-3, 1.0),
    "betas[0]": (0.0, 0.95),
    "betas[1]": (0.5, 0.99),
    "alpha": (0.3, 0.99),
    "rho": (0.3, 0.99),
    "etas[0]": (0.2, 0.9),
    "etas[1]": (1.1, 2.0),
    "step_sizes[0]": (1e-6, 0.02),
    "step_sizes[1]": (0.005, 1.0),
    "t0": (0.0, 6.0),
    "beta2_decay": (-0.9, -0.2),
    "tolerance_grad": (0.0, 2.0),
    "tolerance_change": (0.0, 0.05),
    "momentum_decay": (0.0, 1.0),
    "lambd": (1e-4, 0.5),
    "d": (1.0, 3.0),
    "ns_coefficients[0]": (3.3, 3.5),
    "ns_coefficients[1]": (-4.9, -4.7),
    "ns_coefficients[2]": (1.9, 2.1),
}
# Exactly 0 cannot be left again: see tests/torch/test_names.py.
RMSPROP_MOMENTUM = (0.1, 0.9)

REFUSED = {
    "bool": "is a switch",
    "int": "is a whole number",
    "none": "must be a number",
    "str": "must be a number",
    "once": "only once",
}
WHOLE_NUMBERS = {
    ("LBFGS", "max_iter"),
    ("LBFGS", "max_eval"),
    ("LBFGS", "history_size"),
    ("Muon", "ns_steps"),
}
READ_ONCE = {("Adagrad", "initial_accumulator_value"), ("Rprop", "lr")}


def _members():
    """Return (optimizer, name, value) of everything in a group, tuples taken apart."""
    for kind_name, kind in optimizers().items():
        made = kind([nn.Parameter(torch.zeros(2, 2))])
        for key, value in made.param_groups[0].items():
            if key == "params":
                continue
            if isinstance(value, tuple):
                for index, member in enumerate(value):
                    yield kind_name, f"{key}[{index}]", member
            else:
                yield kind_name, key, value


def refusals():
    """Return (optimizer, name, reason) of everything that cannot follow a schedule."""
    found = []
    for kind, name, value in _members():
        if (kind, name) in READ_ONCE:
            found.append((kind, name, "once"))
        elif isinstance(value, bool):
            found.append((kind, name, "bool"))
        elif value is None or isinstance(value, str):
            found.append((kind, name, "none" if value is None else "str"))
        elif (kind, name) in WHOLE_NUMBERS:
            found.append((kind, name, "int"))
    return found


def cases():
    """Return every case that PyTorch itself can train."""
    refused = {(kind, name) for kind, name, _ in refusals() if (kind, name) not in SETTINGS}
    found = []
    for kind, name, value in _members():
        if (kind, name) in refused:
            continue
        bounds = BOUNDS.get(name) or (0.5 * value, 1.5 * value)
        if (kind, name) == ("RMSprop", "momentum"):
            bounds = RMSPROP_MOMENTUM
        settings = SETTINGS.get((kind, name), {})
        accepted = inspect.signature(optimizers()[kind]).parameters
        for implementation in ("single", "foreach", "fused"):
            if implementation != "single" and implementation not in accepted:
                continue
            for tensors in (False, True):
                case = Case(kind, name, bounds, implementation, tensors, settings)
                if not tensors or (_can_be_tensor(case, accepted) and _trains(case)):
                    found.append(case)
    return found


def _can_be_tensor(case, accepted):
    if case.optimizer == "LBFGS":
        return False  # see tests/torch/test_names.py
    annotation = str(accepted[case.name.partition("[")[0]].annotation)
    return "torch.Tensor" in annotation


def _trains(case):
    try:
        train(case, lambda optimizer, plan: None, steps=1)
    except (ValueError, RuntimeError, TypeError, AssertionError):
        return False
    return True


def make(case):
    """Return a model, a function that gives its loss at a step, and the optimizer of a case."""
    torch.manual_seed(0)
    kind = optimizers()[case.optimizer]
    if case.optimizer == "SparseAdam":
        model = nn.Embedding(10, 4, sparse=True)
        rows = torch.randint(0, 10, (STEPS, 6))

        def loss(step):
            return (model(rows[step]) ** 2).sum()

    else:
        bias = case.optimizer != "Muon"  # which takes matrices alone
        model = nn.Sequential(nn.Linear(5, 7, bias=bias), nn.Tanh(), nn.Linear(7, 1, bias=bias))
        inputs, targets = torch.randn(STEPS, 16, 5), torch.randn(STEPS, 16, 1)

        def loss(step):
            return nn.functional.mse_loss(model(inputs[step]), targets[step])

    settings = dict(case.settings)
    accepted = inspect.signature(kind).parameters
    if case.implementation != "single":
        settings[case.implementation] = True
    elif "foreach" in accepted:
        settings["foreach"] = False
    if case.tensors:
        key, _, member = case.name.partition("[")
        value = settings.get(key, accepted[key].default)
        settings[key] = tuple(map(torch.tensor, value)) if member else torch.tensor(float(value))
    optimizer = kind(model.parameters(), **settings)
    return model, loss, optimizer


def train(case, drive, steps=STEPS):
    """Train with what ``drive(optimizer, plan)`` returns called after each step.

    Returns all weights and all of the optimizer's state, in order.
    """
    model, loss_at, optimizer = make(case)
    after_step = drive(optimizer, case.plan)
    for step in range(steps):

        def closure(step=step):
            optimizer.zero_grad()
            loss = loss_at(step)
            loss.backward()
            return loss

        if case.optimizer == "LBFGS":
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        if after_step is not None:
            after_step()
    state = [
        value
        for entry in optimizer.state_dict()["state"].values()
        for _, value in sorted(entry.items())
        if isinstance(value, torch.Tensor)
    ]
    return [p.detach() for p in model.parameters()], state


def by_attach(optimizer, plan):
    return hc.attach(optimizer, plan).step


def by_following(optimizer, plan):
    hc.attach(optimizer, plan, advance="optimizer")


def by_hand(optimizer, plan):
    """Assign the plan's values as a user would who knows the optimizer."""
    ((name, _),) = plan.items()
    key, _, member = name.partition("[")
    steps = iter(range(1, STEPS + 1))

    def assign(step):
        value = plan(step)[name]
        for group in optimizer.param_groups:
            if not member:
                group[key] = _as(group[key], value)
            else:
                position = int(member.rstrip("]"))
                before, present, after = (
                    group[key][:position],
                    group[key][position],
                    group[key][position + 1 :],
                )
                group[key] = (*before, _as(present, value), *after)

    assign(0)
    return lambda: assign(next(steps))


def _as(present, value):
    if isinstance(present, torch.Tensor):
        return torch.tensor(value, dtype=present.dtype)
    return value


def left_alone(optimizer, plan):
    del optimizer, plan


def equal(first, second):
    """Whether two outcomes of :func:`train` are the same bit for bit."""
    tensors = [[*weights, *state] for weights, state in (first, second)]
    return len(tensors[0]) == len(tensors[1]) and all(
        torch.equal(a, b) for a, b in zip(*tensors, strict=True)
    )


def finite(outcome):
    return all(bool(torch.isfinite(tensor).all()) for tensor in outcome[0])


def refused(kind_name, name):
    """Return the error that driving this raises."""
    made = optimizers()[kind_name]([nn.Parameter(torch.zeros(2, 2))])
    try:
        hc.attach(made, hc.Plan(**{name: hc.Cycle(0.1, 0.2, 2)}))
    except (TypeError, ValueError) as error:
        return error
    return None


def table():
    """Return a markdown table: optimizer, hyperparameter, what it was driven in, or why not."""
    rows = {}
    for case in cases():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            driven = train(case, by_attach)
            same = equal(driven, train(case, by_hand))
            matters = not equal(driven, train(case, left_alone))
        word = case.implementation + (" (tensor)" if case.tensors else "")
        word += ("" if same else " **differs**") + ("" if matters else " **no effect**")
        rows.setdefault((case.optimizer, case.name), []).append(word)
    for kind, name, _ in refusals():
        if (kind, name) not in rows:
            rows[kind, name] = [f"refused: {refused(kind, name)}"]
    lines = ["| optimizer | hyperparameter | driven |", "|---|---|---|"]
    lines += [f"| {kind} | `{name}` | {', '.join(words)} |" for (kind, name), words in rows.items()]
    return "\n".join(lines)
