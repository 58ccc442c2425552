"""Where the parameter groups are of what shows copies of them, as fastai's optimizers do."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

from hypercycle_torch.wrappers import innermost


class _Group(ChainMap[str, Any]):
    """A group whose own hyperparameters are in one dict, and all else in another."""

    def __setitem__(self, key: str, value: Any) -> None:
        own, beside = self.maps
        (own if key in own else beside)[key] = value


class FastaiOptimizer:
    """A fastai optimizer as PyTorch's look: it keeps a dict of hyperparameters for each group.

    Attributes
    ----------
    optimizer
        The one that is shown.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self._hypers: Any = None
        self._groups: list[_Group] = []

    @property
    def param_groups(self) -> list[_Group]:
        """The groups; new ones where the optimizer has loaded a state."""
        hypers = self.optimizer.hypers
        if hypers is not self._hypers:
            params = self.optimizer.param_lists
            pairs = zip(hypers, params, strict=True)
            self._groups = [_Group(hyper, {"params": params}) for hyper, params in pairs]
            self._hypers = hypers
        return self._groups


def with_live_groups(optimizer: Any) -> Any:
    """Return what can be driven where an optimizer shows copies of its groups; else itself.

    Raises
    ------
    ValueError
        If it shows copies, and has nothing inside that does not.
    """
    inside = innermost(optimizer)
    for one in (optimizer, inside):
        if not one.param_groups or one.param_groups[0] is one.param_groups[0]:
            return one
    hypers = getattr(inside, "hypers", None)
    if hypers is not None and hypers[0] is inside.hypers[0]:
        return FastaiOptimizer(inside)
    raise ValueError(
        f"{type(optimizer).__name__} shows copies of its parameter groups, and what is written "
        "there is lost: attach to the optimizer inside"
    )
