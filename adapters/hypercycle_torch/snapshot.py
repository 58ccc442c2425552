"""What training changes, kept while something runs, so that afterwards nothing has happened.

Each part is a context manager of its own; it puts back what it kept after an error or Ctrl-C too.
Objects keep their identity: tensors are filled in place, dicts get their entries back.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from hypercycle.range_test.random_states import keep_random_states
from hypercycle_torch.attaching import is_optimizer
from hypercycle_torch.follower import OptimizerFollower

# Lists longer than this hold data, not parts of a loader.
_MOST_PARTS = 100


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


@contextmanager
def keep_batches(batches: Any) -> Iterator[None]:
    """Keep what drawing batches changes: random states, the loader's own ones and its position."""
    with keep_random_states(), keep_torch_random_states(), keep_loader(batches):
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
    kept = []
    tensors = []
    for module in model.modules():
        own = vars(module)
        members = [own[key] for key in ("_parameters", "_buffers", "_modules")]
        kept += [(one, dict(one)) for one in members]
        if not type(module).__module__.startswith("torch."):
            kept.append((own, dict(own)))
            tensors += [(value, value.detach().clone()) for value in _leaves(own.values())]
    try:
        yield
    finally:
        for members, before in kept:
            _put_back(members, before)
        _fill(tensors)


@contextmanager
def keep_buffers(model: nn.Module) -> Iterator[None]:
    """Keep the values in the buffers."""
    kept = [(buffer, buffer.detach().clone()) for buffer in _leaves(model.buffers())]
    try:
        yield
    finally:
        _fill(kept)


@contextmanager
def keep_weights(model: nn.Module, optimizer: Any) -> Iterator[None]:
    """Keep the values in the parameters, of the model and of the optimizer."""
    kept = [(p, p.detach().clone()) for p in _parameters(model, optimizer)]
    try:
        yield
    finally:
        _fill(kept)


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
        _fill(views)


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
    tensors = [(tensor, tensor.detach().clone()) for tensor in _leaves(members)]
    try:
        yield
    finally:
        for group, before in entries:
            _put_back(group, before)
        _fill(tensors)


@contextmanager
def keep_optimizer_attributes(optimizer: Any) -> Iterator[None]:
    """Keep the optimizer's attributes and hooks; the hooks of cyclers are taken out."""
    kept = []
    for one in _optimizers(optimizer):
        own = vars(one)
        hooks = [value for key, value in own.items() if key.endswith("_hooks")]
        kept += [(members, dict(members)) for members in (own, *hooks)]
    try:
        for one in _optimizers(optimizer):
            after_step = getattr(one, "_optimizer_step_post_hooks", {})
            for key, hook in list(after_step.items()):
                if isinstance(getattr(hook, "__self__", None), OptimizerFollower):
                    del after_step[key]
        yield
    finally:
        for members, before in kept:
            _put_back(members, before)


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
            _put_back(state, before)


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
        _put_back(own, before)


@contextmanager
def keep_states(others: Iterable[Any]) -> Iterator[None]:
    """Keep the state of objects by ``state_dict`` and ``load_state_dict``."""
    kept = [(one, copy.deepcopy(one.state_dict())) for one in others]
    with ExitStack() as stack:
        for one, state in kept:
            stack.callback(one.load_state_dict, state)
        yield


# Batches and random numbers.


@contextmanager
def keep_torch_random_states() -> Iterator[None]:
    """Keep PyTorch's random states, of the CPU and of each accelerator that is in use."""
    cpu = torch.get_rng_state()
    accelerators = [
        (device.set_rng_state_all, device.get_rng_state_all())
        for device in (torch.cuda, torch.xpu)
        if device.is_initialized()
    ]
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        for put_back, states in accelerators:
            put_back(states)
        if mps is not None:
            torch.mps.set_rng_state(mps)


@contextmanager
def keep_loader(loader: Any) -> Iterator[None]:
    """Keep a loader's generators, its position, and its samplers' and datasets' attributes."""
    parts = _parts(loader)
    generators = [put_back for part in parts if (put_back := _generator_state(part)) is not None]
    attributes = [(vars(part), dict(vars(part))) for part in parts if hasattr(part, "__dict__")]
    # A DataLoader's position is in its attributes; loading a state would move the iterator that
    # comes next, while one that is in use goes on where it is.
    stateful = not isinstance(loader, torch.utils.data.DataLoader) and has_state(loader)
    state = copy.deepcopy(loader.state_dict()) if stateful else None
    try:
        for part in parts:
            if isinstance(part, torch.utils.data.DataLoader):
                vars(part)["_iterator"] = None  # the one in use keeps its workers for itself
        yield
    finally:
        for members, before in attributes:
            _put_back(members, before)
        for put_back in generators:
            put_back()
        if stateful:
            loader.load_state_dict(state)


def has_state(one: Any) -> bool:
    """Return whether this can hand out its state and take it back."""
    return all(callable(getattr(one, name, None)) for name in ("state_dict", "load_state_dict"))


def _parts(loader: Any) -> list[Any]:
    """Return a loader and the samplers, datasets, functions and generators that it consists of."""
    seen: dict[int, Any] = {}
    waiting = [loader]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        if isinstance(one, (list, tuple, dict)):
            members = one.values() if isinstance(one, dict) else one
            waiting += members if len(members) <= _MOST_PARTS else ()
        elif _is_part(one):
            waiting += vars(one).values() if hasattr(one, "__dict__") else ()
    return [one for one in seen.values() if _is_part(one)]


def _is_part(value: Any) -> bool:
    if isinstance(value, (type, ModuleType, nn.Module, torch.Tensor, np.ndarray)):
        return False
    does_something = callable(value) or any(
        hasattr(type(value), name) for name in ("__iter__", "__getitem__")
    )
    return _generator_state(value) is not None or (does_something and hasattr(value, "__dict__"))


def _generator_state(generator: Any) -> Callable[[], Any] | None:
    """Return what sets a random generator back to where it is now; None for anything else."""
    if isinstance(generator, torch.Generator):
        state = generator.get_state()
        return lambda: generator.set_state(state)
    if isinstance(generator, np.random.RandomState):
        legacy = generator.get_state()
        return lambda: generator.set_state(legacy)
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        before = bits.state
        return lambda: setattr(bits, "state", before)
    if isinstance(generator, random.Random) and not isinstance(generator, random.SystemRandom):
        python = generator.getstate()
        return lambda: generator.setstate(python)
    return None


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


def _leaves(values: Iterable[Any]) -> list[torch.Tensor]:
    """Return the tensors that can be filled; others are results, which nobody writes into."""
    return [one for one in values if isinstance(one, torch.Tensor) and one.grad_fn is None]


@torch.no_grad()
def _fill(kept: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> None:
    for tensor, values in kept:
        if tensor.layout is torch.strided and 0 in tensor.stride():
            # Of an expanded tensor, one entry stands for all.
            one = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in tensor.stride())
            tensor[one].copy_(values[one])
        else:
            tensor.copy_(values)


def _put_back(members: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Give a dict the entries that it had, in their order, without ever emptying it."""
    for key in [key for key in members if key not in before]:
        del members[key]
    members.update(before)
    if list(map(id, members)) != list(map(id, before)):
        for key in before:
            members[key] = members.pop(key)
