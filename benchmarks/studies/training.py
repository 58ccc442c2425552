"""One run: a training that can be killed at any moment and goes on to the bits it would have had.

The order of batches follows from the seed and the epoch alone, so a checkpoint needs no more of it
than the iteration. All else that training changes is in the checkpoint, which is written whole or
not at all.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from range_test_sweeps.data import Data
from timing import processor, versions
from torch import nn
from torch.nn import functional

import hypercycle as hc
from hypercycle.plan_files.writing import open_whole, write_whole
from hypercycle_torch import range_test

from .data import joined, splits
from .networks import begun
from .study import Place, Result, Run

DISTRIBUTIONS = ("hypercycle", "torch", "numpy", "scikit-learn", "mlxtend", "aeon")
# Samples at a time in an evaluation, and the iterations from one look for divergence to the next.
EVALUATED_AT_ONCE, LOOK_EVERY = 1000, 50
SECONDS_BETWEEN_REPORTS = 0.5
SMALLEST = torch.finfo(torch.float32).tiny

Report = Callable[[int], None]


def do(run: Run, place: Place, report: Report) -> Result:
    """Do a run, go on with it, or return what came of it before.

    ``report(iteration)`` is called now and then.
    """
    torch.set_num_threads(1)
    folder = place.folder / run.name
    folder.mkdir(parents=True, exist_ok=True)
    finished = folder / "result.json"
    if finished.exists():
        return Result(**json.loads(finished.read_text(encoding="utf-8")))
    result = (_swept if run.sweep else _trained)(run, place, report)
    write_whole(finished, json.dumps(asdict(result)).encode())
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    return result


@dataclass
class _State:
    """What a training has come to, beside its tensors."""

    iteration: int = 0
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    # Of the members of ensembles, by iteration and part of the data.
    probabilities: dict[int, dict[str, torch.Tensor]] = field(default_factory=dict)


def _trained(run: Run, place: Place, report: Report) -> Result:
    folder = place.folder / run.name
    _plan_of(run).save(folder / "plan.toml")
    known = splits(run.setting.data, place.data)
    data = joined(known[part] for part in run.trained_on)
    model, optimizer = begun(run.setting, data, run.seed, place.device)
    cycler = hc.attach(optimizer, hc.Plan.load(folder / "plan.toml"), relative="lr")
    batches = Batches(data, run.setting.batch_size, run.seed, place.device)
    checkpoint = Checkpoint(folder / "checkpoint.pt", model, optimizer, cycler)
    state = checkpoint.read()
    ended, saved, reported = "end", time.monotonic(), 0.0
    while state.iteration < run.iterations:
        wall, cpu = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        loss = mean_loss(model, batches[state.iteration])
        loss.backward()
        optimizer.step()
        cycler.step()
        state.iteration += 1
        evaluates = state.iteration in run.evaluated_at
        looks = evaluates or state.iteration % LOOK_EVERY == 0
        diverged = looks and not math.isfinite(loss.item())
        state.wall_seconds += time.perf_counter() - wall
        state.cpu_seconds += time.process_time() - cpu
        if diverged or evaluates:
            outputs = {
                part: probabilities(model, known[part], place.device) for part in run.evaluated_on
            }
            measured = _measured(outputs, known)
            measured |= {"wall_seconds": state.wall_seconds, "cpu_seconds": state.cpu_seconds}
            for at in run.evaluated_at:
                if at == state.iteration or (diverged and at > state.iteration):
                    state.evaluations.append({"iteration": at, **measured})
                    if any(at in members for _, members in run.ensembles):
                        state.probabilities[at] = outputs
        if diverged:
            ended = "diverged"
            break
        now = time.monotonic()
        if now - saved >= place.checkpoint_seconds:
            checkpoint.write(state)
            saved = now
        if now - reported >= SECONDS_BETWEEN_REPORTS:
            report(state.iteration)
            reported = now
    for name, members in run.ensembles:
        outputs = {
            part: torch.stack([state.probabilities[at][part] for at in members]).mean(0)
            for part in run.evaluated_on
        }
        measured = {"iteration": run.iterations, "ensemble": name, **_measured(outputs, known)}
        state.evaluations.append(measured)
    return _result(place, ended, state.iteration, state.evaluations, weights=_digest(model))


def _swept(run: Run, place: Place, report: Report) -> Result:
    """Run a range test: the product's own, on the samples that are trained on."""
    if run.sweep is None:
        raise ValueError(f"{run.name} is no range test")
    data = joined(splits(run.setting.data, place.data)[part] for part in run.trained_on)
    model, optimizer = begun(run.setting, data, run.seed, place.device)
    batches = Batches(data, run.setting.batch_size, run.seed, place.device)
    wall, cpu = time.perf_counter(), time.process_time()
    test = range_test(
        model,
        optimizer,
        mean_loss,
        [batches[iteration] for iteration in range(run.sweep.steps)],
        start=run.sweep.start,
        end=run.sweep.end,
        steps=run.sweep.steps,
        progress=False,
    )
    found = test.bounds()
    updates = len(test.losses)
    seconds = {
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }
    bounds = {name: getattr(found, name) for name in ("low", "high", "best")} if found else {}
    report(updates)
    return _result(
        place,
        "end" if found else "no bounds",
        updates,
        [{"iteration": updates, **seconds}],
        bounds=bounds,
    )


def _plan_of(run: Run) -> hc.Plan:
    if run.plan is None:
        raise ValueError(f"{run.name} has no plan")
    return run.plan


def _result(place: Place, *facts: Any, **more: Any) -> Result:
    device = torch.device(place.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    hardware = f"{name}, {processor()}" if name else processor()
    return Result(
        *facts,
        **more,
        device=device.type,
        hardware=hardware,
        versions=versions(*DISTRIBUTIONS),
    )


class Batches:
    """The batch of each iteration: whole ones, in an order of its own in each epoch."""

    def __init__(self, data: Data, size: int, seed: int, device: str) -> None:
        self.x = torch.from_numpy(data.x).to(device)
        self.y = torch.from_numpy(data.y).to(device)
        self._size, self._seed = size, seed
        self._epoch, self._order = -1, torch.empty(0)

    def __getitem__(self, iteration: int) -> tuple[torch.Tensor, torch.Tensor]:
        epoch, place = divmod(iteration, len(self.x) // self._size)
        if epoch != self._epoch:
            order = np.random.default_rng((self._seed, epoch)).permutation(len(self.x))
            self._epoch, self._order = epoch, torch.from_numpy(order).to(self.x.device)
        rows = self._order[place * self._size : (place + 1) * self._size]
        return self.x[rows], self.y[rows]


def mean_loss(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return the mean cross entropy of a batch; of texts, over all characters."""
    outputs = model(batch[0])
    return functional.cross_entropy(outputs.reshape(-1, outputs.shape[-1]), batch[1].reshape(-1))


def _measured(outputs: dict[str, torch.Tensor], known: dict[str, Data]) -> dict[str, float]:
    measured = {}
    for part, probable in outputs.items():
        accuracy, loss = accuracy_and_loss(probable, known[part])
        measured |= {f"{part}_accuracy": accuracy, f"{part}_loss": loss}
    return measured


@torch.no_grad()
def probabilities(model: nn.Module, data: Data, device: str) -> torch.Tensor:
    """Return the probability of each class for each target, in evaluation mode, on the CPU."""
    training = model.training
    model.eval()
    found = []
    for first in range(0, len(data.x), EVALUATED_AT_ONCE):
        samples = torch.from_numpy(data.x[first : first + EVALUATED_AT_ONCE]).to(device)
        outputs = model(samples)
        found.append(outputs.reshape(-1, outputs.shape[-1]).softmax(-1).cpu())
    model.train(training)
    return torch.cat(found)


def accuracy_and_loss(probable: torch.Tensor, data: Data) -> tuple[float, float]:
    """Return the accuracy and the mean cross entropy of probabilities."""
    targets = torch.from_numpy(data.y).reshape(-1)
    accuracy = (probable.argmax(-1) == targets).double().mean()
    # Where float32 has rounded a probability to 0, the loss is large, not infinite.
    loss = functional.nll_loss(probable.double().clamp_min(SMALLEST).log(), targets)
    return float(accuracy), float(loss)


def _digest(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for one in model.state_dict().values():
        digest.update(one.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """A file with all that training changes."""

    path: Path
    model: nn.Module
    optimizer: Any
    cycler: Any

    def write(self, state: _State) -> None:
        """Take the file's place when all is written."""
        with open_whole(self.path) as opened:
            torch.save(
                {
                    "model": self.model.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "cycler": self.cycler.state_dict(),
                    "random": torch.get_rng_state(),
                    "random_cuda": torch.cuda.get_rng_state_all(),
                    "state": asdict(state),
                },
                opened,
            )

    def read(self) -> _State:
        """Put back what the file holds, if there is one."""
        if not self.path.exists():
            return _State()
        saved = torch.load(self.path, weights_only=True, map_location="cpu")
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.cycler.load_state_dict(saved["cycler"])
        torch.set_rng_state(saved["random"])
        torch.cuda.set_rng_state_all(saved["random_cuda"])
        return _State(**saved["state"])
