"""Schedules on PyTorch's tensors. Imported when there is one."""

from __future__ import annotations

import functools
from typing import Any

import torch

from hypercycle.namespaces.namespace import (
    NUMPY_FUNCTIONS,
    ONE_STEP,
    ArrayFunction,
    Evaluates,
    Namespace,
)
from hypercycle.namespaces.steps import not_whole


@functools.cache
def _namespace() -> Namespace:
    def lifted(function: ArrayFunction) -> ArrayFunction:
        # torch's functions refuse Python numbers, or take them as float32.
        def call(*arguments: Any) -> Any:
            # PyTorch 2.6 does not compile next() with a default.
            devices = [a.device for a in arguments if isinstance(a, torch.Tensor)]
            device = devices[0] if devices else None
            return function(
                *(
                    a
                    if isinstance(a, torch.Tensor)
                    else torch.tensor(float(a), dtype=torch.float64, device=device)
                    for a in arguments
                )
            )

        return call

    def take(table: Any, index: Any) -> Any:
        return torch.as_tensor(table, device=index.device)[..., index]

    def search(table: Any, steps: Any) -> Any:
        return torch.searchsorted(torch.as_tensor(table, device=steps.device), steps, right=True)

    def where(condition: Any, a: Any, b: Any) -> Any:
        return lifted(functools.partial(torch.where, condition))(a, b)

    functions: dict[str, Any] = {
        name: lifted(getattr(torch, name)) for name in NUMPY_FUNCTIONS if name != "where"
    }
    return Namespace(
        **functions,
        where=where,
        to_float=lambda steps: steps.to(torch.float64),
        lesser=torch.minimum,
        clip=torch.clamp,
        take=take,
        search=search,
    )


def evaluate(schedule: Evaluates, step: Any) -> Any:
    """Return float64 values at a tensor of steps, on its device."""
    if step.dtype.is_floating_point or step.dtype.is_complex or step.dtype == torch.bool:
        raise not_whole(step, str(step.dtype))
    if step.dtype == torch.uint64:  # which may not fit into int64
        values = [float(schedule.evaluate(one, ONE_STEP)) for one in step.flatten().tolist()]
        return torch.tensor(values, dtype=torch.float64, device=step.device).reshape(step.shape)
    if step.device.type == "mps":  # has no float64
        return evaluate(schedule, step.cpu()).to(step.device, torch.float32)
    return torch.broadcast_to(
        torch.as_tensor(
            schedule.evaluate(step.to(torch.int64), _namespace()),
            dtype=torch.float64,
            device=step.device,
        ),
        step.shape,
    )
