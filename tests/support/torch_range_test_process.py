"""One of the processes of tests/torch/test_range_test_runner.py; prints what it got as JSON."""

import json
import math
import os
import sys
from datetime import timedelta

import numpy as np
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

import hypercycle_torch

rank, store = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
distributed.init_process_group(
    "gloo", f"file://{store}", rank=rank, world_size=2, timeout=timedelta(seconds=120)
)
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
parallel = DistributedDataParallel(model, gradient_as_bucket_view=True)
optimizer = torch.optim.SGD(parallel.parameters(), lr=0.1, momentum=0.9)
generator = torch.Generator().manual_seed(rank)
batches = [torch.randn(8, 4, generator=generator) for _ in range(4)]
seen = []
weights = []


def loss(model, batch):
    value = (model(batch) - 1.0).square().mean()
    seen.append(value.item())
    weights.append(sum(p.detach().double().sum().item() for p in model.parameters()))
    return value


def not_a_number(model, batch):
    """Return NaN on one process alone, at the eighth batch."""
    wrong = rank == 1 and len(seen) == 7
    return loss(model, batch) * (math.nan if wrong else 1.0)


def run(function=loss, **options):
    seen.clear()
    test = hypercycle_torch.range_test(
        parallel, optimizer, function, batches, steps=20, end=1.0, stop_early=False, **options
    )
    metrics = {
        name: [None if np.isnan(one) else one for one in column.tolist()]
        for name, column in test.metrics.items()
    }
    losses = np.nan_to_num(test.losses, nan=-1.0).tolist()
    return {"values": test.values.tolist(), "losses": losses, "metrics": metrics}


def state():
    gradients = [p.grad.clone() for p in model.parameters()]
    return [*gradients, *(one.clone() for one in model.state_dict().values())]


for batch in batches:
    optimizer.zero_grad()
    loss(parallel, batch).backward()
    optimizer.step()
before = state()
plain = run(metrics={"rank": lambda _: float(rank)}, progress=True)
local = list(seen)
result = {
    "plain": plain,
    "local": local,
    "accumulated": run(accumulate=3, repeats=2),
    "stopped": run(not_a_number),
    "weights": weights,
    "kept": all(map(torch.equal, before, state())),
}
print(json.dumps(result), flush=True)  # noqa: T201
distributed.destroy_process_group()
# DistributedDataParallel keeps the threads of gloo alive, which at times abort while Python ends:
# https://github.com/pytorch/pytorch/pull/179291
os._exit(0)
