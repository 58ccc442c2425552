"""A range test of a PyTorch model, which leaves everything as it was."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import distributed, nn

from hypercycle.range_test import RangeTest, Recorder, Sweep
from hypercycle.range_test.progress import Progress
from hypercycle.range_test.running import Metrics, Runs, average, endless, sweep_of
from hypercycle_torch import names as hyperparameters
from hypercycle_torch.criteria import BatchLoss, batch_loss
from hypercycle_torch.live_groups import with_live_groups
from hypercycle_torch.loaders import has_state, keep_batches
from hypercycle_torch.names import Hyperparameter
from hypercycle_torch.snapshot import keep_flags, keep_training
from hypercycle_torch.wrappers import is_optimizer


def range_test(
    model: nn.Module,
    optimizer: Any,
    loss: Callable[[Any, Any], torch.Tensor],
    batches: Iterable[Any],
    *,
    name: str = "lr",
    start: float | None = None,
    end: float | None = None,
    steps: int = 300,
    spacing: Literal["exponential", "linear"] = "exponential",
    repeats: int = 1,
    accumulate: int = 1,
    scaler: Any = None,
    metrics: Metrics | None = None,
    metrics_every: int = 10,
    restore: Sequence[Any] = (),
    stop_early: bool = True,
    progress: Progress = None,
) -> RangeTest:
    r"""Train while a hyperparameter rises, record the losses, and leave everything as it was.

    .. math:: value_{group} = value \cdot \frac{initial_{group}}{\max initial}

    The group with the largest value gets the swept one, the others keep their ratio to it; where
    all are equal, or all 0, all get it.

    Afterwards, and after an error or Ctrl-C, everything is what it was, bit for bit, and the same
    object: parameters and which of them need gradients, buffers, gradients, extra states, flags,
    hooks and attributes of the model; state, groups, attributes and hooks of the optimizer; the
    scaler; the random states of Python, NumPy and PyTorch; the loader's generators and its
    position. Nothing is written to disk.

    Parameters
    ----------
    model
        A module. In evaluation mode it is trained in training mode; in training mode each module's
        own flag counts, so that frozen ones stay frozen.
    optimizer
        An optimizer that needs no closure. A cycler that follows it (``advance="optimizer"``) does
        not meanwhile.
    loss
        ``loss(model, batch)``, which returns the mean over the batch as a tensor of one number;
        moving the batch to a device and autocast belong there. Or a criterion of (output, target):
        a module such as ``nn.CrossEntropyLoss()``, a function of ``torch.nn.functional``, or one
        with such parameters, as in ``def loss(output, target)``. It is called as
        ``loss(model(input), target)`` of batches (input, target), which are moved to the model's
        device.
    batches
        A ``DataLoader``, a list, or what else gives new batches each time it is iterated; restarted
        when they are used up. An iterator is refused: its batches would be consumed.
    name
        Which hyperparameter rises, as in :func:`hypercycle.attach`.
    start, end, steps, spacing
        As in :class:`hypercycle.sweep.Sweep`; for ``lr``, from 1e-6 to 10 unless told otherwise.
    repeats
        How often to do it, each time from the same weights, with other batches and random numbers.
    accumulate
        Batches per update, whose gradients and losses are averaged.
    scaler
        A ``torch.amp.GradScaler``.
    metrics, metrics_every
        ``{name: function(model)}``, measured after every so many updates, in evaluation mode and
        without gradients.
    restore
        Further objects with ``state_dict`` and ``load_state_dict`` that training changes: a moving
        average of the weights, a scheduler that a hook of the optimizer steps.
    stop_early, progress
        As in :class:`hypercycle.sweep.Recorder`, which says when to stop; ``progress="plot"`` draws
        the curve while it grows, in a notebook.

    Returns
    -------
    RangeTest
        Whose ``bounds()`` are what it is for.

    Raises
    ------
    TypeError, ValueError
        Before anything is changed: if the sweep, the name, or a value that a group would get is
        not what it must be, or the optimizer needs a closure. Later, with everything put back: if
        there are no batches, or the loss is not one number with a gradient.

    Notes
    -----
    Where ``torch.distributed`` is initialised, every process of the model's group (of the default
    group, if the model has none) must call it: losses and metrics are averaged over them, so that
    all get the same result and stop together. The progress bar is on the first one.

    Attributes of modules, datasets and optimizers of your own are put back with what their lists,
    dicts, sets, tensors and arrays hold; of containers with more than 100 members, which are taken
    for data, only which ones, and of datasets no numbers in tensors and arrays. Not put back is
    what other objects keep for themselves: give them by ``get_extra_state``, or in ``restore``.

    Examples
    --------
    >>> model = nn.Linear(4, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    >>> def loss(model, batch):
    ...     return (model(batch) - 1).square().mean()
    >>> range_test(model, optimizer, loss, [torch.eye(4)], start=1e-3, end=0.5, steps=50)
    <RangeTest of lr from 0.001 to 0.5: 50 points>
    >>> optimizer.param_groups[0]["lr"]
    0.1
    """
    sweep = sweep_of(name, start, end, steps, spacing)
    runs = Runs(
        sweep, repeats=repeats, accumulate=accumulate, metrics=metrics, metrics_every=metrics_every
    )
    stream = endless(batches, "batches")
    _check_training(model, optimizer, scaler)
    called = batch_loss(loss)
    _check_restore(restore)
    live = with_live_groups(optimizer)
    place = hyperparameters.find(live, name)
    reference, ratios = _ratios(live, place)
    _check_values(live, place, sweep, ratios)

    group = _process_group(model)
    device = live.param_groups[0]["params"][0].device
    shown = progress if group is None or distributed.get_rank(group) == 0 else False
    trained = called.trained_with(model)
    training = _Training(model, optimizer, called, runs.accumulate, scaler)
    tests = []
    with keep_batches(batches), closing(stream), torch.enable_grad():
        for _ in range(runs.repeats):
            with (
                keep_training(trained, optimizer, scaler, restore),
                nullcontext() if live is optimizer else _keep_values(live, place),
                Recorder(sweep, stop_early=stop_early, progress=shown) as recorder,
            ):
                if not model.training:
                    model.train()
                for updates, value in enumerate(sweep.values.tolist(), start=1):
                    _write(live, place, ratios, value)
                    result = _mean(training.update(stream), group, device)
                    measured = {}
                    if runs.measures_after(updates, result):
                        measured = _measure(model, runs.metrics)
                        measured = {key: _mean(one, group, device) for key, one in measured.items()}
                    if recorder.record(result, **measured):
                        break
            tests.append(recorder.range_test())
    return replace(average(tests), reference=reference)


@dataclass(frozen=True)
class _Training:
    """A training loop's body."""

    model: nn.Module
    optimizer: Any
    loss: BatchLoss
    accumulate: int
    scaler: Any

    def update(self, stream: Iterator[Any]) -> float:
        """Make one update and return its loss."""
        self.optimizer.zero_grad()
        losses = []
        for left in reversed(range(self.accumulate)):
            with self._synchronised(now=left == 0):
                loss = self.loss(self.model, next(stream))
                part = loss / self.accumulate
                (part if self.scaler is None else self.scaler.scale(part)).backward()
            losses.append(loss.detach())
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        return sum(loss.item() for loss in losses) / self.accumulate

    def _synchronised(self, *, now: bool) -> Any:
        """Let DistributedDataParallel exchange gradients once per update."""
        return nullcontext() if now else getattr(self.model, "no_sync", nullcontext)()


def _check_training(model: Any, optimizer: Any, scaler: Any) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {model!r:.80}")
    if not is_optimizer(optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, got {optimizer!r:.80}")
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        raise TypeError(
            f"{type(optimizer).__name__} needs a closure, which evaluates the loss several times "
            "per update: a range test has one loss per update, use another optimizer"
        )
    if scaler is not None and not all(hasattr(scaler, one) for one in ("scale", "step", "update")):
        raise TypeError(f"scaler must be a torch.amp.GradScaler, got {scaler!r:.80}")


def _check_restore(restore: Any) -> None:
    if not isinstance(restore, Sequence):
        raise TypeError(f"restore must be a list of objects, got {restore!r:.80}")
    for one in restore:
        if not has_state(one):
            raise TypeError(
                f"what is to be restored must have state_dict and load_state_dict, got {one!r:.80}"
            )


# The value of each group.


def _ratios(optimizer: Any, place: Hyperparameter) -> tuple[float | None, list[float]]:
    """Return the largest value, None if all are 0, and each group's as a part of it."""
    initial = [
        hyperparameters.number(optimizer, place, group, group.get("name", index))
        for index, group in enumerate(optimizer.param_groups)
    ]
    largest = max(initial, key=abs)
    return largest or None, [one / largest if largest else 1.0 for one in initial]


def _check_values(
    optimizer: Any, place: Hyperparameter, sweep: Sweep, ratios: Iterable[float]
) -> None:
    """Refuse values that the optimizer does not accept."""
    kind = type(optimizer).__name__
    for which, bound in (("start", sweep.start), ("end", sweep.end)):
        for ratio in sorted(set(ratios)):
            value = ratio * bound
            given = f"{which}={bound!r}" + (f", in one group {value!r}" if ratio != 1.0 else "")
            if not place.interval.holds(np.array([value])):
                raise ValueError(
                    f"{sweep.name} ({place} of {kind}) accepts values in {place.interval}, got "
                    f"{given}"
                )
            reason = hyperparameters.refusal(optimizer, place, value)
            if reason is not None:
                raise ValueError(f"{kind} does not accept {sweep.name} from {given}: {reason}")
    hyperparameters.check_start(optimizer, place, sweep.start)


@contextmanager
def _keep_values(optimizer: Any, place: Hyperparameter) -> Iterator[None]:
    """Keep the hyperparameter, which fastai's optimizers have in containers of their own."""
    before = [place.read(group) for group in optimizer.param_groups]
    try:
        yield
    finally:
        for group, value in zip(optimizer.param_groups, before, strict=True):
            place.replace(group, value)


def _write(optimizer: Any, place: Hyperparameter, ratios: Iterable[float], value: float) -> None:
    for group, ratio in zip(optimizer.param_groups, ratios, strict=True):
        place.write(group, ratio * value)


# Metrics.


def _measure(model: nn.Module, metrics: Metrics) -> dict[str, float]:
    with keep_flags(model), torch.no_grad():
        model.eval()
        return {name: _number(metric(model), name) for name, metric in metrics.items()}


def _number(value: Any, name: str) -> float:
    try:
        return hyperparameters.as_float(value)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"the metric {name!r} must return a number, got {value!r:.80}") from None


# Several processes.


def _process_group(model: nn.Module) -> Any:
    """Return the group that trains this model; None where there is one process."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return None
    group = getattr(model, "process_group", None)
    if not isinstance(group, distributed.ProcessGroup):
        group = distributed.group.WORLD
    return group if distributed.get_world_size(group) > 1 else None


def _mean(number: float, group: Any, device: torch.device) -> float:
    """Return the mean over the processes of a group."""
    if group is None:
        return number
    total = torch.tensor([number], dtype=torch.float64, device=device)
    distributed.all_reduce(total, group=group)
    return total.item() / distributed.get_world_size(group)
