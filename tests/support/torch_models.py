"""Small optimizers, and what there is to see of one from outside."""

import copy

import torch
from torch import nn

import hypercycle as hc

LR = hc.Cycle(0.1, 0.5, 4)


def parameters(n=1):
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(2, 2, generator=generator)) for _ in range(n)]


def sgd(n=1, **settings):
    """Return SGD with n groups."""
    return optimizer(torch.optim.SGD, *({} for _ in range(n)), **({"lr": 0.1} | settings))


def adamw(n=1, **settings):
    return optimizer(torch.optim.AdamW, *({} for _ in range(n)), **settings)


def optimizer(kind, *groups, **settings):
    """Return an optimizer with a group of one parameter for each dict of own settings."""
    return kind(
        [{"params": [p], **own} for p, own in zip(parameters(len(groups)), groups, strict=True)],
        **settings,
    )


def add_group(made, **own):
    made.add_param_group({"params": parameters(1), **own})


def give_gradients(made, step=0):
    generator = torch.Generator().manual_seed(step)
    for group in made.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.randn(parameter.shape, generator=generator)


def update(made, step=0):
    give_gradients(made, step)
    made.step()


def weights(made):
    return [p.detach().clone() for group in made.param_groups for p in group["params"]]


def values_of(made, key):
    return [group[key] for group in made.param_groups]


def snapshot(made):
    """Return all that a refused call must not change: objects, values, keys and hooks."""
    own = {name: id(value) for name, value in vars(made).items()}
    hooks = {name: dict(value) for name, value in vars(made).items() if name.endswith("hooks")}
    groups = [
        (id(group), list(group), {key: _seen(value) for key, value in group.items()})
        for group in made.param_groups
    ]
    defaults = {key: _seen(value) for key, value in made.defaults.items()}
    return own, hooks, id(made.param_groups), groups, defaults, len(made.state)


def _seen(value):
    if isinstance(value, torch.Tensor):
        return id(value), value.data_ptr(), value.detach().tolist()
    if isinstance(value, (tuple, list)):
        return id(value), [_seen(member) for member in value]
    return id(value), copy.copy(value)
