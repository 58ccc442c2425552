"""A compiled optimizer.step follows the values, and a tensor lr is not compiled anew for each."""

import shutil

import pytest
import torch
from torch_models import LR, give_gradients, optimizer, values_of, weights

import hypercycle as hc

pytestmark = pytest.mark.usefixtures("fresh_compiler")

STEPS = 10
PLAN = hc.Plan(lr=LR, beta1=hc.Cycle(0.5, 0.9, 3), eps=hc.Cycle(1e-8, 1e-3, 3))


def tensors():
    betas = torch.tensor(0.9), torch.tensor(0.999)
    settings = {"lr": torch.tensor(0.1), "betas": betas, "eps": torch.tensor(1e-8)}
    return optimizer(torch.optim.AdamW, {}, {}, **settings)


def run(made, step_function, cycler, steps=STEPS):
    for step in range(steps):
        give_gradients(made, step)
        step_function()
        cycler.step()


@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_tensors_that_we_fill_are_one_graph(advance):
    made, eager, graphs = tensors(), tensors(), []
    # The graphs as they are: what is run is PyTorch, what is counted are compilations.
    compiled = torch.compile(made.step, backend=lambda graph, _: graphs.append(graph) or graph)
    run(made, compiled, hc.attach(made, PLAN, advance=advance))
    assert len(graphs) == 1
    run(eager, eager.step, hc.attach(eager, PLAN))
    for ours, theirs in zip(weights(made), weights(eager), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-6)
    assert [lr.item() for lr in values_of(made, "lr")] == [torch.tensor(LR(STEPS)).item()] * 2


def test_the_counter_sees_what_is_compiled_anew():
    made = tensors()
    graphs = []
    compiled = torch.compile(made.step, backend=lambda graph, inputs: graphs.append(1) or graph)
    for step in range(3):
        give_gradients(made, step)
        for group in made.param_groups:
            group["weight_decay"] = [0.1, 0, 0.0][step]  # an int, and exactly 0: other branches
        compiled()
    assert len(graphs) > 1


@pytest.mark.skipif(shutil.which("gcc") is None, reason="inductor needs a compiler")
def test_inductor_compiles_once_too():
    made = optimizer(torch.optim.AdamW, {}, lr=torch.tensor(0.1))
    eager = optimizer(torch.optim.AdamW, {}, lr=torch.tensor(0.1))
    torch._dynamo.utils.counters.clear()
    run(made, torch.compile(made.step), hc.attach(made, lr=LR))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    run(eager, eager.step, hc.attach(eager, lr=LR))
    for ours, theirs in zip(weights(made), weights(eager), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-6)


def test_the_compiled_step_may_be_there_before_we_are():
    made = tensors()
    made.step = torch.compile(made.step, backend="eager")
    cycler = hc.attach(made, PLAN)
    run(made, made.step, cycler, steps=3)
    assert [v.item() for v in values_of(made, "lr")] == [torch.tensor(LR(3)).item()] * 2


# PyTorch's tutorial has both steps in one compiled function.


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("advance", ["step", "optimizer"])
@pytest.mark.parametrize(
    "made", [tensors, lambda: optimizer(torch.optim.AdamW, {}, lr=torch.tensor(0.1))]
)
def test_both_steps_in_one_function_are_one_graph(made, advance, observed):
    made, graphs, seen = made(), [], []

    class Observer:
        @hc.hookimpl
        def hypercycle_step(self, step):
            seen.append(step)

    observer = Observer()
    if observed:
        hc.register_plugin(observer)
    try:
        cycler = hc.attach(made, lr=LR, advance=advance)

        @torch.compile(backend=lambda graph, _: graphs.append(graph) or graph)
        def both():
            made.step()
            cycler.step()

        for step in range(STEPS):
            give_gradients(made, step)
            assert values_of(made, "lr")[0].item() == torch.tensor(LR(step)).item()
            both()
    finally:
        hc.unregister_plugin(observer) if observed else None
    assert len(graphs) == 1
    assert seen == (list(range(STEPS + 1)) if observed else [])
