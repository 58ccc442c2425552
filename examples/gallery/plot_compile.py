"""
How do I compile the optimizer's step?
======================================

.. currentmodule:: hypercycle

``torch.compile`` takes some numbers for constants of the graph. SGD's learning rate is one of them:
a schedule that changes it makes PyTorch compile again in every step, until it gives up and runs the
step uncompiled. A tensor is filled in place, and nothing is compiled twice.

The number of graphs shows it. Here they go no further than PyTorch's ``"aot_eager"`` stage, so that
no C++ compiler is needed; leave ``backend`` out to compile to the end.
"""

import torch
from torch._dynamo.utils import counters

import hypercycle as hc


def graphs_by_step(make_optimizer, plan, steps=6):
    """Return how many graphs have been compiled after each step."""
    torch.compiler.reset()
    counters.clear()
    weights = torch.nn.Parameter(torch.ones(8))
    optimizer = make_optimizer([weights])
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

# %%
# SGD: the learning rate as a tensor. The momentum may stay a number. (Two graphs: the first step
# makes the momentum buffers.)


def sgd(lr):
    """Return what makes an SGD optimizer."""
    return lambda parameters: torch.optim.SGD(parameters, lr=lr, momentum=0.9)


plan = hc.Plan(lr=lr, momentum=momentum)
with_numbers = graphs_by_step(sgd(0.1), plan)
with_a_tensor = graphs_by_step(sgd(torch.tensor(0.1)), plan)
print("number", with_numbers)
print("tensor", with_a_tensor)
assert with_numbers == [1, 2, 3, 4, 5, 6]
assert with_a_tensor[-1] <= 3

# %%
# AdamW: tensors for the learning rate and both betas, a number for the weight decay. Give both
# betas as tensors or neither.


def adamw(lr, betas):
    """Return what makes an AdamW optimizer."""
    return lambda parameters: torch.optim.AdamW(parameters, lr=lr, betas=betas)


plan = hc.Plan(
    lr=lr,
    beta1=momentum,
    beta2=hc.Cycle(0.99, 0.999, 10),
    weight_decay=hc.Cycle(0.01, 0.05, 10, waveform="hann"),
)
tensors = torch.tensor(0.9), torch.tensor(0.999)
with_numbers = graphs_by_step(adamw(0.01, (0.9, 0.999)), plan)
with_tensors = graphs_by_step(adamw(torch.tensor(0.01), tensors), plan)
print("numbers", with_numbers)
print("tensors", with_tensors)
assert with_numbers[-1] > with_tensors[-1]
assert with_tensors[-1] <= 2

# %%
# SGD's weight decay has no such cure: a number is compiled anew in every step, and with a tensor
# PyTorch does not compile the step at all. ``fused=True`` needs no tensors: its kernel is called,
# not compiled, and takes any number.


def fused_sgd(parameters):
    """Return an SGD optimizer whose step is one kernel."""
    return torch.optim.SGD(parameters, lr=0.1, fused=True)


plan = hc.Plan(lr=lr, weight_decay=hc.Cycle(1e-4, 1e-3, 10))
number = graphs_by_step(sgd(torch.tensor(0.1)), plan)
fused = graphs_by_step(fused_sgd, plan)
print("number", number)
print("fused ", fused)
assert number[-1] > 4
assert fused[-1] <= 2

# %%
# Make the tensors before attaching. What is a tensor then is filled in place from then on.
