"""What a cycler must know of the states that its optimizer loads, before it came and after."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from hypercycle_torch.wrappers import innermost, reports_steps

# Optimizers that a cycler has driven in this process.
_driven_here: weakref.WeakSet[Any] = weakref.WeakSet()


def hear_of_loading(optimizer: Any, heard: Callable[[], object]) -> None:
    """Call a cycler's method whenever its optimizer has loaded a state, while the cycler lives."""
    inside = innermost(optimizer)
    if not reports_steps(inside):
        return
    _driven_here.add(inside)

    def hook(_optimizer: Any) -> None:
        method = reference()
        if method is not None:
            method()

    handle = inside.register_load_state_dict_post_hook(hook)
    # The optimizer keeps no cycler alive, nor the hooks of those that are gone.
    reference = weakref.WeakMethod(heard, lambda _: handle.remove())


def has_driven_state(optimizer: Any) -> bool:
    """Return whether an optimizer's state is that of a run whose learning rate was driven.

    PyTorch's schedulers and ours leave ``initial_lr`` in the groups, which is saved with them.
    """
    inside = innermost(optimizer)
    if not reports_steps(inside):
        return False
    return bool(inside.state) and any("initial_lr" in group for group in optimizer.param_groups)


def was_driven_elsewhere(optimizer: Any) -> bool:
    """Return whether an optimizer's state comes from a run that was driven in another process."""
    if not has_driven_state(optimizer):
        return False
    inside = innermost(optimizer)
    # PyTorch's schedulers mark the step of what they have driven here.
    return inside not in _driven_here and not hasattr(inside.step, "_wrapped_by_lr_sched")
