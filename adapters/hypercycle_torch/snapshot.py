"""What an update changes, kept while something runs, so that afterwards nothing has happened.

Each part is a context manager of its own; it puts back what it kept after an error or Ctrl-C too.
Objects keep their identity: tensors are filled in place, dicts get their entries back.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from hypercycle_torch.contents import fill, keep_contents, put_back, tensors_in
from hypercycle_torch.follower import OptimizerFollower
from hypercycle_torch.wrappers import is_optimizer


@contextmanager
def keep_training(
    model: nn.Module, optimizer: Any, scaler: Any, others: Iterable[Any]
) -> Iterator[None]:
    """Keep all that an update changes: model, optimizer, gradients, scaler and other objects.

    Inside, parameters have no gradients, the optimizer and the scaler work on copies of their
    state, and no cycler follows the optimizer.
    """
    with ExitStack() as stack:
        # The last is put back first. Others may write into the optimizer when they load, extra
        # states are put back into modules that have their attributes.
        for part in (
            keep_extra_states(model),
            keep_flags(model),
            keep_frozen(model, optimizer),
            keep_hooks(model, optimizer),
            keep_attributes(model),
            keep_buffers(model),
            keep_weights(model, optimizer),
            keep_gradients(model, optimizer),
            keep_groups(optimizer),
            keep_optimizer_attributes(optimizer),
            keep_optimizer_state(optimizer),
            keep_scaler(scaler),
            keep_states(others),
        ):
            stack.enter_context(part)
        yield


# The model.


@contextmanager
def keep_flags(model: nn.Module) -> Iterator[None]:
    """Keep whether each module is training or evaluating."""
    flags = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, flag in flags:
            module.training = flag


@contextmanager
def keep_attributes(model: nn.Module) -> Iterator[None]:
    """Keep which parameters, buffers and submodules there are, and the user's own attributes.

    The modules of PyTorch keep nothing in attributes but caches and what wrappers prepare once.
    """
    members, own = [], []
    for module in model.modules():
        attributes = vars(module)
        members += [attributes[key] for key in ("_parameters", "_buffers", "_modules")]
        if not type(module).__module__.startswith("torch."):
            own.append(attributes)
    with (
        keep_contents(own, inside=True, besides=("_parameters", "_buffers")),
        keep_contents(members, inside=False),
    ):
        yield


@contextmanager
def keep_hooks(model: nn.Module, optimizer: Any) -> Iterator[None]:
    """Keep the hooks of modules and parameters."""
    of_modules = [
        hooks
        for module in model.modules()
        for name, hooks in vars(module).items()
        if "_hooks" in name and isinstance(hooks, dict)
    ]
    # None where there are none yet.
    of_parameters: list[tuple[torch.Tensor, str, Any]] = [
        (parameter, name, getattr(parameter, name))
        for parameter in _parameters(model, optimizer)
        for name in ("_backward_hooks", "_post_accumulate_grad_hooks")
    ]
    present = [hooks for *_, hooks in of_parameters if hooks is not None]
    try:
        with keep_contents([*of_modules, *present], inside=False):
            yield
    finally:
        for parameter, name, hooks in of_parameters:
            setattr(parameter, name, hooks)


@contextmanager
def keep_buffers(model: nn.Module) -> Iterator[None]:
    """Keep the values in the buffers."""
    kept = [(buffer, buffer.detach().clone()) for buffer in tensors_in(model.buffers())]
    try:
        yield
    finally:
        fill(kept)


@contextmanager
def keep_weights(model: nn.Module, optimizer: Any) -> Iterator[None]:
    """Keep the values in the parameters, of the model and of the optimizer."""
    kept = [(p, p.detach().clone()) for p in _parameters(model, optimizer)]
    try:
        yield
    finally:
        fill(kept)


@contextmanager
def keep_frozen(model: nn.Module, optimizer: Any) -> Iterator[None]:
    """Keep which parameters need gradients."""
    kept = [(parameter, parameter.requires_grad) for parameter in _parameters(model, optimizer)]
    try:
        yield
    finally:
        for parameter, flag in kept:
            parameter.requires_grad_(flag)


@contextmanager
def keep_extra_states(model: nn.Module) -> Iterator[None]:
    """Keep what modules hand out by ``get_extra_state``."""
    kept = [
        (module, copy.deepcopy(module.get_extra_state()))
        for module in model.modules()
        if type(module).get_extra_state is not nn.Module.get_extra_state
        and type(module).set_extra_state is not nn.Module.set_extra_state
    ]
    try:
        yield
    finally:
        for module, state in kept:
            module.set_extra_state(state)


@contextmanager
def keep_gradients(model: nn.Module, optimizer: Any) -> Iterator[None]:
    """Set the gradients aside."""
    kept = [(p, p.grad) for p in _parameters(model, optimizer)]
    # Backward passes write into the buckets of DistributedDataParallel, of which these are views.
    views = [
        (grad, grad.detach().clone())
        for _, grad in kept
        if grad is not None and grad._is_view()  # noqa: SLF001
    ]
    try:
        for parameter, _ in kept:
            parameter.grad = None
        yield
    finally:
        for parameter, grad in kept:
            parameter.grad = grad
        fill(views)


# The optimizer and what goes with it.


@contextmanager
def keep_groups(optimizer: Any) -> Iterator[None]:
    """Keep the entries of the parameter groups."""
    groups = [group for one in _optimizers(optimizer) for group in one.param_groups]
    entries = [(group, dict(group)) for group in groups]
    values = [
        value for group in groups for key, value in group.items() if key not in ("params", "name")
    ]
    members = [
        one for value in values for one in (value if isinstance(value, (tuple, list)) else [value])
    ]
    tensors = [(tensor, tensor.detach().clone()) for tensor in tensors_in(members)]
    try:
        yield
    finally:
        for group, before in entries:
            put_back(group, before)
        fill(tensors)


@contextmanager
def keep_optimizer_attributes(optimizer: Any) -> Iterator[None]:
    """Keep the optimizer's attributes and hooks; the hooks of cyclers are taken out."""
    optimizers = _optimizers(optimizer)
    own = [vars(one) for one in optimizers]
    with keep_contents(own, inside=True, besides=("param_groups", "state")):
        for one in optimizers:
            after_step = getattr(one, "_optimizer_step_post_hooks", {})
            for key, hook in list(after_step.items()):
                if isinstance(getattr(hook, "__self__", None), OptimizerFollower):
                    del after_step[key]
        yield


@contextmanager
def keep_optimizer_state(optimizer: Any) -> Iterator[None]:
    """Set the optimizer's state aside; inside, a copy stands in for it."""
    kept = []
    for one in _optimizers(optimizer):
        state = getattr(one, "state", {})
        parameters = [p for group in one.param_groups for p in group["params"]]
        same = {id(p): p for p in (*parameters, *state)}  # not to be copied
        kept.append((state, dict(state), copy.deepcopy(dict(state), same)))
    try:
        for state, _, copied in kept:
            state.update(copied)
        yield
    finally:
        for state, before, _ in kept:
            put_back(state, before)


@contextmanager
def keep_scaler(scaler: Any) -> Iterator[None]:
    """Set a gradient scaler's state aside; inside, a copy stands in for it."""
    own = {} if scaler is None else vars(scaler)
    before = dict(own)
    copied = {
        key: copy.deepcopy(value)
        for key, value in own.items()
        if isinstance(value, (torch.Tensor, dict))
    }
    try:
        own.update(copied)
        yield
    finally:
        put_back(own, before)


@contextmanager
def keep_states(others: Iterable[Any]) -> Iterator[None]:
    """Keep the state of objects by ``state_dict`` and ``load_state_dict``."""
    kept = [(one, copy.deepcopy(one.state_dict())) for one in others]
    with ExitStack() as stack:
        for one, state in kept:
            stack.callback(one.load_state_dict, state)
        yield


def _parameters(model: nn.Module, optimizer: Any) -> list[torch.Tensor]:
    """Return each parameter of the model and of the optimizer once."""
    of_groups = (p for group in optimizer.param_groups for p in group["params"])
    return list({id(p): p for p in (*model.parameters(), *of_groups)}.values())


def _optimizers(optimizer: Any) -> list[Any]:
    """Return an optimizer and those that it wraps."""
    found = [optimizer]
    for one in found:
        inside = [value for value in vars(one).values() if is_optimizer(value)]
        found += [value for value in inside if all(value is not known for known in found)]
    return found
