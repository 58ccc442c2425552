"""The cycler that the steps of a PyTorch optimizer move on."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from hypercycle.driving.cycler import Cycler
from hypercycle.driving.drivers import driver_of
from hypercycle.plans.plan import Plan
from hypercycle_torch.compiling import left_as_it_is_inside
from hypercycle_torch.cycler import OptimizerCycler
from hypercycle_torch.names import Group, is_far
from hypercycle_torch.wrappers import innermost

if TYPE_CHECKING:
    from hypercycle.driving.options import Options


KEY = "hypercycle"
"""Where the states of followers are in an optimizer's state."""


class OptimizerFollower(OptimizerCycler):
    """The cycler of ``advance="optimizer"``: each real step of the optimizer moves it on.

    Steps that a gradient scaler skips do not count, nor do the backward passes that gradient
    accumulation adds up; of a wrapper, those of the optimizer inside count. The optimizer keeps the
    cycler alive, not the other way round. A copy of the optimizer alone is not followed, since
    PyTorch's copies lose their hooks; copying or pickling the cycler copies both and follows the
    copy.

    Its state is in ``optimizer.state_dict()`` too, under ``"hypercycle"``, and is loaded with it,
    for trainers that save optimizers but know of no cycler.
    """

    _in_step = False

    def __init__(self, optimizer: Any, plan: Plan, options: Options) -> None:
        super().__init__(optimizer, plan, options)
        self._hooks: list[Any] = []
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
        # Weak, so that optimizer -> hook -> cycler is not circular; nobody else may keep a wrapper.
        wraps_nothing = innermost(optimizer) is optimizer
        self._optimizer: Any = weakref.ref(optimizer) if wraps_nothing else lambda: optimizer

    def step(self, epoch: int | None = None, metric: Any = None) -> None:
        """Do nothing: the optimizer's own steps count. Trainers may call it as usual."""

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """Return the learning rate of each parameter group at ``last_epoch``.

        Raises
        ------
        RuntimeError
            If it is asked by who counts ``last_epoch`` up, as ignite's handlers do: the optimizer's
            steps count, and each would count twice.
        """
        if self._get_lr_called_within_step:
            raise RuntimeError(
                "a handler that moves the scheduler's last_epoch cannot drive what the optimizer's "
                "own steps move on: attach without advance='optimizer' for it, or use no handler"
            )
        return super().get_lr()

    def detach(self, *, restore: bool = False) -> None:
        """Stop following the optimizer; see :meth:`hypercycle.driving.Cycler.detach`."""
        # PyTorch is going through the hooks after a step when this is called by an event.
        own = self._hooks[:1] if self._in_step else []
        for hook in self._hooks[len(own) :]:
            hook.remove()
        self._hooks = own
        super().detach(restore=restore)

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
        optimizer = innermost(self.optimizer)
        for hook in list(optimizer._optimizer_step_post_hooks.values()):  # noqa: SLF001
            earlier = getattr(hook, "__self__", None)
            if isinstance(earlier, OptimizerFollower) and not earlier.driven():
                earlier.detach()
        self._read_ahead: tuple[Any, ...] | None = None
        self._hooks = [
            optimizer.register_step_post_hook(self._after_optimizer_step),
            optimizer.register_state_dict_post_hook(self._save_beside),
            optimizer.register_load_state_dict_pre_hook(self._read_beside),
            optimizer.register_load_state_dict_post_hook(self._load_beside),
        ]

    @left_as_it_is_inside
    def _after_optimizer_step(self, optimizer: Any, _arguments: Any, _keywords: Any) -> None:
        if self.detached:
            return
        # A fused optimizer under GradScaler skips inside its kernel, and says so here.
        found_inf = getattr(optimizer, "found_inf", None)
        if (found_inf is None or float(found_inf) == 0.0) and not _makes_state_alone(optimizer):
            self._in_step = True
            try:
                super().step()
            finally:
                self._in_step = False
            self._write_inside(optimizer.param_groups)

    def _write_inside(self, groups: list[Group]) -> None:
        """Write the values of a wrapper's groups into those of the optimizer inside, if others.

        ``ZeroRedundancyOptimizer`` takes up what is there when the step inside is over.
        """
        written = self.optimizer.param_groups
        if written is groups or len(written) != len(groups):
            return
        keys = {track.place.hyperparameter.key for track in self._tracks.tracks}
        for group, inside in zip(written, groups, strict=True):
            inside.update({key: group[key] for key in keys & set(inside)})

    # Its state beside the optimizer's.

    def _save_beside(self, optimizer: Any, state_dict: dict[str, Any]) -> None:
        del optimizer
        state_dict.setdefault(KEY, []).append(self.state_dict())

    def _read_beside(self, optimizer: Any, state_dict: dict[str, Any]) -> None:
        """Refuse the state of another plan before the optimizer has loaded anything."""
        hooks = optimizer._optimizer_load_state_dict_pre_hooks.values()  # noqa: SLF001
        owners = [getattr(hook, "__self__", None) for hook in hooks]
        followers = [one for one in owners if isinstance(one, OptimizerFollower)]
        states = state_dict.get(KEY, [])
        own = states[followers.index(self)] if len(states) == len(followers) else None
        self._read_ahead = None if own is None else self.read(own, None)

    def _load_beside(self, optimizer: Any) -> None:
        del optimizer
        if self._read_ahead is not None:
            self._take_up(self.optimizer.param_groups)
            self._adopt(*self._read_ahead)
            self._told_step, self._read_ahead = int(self.last_epoch), None
            self._watch_from_here()

    def __getstate__(self) -> dict[str, Any]:
        state = {
            k: v for k, v in super().__getstate__().items() if k not in ("_hooks", "_optimizer")
        }
        return state | {"_follows": bool(self._hooks)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        follows = state.pop("_follows")
        self._kept = state["optimizer"]  # a copy has nobody else yet who keeps its optimizer
        super().__setstate__(state)
        self._hooks = []
        if follows:
            self._follow_steps()


def _makes_state_alone(optimizer: Any) -> bool:
    """Return whether this was no update: at rate 0, without a gradient.

    ``torch.distributed.checkpoint`` makes the state of a fresh optimizer so, to load into it.
    """
    rate = optimizer.param_groups[0].get("lr")
    # The rate of 0 is a tensor on the CPU, if it is one.
    if rate is None or is_far(rate) or float(rate) != 0.0:
        return False
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"]]
    return not any(grad is not None and bool(grad.any()) for grad in gradients)
