"""Optimizers inside of others, as trainers and second-order methods wrap them."""

from __future__ import annotations

from typing import Any

import torch

# Accelerate's and many plain ones; ZeroRedundancyOptimizer; SAM; Lookahead; fastai's.
_NAMES = ("optimizer", "optim", "base_optimizer", "_base_optimizer", "opt")


def is_optimizer(target: Any) -> bool:
    """Return whether this is an optimizer, or a wrapper that shows one's ``param_groups``."""
    if isinstance(target, torch.optim.Optimizer):
        return True
    groups = None if isinstance(target, type) else getattr(target, "param_groups", None)
    return isinstance(groups, list) and bool(groups) and all(isinstance(g, dict) for g in groups)


def innermost(optimizer: Any) -> Any:
    """Return the optimizer inside of a wrapper, however many there are; itself if it wraps none."""
    passed = [optimizer]
    while True:
        inside = (getattr(passed[-1], name, None) for name in _NAMES)
        found = next((one for one in inside if one is not None and is_optimizer(one)), None)
        if found is None or any(found is one for one in passed):
            return passed[-1]
        passed.append(found)


def reports_steps(optimizer: Any) -> bool:
    """Return whether an optimizer calls hooks after its steps; some wrappers only look like it."""
    return hasattr(optimizer, "_optimizer_step_post_hooks")
