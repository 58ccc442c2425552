"""What people call a loss: ``loss(model, batch)``, or a criterion ``loss(output, target)``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

# What the parameters are called, which says what a function wants where its kind does not.
_MODELS = {"model", "net", "network", "module", "m"}
_BATCHES = {"batch", "data", "batch_data"}
_OUTPUTS = {
    "output", "outputs", "out", "logits", "logit", "pred", "preds", "prediction", "predictions",
    "predicted", "y_pred", "y_hat", "yhat", "input", "inputs", "inp",
}  # fmt: skip
_TARGETS = {
    "target", "targets", "targ", "label", "labels", "y", "y_true", "true", "truth", "ground_truth",
    "expected",
}  # fmt: skip


@dataclass(frozen=True)
class BatchLoss:
    """A loss as training calls it: ``loss(model, batch)``.

    Attributes
    ----------
    function
        What the user gave.
    of_output
        Whether that is a criterion, to be called as ``function(model(input), target)``.
    """

    function: Callable[[Any, Any], Any]
    of_output: bool

    @property
    def signature(self) -> str:
        """How it is called, in errors."""
        return "loss(output, target)" if self.of_output else "loss(model, batch)"

    def trained_with(self, model: nn.Module) -> nn.Module:
        """Return all that is trained: a criterion may have weights of its own."""
        if isinstance(self.function, nn.Module):
            return nn.ModuleList([model, self.function])
        return model

    def __call__(self, model: nn.Module, batch: Any) -> torch.Tensor:
        """Return the loss of a batch, one number with a gradient.

        Raises
        ------
        TypeError, ValueError
            If it is anything else. An error of a wrong call says how it was called.
        """
        if self.of_output:
            inputs, target = on_device_of(model, _pair(batch))
        try:
            if self.of_output:
                loss = self.function(model(inputs), target)
            else:
                loss = self.function(model, batch)
        except (TypeError, AttributeError) as error:
            error.add_note(self._note())
            raise
        return self._checked(loss)

    def _checked(self, loss: Any) -> torch.Tensor:
        if not isinstance(loss, torch.Tensor):
            raise TypeError(f"{self.signature} must return a tensor, got {loss!r:.80}")
        if loss.numel() != 1:
            raise ValueError(
                f"{self.signature} must return one number, such as the mean over the batch, got a "
                f"tensor of shape {tuple(loss.shape)}"
            )
        if not loss.requires_grad:
            raise ValueError(
                f"{self.signature} returned a tensor without a gradient: was it detached, computed "
                "under no_grad, or is every parameter frozen?"
            )
        return loss

    def _note(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        if self.of_output:
            return (
                f"{name} was called as loss(model(input), target), with each batch an (input, "
                "target); for anything else write a function loss(model, batch)"
            )
        return (
            f"{name} was called as loss(model, batch). A criterion of (output, target) may be "
            "given too: a torch.nn.Module, a function of torch.nn.functional, or one whose "
            "parameters are called output and target"
        )


def batch_loss(loss: Any) -> BatchLoss:
    """Return a loss as training calls it, from one of the model and a batch or from a criterion.

    A module is a criterion, and so is a function of PyTorch. Of other functions the names of the
    first two parameters tell: ``(model, …)`` and ``(…, batch)`` are losses, ``(…, target)`` and
    ``(output, …)`` criteria, under all names that are usual for these. Where they tell nothing it
    is a loss.

    Raises
    ------
    TypeError
        If it cannot be called.

    Examples
    --------
    >>> batch_loss(nn.CrossEntropyLoss()).signature
    'loss(output, target)'
    >>> batch_loss(nn.functional.mse_loss).signature
    'loss(output, target)'
    >>> batch_loss(lambda net, batch: net(batch).mean()).signature
    'loss(model, batch)'
    """
    if isinstance(loss, type) and issubclass(loss, nn.Module):
        raise TypeError(f"loss is the class {loss.__name__}: make one of it, {loss.__name__}()")
    if not callable(loss):
        raise TypeError(
            "loss must be a function loss(model, batch), or a criterion of (output, target) such "
            f"as torch.nn.CrossEntropyLoss(), got {loss!r:.80}"
        )
    return BatchLoss(loss, of_output=_is_criterion(loss))


def _is_criterion(loss: Any) -> bool:
    first, second = _names_of(loss)
    if first in _MODELS or second in _BATCHES:
        return False
    if isinstance(loss, nn.Module):
        return True
    inside = loss
    while isinstance(inside, functools.partial):
        inside = inside.func
    of_torch = str(getattr(inside, "__module__", None)).startswith("torch.nn.")
    return of_torch or first in _OUTPUTS or second in _TARGETS


def _names_of(loss: Any) -> tuple[str, str]:
    """Return what the first two parameters are called; nothing for what has none or hides them."""
    function = loss.forward if isinstance(loss, nn.Module) else loss
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "", ""
    names = [one.name.lower() for one in parameters if one.kind is not one.KEYWORD_ONLY]
    first, second, *_ = [*names, "", ""]
    return first, second


def _pair(batch: Any) -> Sequence[Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        got = f"a {type(batch).__name__}"
        if isinstance(batch, (tuple, list)):
            got += f" of {len(batch)}"
        raise TypeError(
            "a criterion of (output, target) needs batches that are pairs (input, target), got "
            f"{got}: write a function loss(model, batch) instead"
        )
    return batch


def on_device_of(model: nn.Module, batch: Any) -> Any:
    """Return a batch with its tensors where the model's first parameter is."""
    parameter = next(model.parameters(), None)
    return batch if parameter is None else _moved(batch, parameter.device)


def _moved(part: Any, device: torch.device) -> Any:
    if hasattr(part, "to"):
        return part.to(device)
    if isinstance(part, Mapping):
        return {key: _moved(value, device) for key, value in part.items()}
    if type(part) in (tuple, list):
        return type(part)(_moved(one, device) for one in part)
    return part
