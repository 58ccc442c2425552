"""Prepared optimizers are compiled twice at most, and give what the uncompiled ones give."""

import copy
import re

import pytest
import torch
from torch_models import (
    LR,
    add_group,
    give_gradients,
    optimizer,
    sgd,
    snapshot,
    values_of,
    weights,
)

import hypercycle as hc
from hypercycle_torch import prepare_for_compile

MOMENTUM = LR.opposite(0.85, 0.95)
DECAY = hc.Cycle(1e-3, 1e-1, 3)
PLAN = hc.Plan(lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
STEPS = 6

pytestmark = pytest.mark.usefixtures("fresh_compiler")

# The graphs were counted with this version.
counts_floats = pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 13),
    reason="which floats are inputs of a graph differs between versions of PyTorch",
)


class Graphs:
    """A backend that counts what it is given to compile, and in how much of it weights are."""

    def __init__(self):
        self.count = self.with_weights = 0

    def __call__(self, graph, inputs):
        from torch._dynamo.backends.debugging import aot_eager

        self.count += 1
        self.with_weights += any(tuple(getattr(one, "shape", ())) == (2, 2) for one in inputs)
        return aot_eager(graph, inputs)


def run(made, step, cycler, start=0, steps=STEPS):
    for index in range(start, start + steps):
        give_gradients(made, index)
        step()
        cycler.step()


def assert_same_weights(one, other):
    for ours, theirs in zip(weights(one), weights(other), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=5e-6)


@counts_floats
@pytest.mark.parametrize(
    ("kind", "settings", "plan", "advance"),
    [
        (torch.optim.AdamW, {}, PLAN, "step"),
        (torch.optim.AdamW, {"amsgrad": True}, hc.Plan(**PLAN, eps=DECAY), "optimizer"),
        (torch.optim.SGD, {"momentum": 0.9}, {"lr": LR, "momentum": MOMENTUM}, "step"),
        (torch.optim.RMSprop, {"momentum": 0.9}, {"lr": LR, "momentum": MOMENTUM}, "step"),
    ],
)
def test_two_graphs_at_most_and_the_same_weights(kind, settings, plan, advance):
    made, eager = (optimizer(kind, {}, {}, **settings) for _ in range(2))
    prepare_for_compile(made, plan)
    graphs = Graphs()
    run(made, torch.compile(made.step, backend=graphs), hc.attach(made, plan, advance=advance))
    assert graphs.with_weights == graphs.count <= 2
    assert [lr.item() for lr in values_of(made, "lr")] == [torch.tensor(LR(STEPS)).item()] * 2
    run(eager, eager.step, hc.attach(eager, plan))
    assert_same_weights(made, eager)


@counts_floats
def test_of_a_fused_step_nothing_is_made_anew():
    settings = {"momentum": 0.9, "weight_decay": 0.1}
    made, eager = sgd(fused=True, **settings), sgd(**settings)
    before = snapshot(made)[3:]
    prepare_for_compile(made, PLAN)
    assert snapshot(made)[3:] == before
    graphs = Graphs()
    run(made, torch.compile(made.step, backend=graphs), hc.attach(made, PLAN))
    assert graphs.count <= 2
    run(eager, eager.step, hc.attach(eager, PLAN))
    assert_same_weights(made, eager)


@counts_floats
def test_both_steps_in_one_function():
    made = optimizer(torch.optim.AdamW, {})
    plan = {"lr": LR, "momentum": MOMENTUM}
    prepare_for_compile(made, plan)
    cycler, graphs = hc.attach(made, plan), Graphs()

    @torch.compile(backend=graphs)
    def both():
        made.step()
        cycler.step()

    for index in range(STEPS):
        give_gradients(made, index)
        both()
    assert graphs.count == 1
    assert values_of(made, "lr")[0].item() == torch.tensor(LR(STEPS)).item()


@counts_floats
def test_tensors_that_keep_a_step_from_being_compiled_become_floats():
    made = sgd(momentum=torch.tensor(0.5), weight_decay=torch.tensor(0.25))
    plan = {"lr": LR, "momentum": MOMENTUM, "weight_decay": 0.25}
    unprepared = Graphs()
    step = torch.compile(copy.deepcopy(made).step, backend=unprepared)
    step()
    assert unprepared.count == 0
    prepare_for_compile(made, plan)
    assert made.param_groups[0]["momentum"] == 0.5
    assert type(made.param_groups[0]["weight_decay"]) is float
    graphs = Graphs()
    run(made, torch.compile(made.step, backend=graphs), hc.attach(made, plan), steps=2)
    assert graphs.with_weights


def test_groups_own_their_tensors():
    shared = torch.tensor(0.25)
    made = optimizer(torch.optim.AdamW, {}, {}, lr=shared, betas=(shared, shared))
    prepare_for_compile(made, PLAN)
    owned = [shared, made.defaults["lr"], *made.defaults["betas"]]
    for group in made.param_groups:
        owned += [group["lr"], *group["betas"]]
    assert len({one.data_ptr() for one in owned}) == 10 == len(owned)
    assert {one.item() for one in owned} == {0.25}


@pytest.mark.parametrize(
    ("dtypes", "rounded_to"),
    [
        ([torch.bfloat16, torch.float32], torch.float32),
        ([torch.float32, torch.complex128], torch.float64),
    ],
)
def test_values_are_rounded_once(dtypes, rounded_to):
    parameters = [torch.nn.Parameter(torch.ones(2, dtype=dtype)) for dtype in dtypes]
    made = torch.optim.AdamW([{"params": [one]} for one in parameters])
    prepare_for_compile(made, PLAN)
    cycler = hc.attach(made, PLAN)
    for step in range(3):
        for group in made.param_groups:
            for found, schedule in ((group["lr"], LR), (group["betas"][0], MOMENTUM)):
                assert found.dtype is rounded_to
                assert found.item() == torch.tensor(schedule(step), dtype=rounded_to).item()
            assert group["weight_decay"] == DECAY(step)
        cycler.step()


def test_all_groups_are_prepared_and_only_those_that_are_driven_change():
    made = optimizer(torch.optim.AdamW, {}, {})
    plan = {"momentum": hc.Groups({0: MOMENTUM, 1: None})}
    prepare_for_compile(made, plan)
    hc.attach(made, plan).step()
    assert [lr.item() for lr in values_of(made, "lr")] == [torch.tensor(1e-3).item()] * 2
    found = [betas[0].item() for betas in values_of(made, "betas")]
    assert found == [torch.tensor(value).item() for value in (MOMENTUM(1), 0.9)]


@pytest.mark.parametrize("advance", ["step", "optimizer"])
@pytest.mark.parametrize("saved_by", ["floats", "tensors", "a shared tensor"])
def test_a_loaded_state_is_prepared_again(saved_by, advance):
    lr = torch.tensor(0.1) if saved_by == "a shared tensor" else 0.1
    other = optimizer(torch.optim.AdamW, {}, {}, lr=lr)
    if saved_by == "tensors":
        prepare_for_compile(other, PLAN)
    theirs = hc.attach(other, PLAN)
    run(other, other.step, theirs, steps=3)
    state, place = copy.deepcopy((other.state_dict(), theirs.state_dict()))

    made = optimizer(torch.optim.AdamW, {}, {})
    prepare_for_compile(made, PLAN)
    cycler = hc.attach(made, PLAN, advance=advance)
    run(made, made.step, cycler, steps=2)
    made.load_state_dict(state)
    cycler.load_state_dict(place)
    for group in made.param_groups:
        assert isinstance(group["lr"], torch.Tensor)
        assert isinstance(group["betas"][0], torch.Tensor)
        assert type(group["weight_decay"]) is float
    assert made.param_groups[0]["lr"] is not made.param_groups[1]["lr"]
    assert made.param_groups[0]["lr"].item() == torch.tensor(LR(3)).item()

    # The weights are not in an optimizer's state.
    for ours, his in zip(made.param_groups, other.param_groups, strict=True):
        with torch.no_grad():
            ours["params"][0].copy_(his["params"][0])
    run(made, made.step, cycler, start=3, steps=3)
    run(other, other.step, theirs, start=3, steps=3)
    assert_same_weights(made, other)


def prepared_adamw():
    made = optimizer(torch.optim.AdamW, {})
    prepare_for_compile(made, PLAN)
    cycler, graphs = hc.attach(made, PLAN), Graphs()
    return made, cycler, graphs, torch.compile(made.step, backend=graphs)


@counts_floats
def test_loading_a_state_costs_one_graph():
    made, cycler, graphs, step = prepared_adamw()
    run(made, step, cycler, steps=4)
    before = graphs.count
    made.load_state_dict(copy.deepcopy(made.state_dict()))
    run(made, step, cycler, start=4, steps=6)
    assert graphs.count <= before + 1


@counts_floats
def test_a_group_that_is_added_is_prepared_too():
    made, cycler, graphs, step = prepared_adamw()
    run(made, step, cycler, steps=3)
    for _ in range(2):
        add_group(made)
    run(made, step, cycler, start=3, steps=5)
    assert graphs.count <= 4
    one, other, another = values_of(made, "lr")
    assert one.item() == other.item() == another.item() == torch.tensor(LR(8)).item()
    assert len({id(one), id(other), id(another)}) == 3
    floats = copy.deepcopy(made.state_dict())
    for group in floats["param_groups"]:
        group["lr"] = 0.1
    made.load_state_dict(floats)
    assert all(isinstance(lr, torch.Tensor) for lr in values_of(made, "lr"))


# What is refused.

FUSED = ", or make the optimizer with fused=True, whose kernel takes any number"
ANEW = (
    "is compiled anew for each value as a number, and as a tensor keeps PyTorch from compiling the "
    "step: leave it out of the plan or constant, leave the step uncompiled"
)
LISTS = (
    "'s step over lists of tensors (foreach=True, the default on a GPU) has constants for "
    "hyperparameters: make the optimizer with foreach=False"
)
NOT_CAPTURABLE = (
    "AdamW takes no tensors for hyperparameters with foreach=True unless capturable=True (on a "
    "GPU): leave foreach out, or make the optimizer with fused=True"
)
UNKNOWN = (
    "Lion is not one of the optimizers whose compiled steps are known here (Adadelta, Adagrad, "
    "Adam, AdamW, Adamax, ASGD, Muon, NAdam, RAdam, RMSprop, Rprop, SGD): leave its step "
    "uncompiled, or give it tensors yourself before attaching, and count the graphs"
)


class Lion(torch.optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 0.1})


@pytest.mark.parametrize(
    ("kind", "settings", "plan", "expected"),
    [
        (
            torch.optim.SGD,
            {"momentum": 0.9},
            PLAN,
            f"weight_decay of SGD {ANEW}{FUSED}",
        ),
        (
            torch.optim.SGD,
            {"momentum": 0.9, "nesterov": True},
            {"momentum": MOMENTUM},
            f"momentum of SGD {ANEW}{FUSED}",
        ),
        (torch.optim.Adam, {}, PLAN, f"weight_decay of Adam {ANEW}{FUSED}"),
        (torch.optim.Adamax, {}, PLAN, f"weight_decay of Adamax {ANEW}"),
        (torch.optim.SGD, {"foreach": True}, {"lr": LR}, f"SGD{LISTS}{FUSED}"),
        (torch.optim.Adamax, {"foreach": True}, {"lr": LR}, f"Adamax{LISTS}"),
        (
            torch.optim.AdamW,
            {"foreach": True},
            {"lr": LR},
            NOT_CAPTURABLE,
        ),
        (
            torch.optim.AdamW,
            {"foreach": True, "capturable": True},
            {"eps": DECAY},
            f"eps of AdamW {ANEW}{FUSED}",
        ),
        (
            Lion,
            {},
            {"lr": LR},
            UNKNOWN,
        ),
    ],
)
def test_refusals_change_nothing(kind, settings, plan, expected):
    made = optimizer(kind, {}, **settings)
    before = snapshot(made)
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        prepare_for_compile(made, plan)
    assert snapshot(made) == before


@pytest.mark.parametrize("plan", [{"lr": LR}, {"momentum": MOMENTUM}])
def test_after_attach_it_is_too_late(plan):
    made = optimizer(torch.optim.AdamW, {})
    cycler = hc.attach(made, lr=LR)
    expected = (
        "lr is driven by a cycler already, which found out when it was attached what is a tensor: "
        "call prepare_for_compile() before attach(), or detach() first"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        prepare_for_compile(made, plan)
    cycler.detach()
    prepare_for_compile(made, plan)
    assert isinstance(made.param_groups[0]["lr"], torch.Tensor)


def test_what_is_no_optimizer():
    expected = "prepare_for_compile() takes an optimizer of PyTorch, got Linear"
    with pytest.raises(TypeError, match=f"^{re.escape(expected)}$"):
        prepare_for_compile(torch.nn.Linear(1, 1), {"lr": LR})


def test_the_optimizer_inside_a_wrapper():
    class Wrapper:
        def __init__(self, inside):
            self.optimizer = inside
            self.param_groups = inside.param_groups

    made = Wrapper(optimizer(torch.optim.AdamW, {}))
    prepare_for_compile(made, PLAN)
    assert isinstance(made.param_groups[0]["betas"][0], torch.Tensor)
