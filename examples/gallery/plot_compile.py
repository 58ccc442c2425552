"""
How do I compile the optimizer's step?
======================================

.. currentmodule:: hypercycle

``torch.compile`` takes some numbers for constants of the graph. SGD's learning rate is one of them:
a schedule that changes it makes PyTorch compile again in every step, until it gives up and runs the
step uncompiled. :func:`hypercycle_torch.prepare_for_compile` makes of each hyperparameter what is
compiled once: a tensor, which is filled in place, or a float where a tensor is no help.

The number of graphs shows it. Here they go no further than PyTorch's ``"aot_eager"`` stage, so that
no C++ compiler is needed; leave ``backend`` out to compile to the end.
"""

import torch
from torch._dynamo.utils import counters

import hypercycle as hc
from hypercycle_torch import prepare_for_compile


def graphs_by_step(make_optimizer, plan, prepare, steps=6, **settings):
    """Return how many graphs have been compiled after each step."""
    torch.compiler.reset()
    counters.clear()
    weights = torch.nn.Parameter(torch.ones(8))
    optimizer = make_optimizer([weights], **settings)
    if prepare:
        prepare_for_compile(optimizer, plan)  # before attaching
    cycler = hc.attach(optimizer, plan)
    compiled_step = torch.compile(optimizer.step, backend="aot_eager")

    graphs = []
    for _ in range(steps):
        weights.grad = torch.ones(8)
        compiled_step()
        cycler.step()
        graphs.append(counters["stats"]["unique_graphs"])
    return graphs


lr = hc.Cycle(low=0.01, high=0.1, step_size_up=10)
momentum = lr.opposite(low=0.85, high=0.95)
weight_decay = hc.Cycle(low=0.01, high=0.05, step_size_up=10, waveform="hann")

# %%
# AdamW: the learning rate and both betas become tensors, weight decay stays a float.

plan = hc.Plan(lr=lr, momentum=momentum, weight_decay=weight_decay)
as_it_is = graphs_by_step(torch.optim.AdamW, plan, prepare=False)
prepared = graphs_by_step(torch.optim.AdamW, plan, prepare=True)
print("as it is", as_it_is)
print("prepared", prepared)
assert as_it_is[-1] > prepared[-1]
assert prepared[-1] <= 2

# %%
# SGD: the learning rate becomes a tensor, the momentum stays a float. (The first step makes the
# momentum buffers and is a graph of its own.)

sgd_plan = hc.Plan(lr=lr, momentum=momentum)
as_it_is = graphs_by_step(torch.optim.SGD, sgd_plan, prepare=False, momentum=0.9)
prepared = graphs_by_step(torch.optim.SGD, sgd_plan, prepare=True, momentum=0.9)
print("as it is", as_it_is)
print("prepared", prepared)
assert as_it_is == [1, 2, 3, 4, 5, 6]
assert prepared[-1] <= 2

# %%
# SGD's weight decay has no such cure: a number is compiled anew in every step, and with a tensor
# PyTorch does not compile the step at all. So it is refused, and the error says what to do.

try:
    graphs_by_step(torch.optim.SGD, plan, prepare=True, momentum=0.9)
except ValueError as error:
    print(error)

# %%
# ``fused=True`` needs no tensors: its kernel is called, not compiled, and takes any number.

fused = graphs_by_step(torch.optim.SGD, plan, prepare=True, momentum=0.9, fused=True)
print("fused", fused)
assert fused[-1] <= 2
