"""Gradients of a loss at the weights that a model has, taken so that nothing has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import nn

from hypercycle.numbers.checks import whole_number
from hypercycle.range_test.running import once
from hypercycle_torch.criteria import BatchLoss, batch_loss
from hypercycle_torch.loaders import keep_batches
from hypercycle_torch.snapshot import keep_training

Tensors = Sequence[torch.Tensor]


@dataclass(frozen=True)
class Gradients:
    """A model, its loss, and the batches at which gradients are wanted.

    Attributes
    ----------
    parameters
        Those that need gradients.
    """

    model: nn.Module
    loss: BatchLoss
    batches: list[Any]
    parameters: list[nn.Parameter]

    def of(self, batch: Any, *, differentiable: bool = False) -> Tensors:
        """Return the gradient of a batch, zeros for parameters without effect."""
        loss = self.loss(self.model, batch)
        if not torch.isfinite(loss):
            raise ValueError(f"the loss of a batch is {loss.item()}: it has no gradient")
        if "CheckpointFunctionBackward" in operations([loss]):
            raise ValueError(
                "the gradients of checkpointed parts are lost here: call torch.utils.checkpoint "
                "with use_reentrant=False"
            )
        return torch.autograd.grad(
            loss.sum(),  # one number of any shape
            self.parameters,
            create_graph=differentiable,
            materialize_grads=True,
        )


@contextmanager
def gradients(
    model: nn.Module, loss: Callable[[Any, Any], Any], batches: Iterable[Any], count: int
) -> Iterator[Gradients]:
    """Keep all that a pass changes, and hold the first batches meanwhile.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it must be, or no parameter needs a gradient.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {model!r:.80}")
    called = batch_loss(loss)
    count = whole_number(count, "count", minimum=1)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError("no parameter of the model needs a gradient")
    nothing = torch.optim.SGD(parameters, 0.0)  # to keep what goes with an optimizer
    with (
        keep_batches(batches),
        torch.enable_grad(),
        keep_training(called.trained_with(model), nothing, None, ()),
    ):
        if not model.training:
            model.train()
        held = list(islice(once(batches, "batches"), count))
        if not held:
            raise ValueError("batches is empty: there is nothing to measure on")
        yield Gradients(model, called, held, parameters)


def operations(tensors: Tensors) -> set[str]:
    """Return the names of the operations that a backward pass from these goes through."""
    seen, waiting = set(), [one.grad_fn for one in tensors]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    return {node.name() for node in seen}


def dot(one: Tensors, other: Tensors) -> float:
    """Return the inner product of two vectors with the parameters' shapes."""
    return sum((a * b).sum().item() for a, b in zip(one, other, strict=True))
