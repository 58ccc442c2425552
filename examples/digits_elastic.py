"""Handwritten digits on however many processes there are, going on where the last run ended.

    torchrun --nproc-per-node=2 examples/digits_elastic.py --epochs 2
    torchrun --nproc-per-node=1 examples/digits_elastic.py --epochs 4

Each process has its part of an epoch: the fewer they are, the more steps an epoch has. The plan's
lengths are in epochs, and on_mismatch="rescale" goes on at the same place of the run. On GPUs, the
backend is "nccl" and the model is moved to the device of LOCAL_RANK first; nothing else changes.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from sklearn.datasets import load_digits
from torch import distributed, nn
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import hypercycle as hc

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--folder", type=Path, default=Path("elastic-checkpoints"))
options = parser.parse_args()

distributed.init_process_group("gloo")
torch.set_num_threads(1)
torch.manual_seed(0)

images, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
data = TensorDataset(images.float() / 16, digits)
sampler = DistributedSampler(data, seed=0)
loader = DataLoader(data, batch_size=16, sampler=sampler)

network = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
model = DistributedDataParallel(network)
optimizer = torch.optim.AdamW(model.parameters())
lr = hc.Cycle(1e-3, 1e-2, "2ep")
cycler = hc.attach(
    optimizer,
    hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95)),
    steps_per_epoch=len(loader),
    on_mismatch="rescale",
)


def state() -> dict[str, Any]:
    """Return what a checkpoint holds, in the pieces that each process has."""
    weights, moments = get_state_dict(model, optimizer)
    return {"model": weights, "optimizer": moments, "cycler": cycler.state_dict()}


# The metadata of a checkpoint is written when all else is there.
whole = [int(path.parent.name) for path in options.folder.glob("*/.metadata")]
begun = max(whole, default=0)
if begun:
    saved = state()
    dcp.load(saved, checkpoint_id=options.folder / str(begun))
    weights, moments = saved["model"], saved["optimizer"]
    set_state_dict(model, optimizer, model_state_dict=weights, optim_state_dict=moments)
    cycler.load_state_dict(saved["cycler"])

for epoch in range(begun, options.epochs):
    sampler.set_epoch(epoch)
    used = []
    for batch, labels in loader:
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch), labels)
        loss.backward()
        optimizer.step()
        cycler.step()
    dcp.save(state(), checkpoint_id=options.folder / str(epoch + 1))
    if distributed.get_rank() == 0:
        report = {"epoch": epoch, "processes": distributed.get_world_size()}
        print(json.dumps(report | {"loss": loss.item(), "lr": used}))
distributed.destroy_process_group()
