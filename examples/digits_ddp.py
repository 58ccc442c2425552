"""Handwritten digits on several processes: the same schedule in each.

    torchrun --nproc-per-node=2 examples/digits_ddp.py

Process 0 prints what each process trained with. On GPUs, the backend is "nccl" and the model is
moved to the device of ``LOCAL_RANK`` first; nothing else changes.
"""

import hashlib
import json

import torch
from sklearn.datasets import load_digits
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import hypercycle as hc

EPOCHS = 4

distributed.init_process_group("gloo")
torch.set_num_threads(1)
torch.manual_seed(0)

images, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
data = TensorDataset(images.float() / 16, digits)
sampler = DistributedSampler(data, seed=0)  # each process has its part of every epoch
loader = DataLoader(data, batch_size=16, sampler=sampler)

network = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
model = DistributedDataParallel(network)
optimizer = torch.optim.SGD(model.parameters())
lr = hc.Cycle(0.01, 0.5, "1ep")
plan = hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95))
cycler = hc.attach(optimizer, plan, steps_per_epoch=len(loader))

used = []
for epoch in range(EPOCHS):
    sampler.set_epoch(epoch)
    for batch, labels in loader:
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), labels).backward()
        optimizer.step()
        cycler.step()

weights = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()
report = {
    "steps": cycler.last_epoch,
    "steps_per_epoch": len(loader),
    "weights": hashlib.sha256(weights.tobytes()).hexdigest()[:12],
    "lr": used,
}
reports = [None] * distributed.get_world_size()
distributed.all_gather_object(reports, report)
if distributed.get_rank() == 0:
    print(json.dumps(reports))
distributed.destroy_process_group()
