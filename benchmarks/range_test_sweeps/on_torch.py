"""Sweeps and trainings in PyTorch."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from hypercycle.range_test import RangeTest
from hypercycle.range_test.running import endless
from hypercycle_torch import range_test

from .data import Data
from .records import Spec
from .tasks import (
    SWEEP_SEED,
    TRAINING_SEED,
    Batch,
    Task,
    batches_of,
    evaluation_set,
    finite_or_nan,
)
from .torch_models import MODELS, OPTIMIZERS


def task(spec: Spec, data: Data) -> Task:
    """Return what a spec means."""
    torch.manual_seed(spec.seed)
    untrained = MODELS[spec.model](data)
    evaluated = evaluation_set(data)

    def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
        with (
            torch.autocast("cpu", torch.bfloat16)
            if spec.precision == "bf16"
            else contextlib.nullcontext()
        ):
            outputs = model(torch.from_numpy(batch[0]))
        targets = torch.from_numpy(batch[1])
        if data.classes:
            outputs = outputs.float().reshape(-1, data.classes)
            return functional.cross_entropy(outputs, targets.reshape(-1))
        return functional.mse_loss(outputs.float(), targets)

    @torch.no_grad()
    def measured(model: nn.Module, of: Any) -> float:
        training = model.training
        model.eval()
        result = float(of(model, evaluated))
        model.train(training)
        return result

    def accuracy(model: nn.Module, batch: Batch) -> torch.Tensor:
        found = model(torch.from_numpy(batch[0])).argmax(-1)
        return (found == torch.from_numpy(batch[1])).float().mean()

    def start() -> tuple[nn.Module, torch.optim.Optimizer]:
        model = copy.deepcopy(untrained).train()
        trained = [one for one in model.parameters() if one.requires_grad]
        return model, OPTIMIZERS[spec.optimizer](trained, spec.start)

    def sweep() -> RangeTest:
        model, optimizer = start()
        torch.manual_seed(SWEEP_SEED + spec.seed)  # of dropout
        return range_test(
            model,
            optimizer,
            loss,
            batches_of(spec, data, SWEEP_SEED),
            start=spec.start,
            end=spec.end,
            steps=spec.steps,
            metrics={"accuracy": lambda model: measured(model, accuracy)} if spec.metric else None,
            metrics_every=min(10, spec.steps // 20),
            progress=False,
        )

    def train(rates: Sequence[float]) -> float:
        model, optimizer = start()
        torch.manual_seed(TRAINING_SEED + spec.seed)
        stream = endless(batches_of(spec, data, TRAINING_SEED), "batches")
        for rate, batch in zip(rates, stream, strict=False):
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            result = loss(model, batch)
            if not math.isfinite(result.item()):
                return math.nan
            result.backward()
            optimizer.step()
        return finite_or_nan(measured(model, loss))

    return Task(measured(untrained, loss), sweep, train, ("torch",))
