"""Trainings in several processes, with distributed checkpoints between one number and another."""

import json
import os
import warnings
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp
from torch import distributed, multiprocessing, nn
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.fsdp import fully_shard

import hypercycle as hc

LR = hc.Cycle(1e-3, 1e-1, 7)
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 5))
# What is tried before going on at a step: another waveform, and one name less.
OTHERS = {
    9: PLAN.override({"lr.waveform": "hann"}),
    16: hc.Plan(lr=PLAN["lr"], momentum=PLAN["momentum"]),
}
OWN_RATES = (1.0, 0.25)  # of weights and biases; the plan multiplies them
PROCESSES = 2
# How many processes go on from which step, and what becomes of one that nothing interrupts.
STAGES = ((2, 0), (1, 9), (2, 16))
END = 24
ADVANCES = ("step", "optimizer")
# How each one's checkpoints are loaded: both ways that PyTorch's pages show.
TRAININGS = {
    "ddp step": "dict",
    "ddp optimizer": "stateful",
    "fsdp step": "stateful",
    "fsdp optimizer": "dict",
}


class Training:
    """A model in each process, its optimizer and its cycler: a Stateful, as PyTorch calls it."""

    def __init__(self, wrapping, advance, plan=PLAN):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2)).double()
        if wrapping == "ddp":
            self.model = nn.parallel.DistributedDataParallel(network)
        else:
            mesh = distributed.init_device_mesh("cpu", (distributed.get_world_size(),))
            self.model = fully_shard(network, mesh=mesh)
        named = dict(self.model.named_parameters())
        groups = [
            {"params": [p for name, p in named.items() if name.endswith(ending)], "lr": rate}
            for ending, rate in zip(("weight", "bias"), OWN_RATES, strict=True)
        ]
        self.optimizer = torch.optim.AdamW(groups)
        self.cycler = hc.attach(self.optimizer, plan, advance=advance, relative="lr")

    def state_dict(self):
        weights, moments = get_state_dict(self.model, self.optimizer)
        return {"model": weights, "optimizer": moments, "cycler": self.cycler.state_dict()}

    def load_state_dict(self, state):
        set_state_dict(
            self.model,
            self.optimizer,
            model_state_dict=state["model"],
            optim_state_dict=state["optimizer"],
        )
        self.cycler.load_state_dict(state["cycler"])

    def save(self, folder):
        dcp.save({"training": self.state_dict()}, checkpoint_id=folder)

    def load(self, folder, form):
        states = {"training": self if form == "stateful" else self.state_dict()}
        dcp.load(states, checkpoint_id=folder)
        if form == "dict":
            self.load_state_dict(states["training"])

    def values(self):
        return [
            {
                "lr": group["lr"],
                "momentum": group["betas"][0],
                "weight_decay": group["weight_decay"],
            }
            for group in self.optimizer.param_groups
        ]

    def run(self, first, end):
        """Train, and return what each update was made with."""
        rank, processes = distributed.get_rank(), distributed.get_world_size()
        used = []
        for step in range(first, end):
            rows = torch.Generator().manual_seed(step)
            batch = torch.randn(8, 6, generator=rows, dtype=torch.float64)[rank::processes]
            self.optimizer.zero_grad()
            (self.model(batch) - batch[:, :2].sin()).square().mean().backward()
            used.append(self.values())
            self.optimizer.step()
            self.cycler.step()
        return used

    def weights(self):
        whole = (getattr(p, "full_tensor", p.detach)() for p in self.model.parameters())
        return [one.detach().tolist() for one in whole]

    def report(self, used):
        return {"used": used, "step": self.cycler.last_epoch, "weights": self.weights()}


def refused(wrapping, advance, form, checkpoint, plan):
    """Return what loading the checkpoint says to another plan, and at which step that stays."""
    training = Training(wrapping, advance, plan)
    try:
        training.load(checkpoint, form)
    except ValueError as error:
        return [str(error), training.cycler.last_epoch]
    return None


def zero_redundancy(advance):
    """Train with ZeroRedundancyOptimizer, which gives each process a part of the parameters."""
    # Importing it warns of what PyTorch deprecates, in the process that imports the tests too.
    from torch.distributed.optim import ZeroRedundancyOptimizer

    model = nn.parallel.DistributedDataParallel(nn.Linear(6, 2))
    optimizer = ZeroRedundancyOptimizer(model.parameters(), torch.optim.AdamW)
    cycler = hc.attach(optimizer, PLAN, advance=advance)
    used = []
    optimizer.optim.register_step_pre_hook(
        lambda inside, *_: used.append([inside.param_groups[0][k] for k in ("lr", "weight_decay")])
    )
    for step in range(9):
        optimizer.zero_grad()
        model(torch.full((2, 6), float(step))).sum().backward()
        optimizer.step()
        cycler.step()
    return used


def work(rank, folder):
    """Go through all stages in one of the processes; the second one waits where one is enough."""
    warnings.simplefilter("error", hc.MisuseWarning)
    torch.set_num_threads(1)
    reports = {name: {"stages": []} for name in TRAININGS}
    for number, ((processes, first), (_, end)) in enumerate(pairwise((*STAGES, (0, END)))):
        if rank >= processes:
            continue
        distributed.init_process_group(
            "gloo",
            init_method=f"file://{folder}/group-{number}",
            rank=rank,
            world_size=processes,
            timeout=timedelta(seconds=60),
        )
        for name, form in TRAININGS.items():
            wrapping, advance = name.split()
            before, after = (str(folder / name.replace(" ", "-") / str(n)) for n in (first, end))
            training = Training(wrapping, advance)
            report = {}
            if first:
                report["refused"] = refused(wrapping, advance, form, before, OTHERS[first])
                training.load(before, form)
            report |= training.report(training.run(first, end))
            training.save(after)
            reports[name]["stages"].append(report)
            if not first:
                training = Training(wrapping, advance)
                reports[name]["whole"] = training.report(training.run(0, END))
        if number == 0:
            reports["zero"] = {advance: zero_redundancy(advance) for advance in ADVANCES}
        distributed.destroy_process_group()
    (folder / f"{rank}.json").write_text(json.dumps(reports), encoding="utf-8")
    os._exit(0)  # gloo's threads abort at times while Python ends: pytorch/pytorch#179291


def reports_of(folder):
    """Run it all; return the report of each process."""
    multiprocessing.spawn(work, (Path(folder),), nprocs=PROCESSES)
    texts = ((folder / f"{rank}.json").read_text(encoding="utf-8") for rank in range(PROCESSES))
    return [json.loads(text) for text in texts]
