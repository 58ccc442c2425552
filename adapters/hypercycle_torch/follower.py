"""The cycler that the steps of a PyTorch optimizer move on."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

from hypercycle.driving.warning import warn
from hypercycle.plans.plan import Plan
from hypercycle_torch.cycler import OptimizerCycler

if TYPE_CHECKING:
    from hypercycle.driving.options import Options


class OptimizerFollower(OptimizerCycler):
    """The cycler of ``advance="optimizer"``: each real step of the optimizer moves it on.

    Steps that a gradient scaler skips do not count, nor do the backward passes that gradient
    accumulation adds up. The optimizer keeps the cycler alive, not the other way round. A copy of
    the optimizer alone is not followed, since PyTorch's copies lose their hooks; copying or
    pickling the cycler copies both and follows the copy.
    """

    def __init__(self, optimizer: Any, plan: Plan, options: Options) -> None:
        super().__init__(optimizer, plan, options)
        self._hook: Any = None
        self._follow_steps()

    @property
    def optimizer(self) -> Any:
        """The optimizer that is followed."""
        optimizer = self._optimizer()
        if optimizer is None:
            raise ReferenceError("the optimizer that this cycler followed no longer exists")
        return optimizer

    @optimizer.setter
    def optimizer(self, optimizer: Any) -> None:
        # Weak, so that optimizer -> hook -> cycler is not circular.
        self._optimizer = weakref.ref(optimizer)

    def step(self, epoch: int | None = None) -> None:
        """Do nothing: the optimizer's own steps count. Trainers may call it as usual."""

    def detach(self) -> None:
        """Stop following the optimizer; its values stay as they are."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _follow_steps(self) -> None:
        for hook in list(self.optimizer._optimizer_step_post_hooks.values()):  # noqa: SLF001
            earlier = getattr(hook, "__self__", None)
            if isinstance(earlier, OptimizerFollower) and (shared := self._shared_with(earlier)):
                warn(
                    f"an earlier attach(advance='optimizer') drove {', '.join(shared)} too; it is "
                    "detached"
                )
                earlier.detach()
        self._hook = self.optimizer.register_step_post_hook(self._after_optimizer_step)

    def _shared_with(self, other: OptimizerCycler) -> list[str]:
        """Return the names of what another one writes too."""
        theirs = other._names_by_place()  # noqa: SLF001
        return sorted({name for place, name in self._names_by_place().items() if place in theirs})

    # A compiled optimizer.step would compile this too, anew for every step.
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _after_optimizer_step(self, optimizer: Any, _arguments: Any, _keywords: Any) -> None:
        # A fused optimizer under GradScaler skips inside its kernel, and says so here.
        found_inf = getattr(optimizer, "found_inf", None)
        if found_inf is None or float(found_inf) == 0.0:
            super().step()

    def __getstate__(self) -> dict[str, Any]:
        state = {
            k: v for k, v in super().__getstate__().items() if k not in ("_hook", "_optimizer")
        }
        return state | {"_kept": self.optimizer, "_follows": self._hook is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        follows = state.pop("_follows")
        # A copy has nobody else yet who keeps its optimizer.
        self.optimizer = state["_kept"]
        super().__setstate__(state)
        self._hook = None
        if follows:
            self._follow_steps()
