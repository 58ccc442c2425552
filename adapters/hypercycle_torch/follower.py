"""The cycler that the steps of a PyTorch optimizer move on."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from hypercycle.driving.cycler import Cycler
from hypercycle.driving.drivers import driver_of, release
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
            release(self, self.places(self._tracks.tracks))

    def meeting(self, earlier: Cycler, names: str, places: Mapping[Hashable, str]) -> str:
        """Return what becomes of an earlier follower: what it shares is this one's now."""
        if not isinstance(earlier, OptimizerFollower):
            return super().meeting(earlier, names, places)
        others = sorted({name for place, name in earlier.driven().items() if place not in places})
        its_fate = f"goes on with {', '.join(others)} alone" if others else "is detached"
        return f"an earlier attach(advance='optimizer') drove {names} too; it {its_fate}"

    def driven(self) -> dict[Hashable, str]:
        """Return the places that no later cycler has taken, with their names in the plan."""
        places = self.places(self._tracks.tracks)
        return {
            place: name
            for place, name in places.items()
            if driver_of(self.optimizer, place) is self
        }

    def _follow_steps(self) -> None:
        # Hooks run in their order, so the later one's values hold where two are written.
        for hook in list(self.optimizer._optimizer_step_post_hooks.values()):  # noqa: SLF001
            earlier = getattr(hook, "__self__", None)
            if isinstance(earlier, OptimizerFollower) and not earlier.driven():
                earlier.detach()
        self._hook = self.optimizer.register_step_post_hook(self._after_optimizer_step)

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
