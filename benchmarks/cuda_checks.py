"""What can only be seen on a GPU: graphs, fused kernels, skipped steps, waiting for the device.

    python benchmarks/cuda_checks.py                 # minutes, on the first GPU
    python benchmarks/cuda_checks.py --device cpu    # as far as these things exist there

Each check prints one line, ``name: ok`` or what failed, and the exit status is 1 if one failed.
Where PyTorch sees no GPU it says so, and nothing is run. A training that a cycler drives is
compared with one of the plain, looping optimizer, whose hyperparameters are assigned by hand.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

import hypercycle as hc

STEPS = 40
WARM_UP = 3  # before a graph is captured: optimizers make their state in the first step
LR = hc.Cycle(1e-3, 1e-1, 7)
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 5))
# What waits for the device: reading a number out of a tensor, and CUDA's own name for it.
WAITS = ("aten::_local_scalar_dense", "cudaStreamSynchronize")

Optimizer = torch.optim.Optimizer


class NotRunError(Exception):
    """Something that a check needs is not there."""


def expect(true: bool, what: str) -> None:
    """Raise AssertionError if something is not so."""
    if not true:
        raise AssertionError(what)


# Trainings.


def parameters(device: str) -> list[torch.nn.Parameter]:
    """Return parameters of several shapes, the same each time."""
    numbers = torch.Generator().manual_seed(0)
    shapes = [(64, 32), (32,), (3, 5, 7), (1,)]
    return [
        torch.nn.Parameter(torch.randn(shape, generator=numbers).to(device)) for shape in shapes
    ]


def give_gradients(optimizer: Optimizer, step: int) -> None:
    """Fill the gradients in place, where a captured graph reads them."""
    numbers = torch.Generator().manual_seed(step)
    for group in optimizer.param_groups:
        for p in group["params"]:
            gradient = torch.randn(p.shape, generator=numbers).to(p.device)
            if p.grad is None:
                p.grad = gradient
            else:
                p.grad.copy_(gradient)


def weights(optimizer: Optimizer) -> list[torch.Tensor]:
    """Return the parameters."""
    return [p.detach() for group in optimizer.param_groups for p in group["params"]]


def by_hand(kind: type[Optimizer], device: str, plan: hc.Plan) -> list[torch.Tensor]:
    """Return what the plain optimizer comes to with the plan's numbers."""
    optimizer = kind(parameters(device), lr=1.0, foreach=False)
    for step in range(STEPS):
        values = dict(plan(step))
        for group in optimizer.param_groups:
            if "betas" in group and "momentum" in values:
                group["betas"] = (values["momentum"], group["betas"][1])
            group.update({name: value for name, value in values.items() if name in group})
        give_gradients(optimizer, step)
        optimizer.step()
    return weights(optimizer)


def compare(optimizer: Optimizer, plan: hc.Plan, device: str) -> None:
    """Raise AssertionError if an optimizer has come to other weights than one driven by hand."""
    expected = by_hand(type(optimizer), device, plan)
    for ours, theirs in zip(weights(optimizer), expected, strict=True):
        # Capturable optimizers compute 1 - β2**step in float32, which costs digits.
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def number_on(device: str, value: float) -> torch.Tensor:
    """Return a number in a tensor on the device."""
    return torch.tensor(value, device=device)


def drive(optimizer: Optimizer, plan: hc.Plan, advance: str = "step") -> None:
    """Train with a cycler."""
    cycler = hc.attach(optimizer, plan, advance=advance)
    for step in range(STEPS):
        give_gradients(optimizer, step)
        optimizer.step()
        cycler.step()


# The checks.


def capturable(device: str) -> None:
    """Fill the tensors of a capturable optimizer in place."""
    for advance in ("step", "optimizer"):
        rate = number_on(device, 1.0)
        optimizer = torch.optim.AdamW(parameters(device), lr=rate, capturable=device != "cpu")
        drive(optimizer, PLAN, advance)
        expect(optimizer.param_groups[0]["lr"] is rate, "the tensor was replaced")
        expect(rate.item() == torch.tensor(LR(STEPS)).item(), f"the last lr is {rate.item()}")
        compare(optimizer, PLAN, device)


def replay(device: str, plan: hc.Plan, **settings: Any) -> None:
    """Drive the tensors of an optimizer whose step is replayed from a graph."""
    capturable = device != "cpu"
    optimizer = torch.optim.AdamW(
        parameters(device), weight_decay=0.0, capturable=capturable, **settings
    )
    cycler = hc.attach(optimizer, plan)
    run = optimizer.step
    for step in range(STEPS):
        if step == WARM_UP and capturable:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                optimizer.step()
            run = graph.replay
        give_gradients(optimizer, step)
        run()
        cycler.step()
    compare(optimizer, hc.Plan(**plan, weight_decay=0.0), device)


def graphs_lr(device: str) -> None:
    """Let a replayed graph read the learning rates that the cycler fills in."""
    replay(device, hc.Plan(lr=LR), lr=number_on(device, 1.0))


def graphs_lr_and_momentum(device: str) -> None:
    """Let it read β1 too."""
    betas = (number_on(device, 0.9), number_on(device, 0.999))
    plan = hc.Plan(lr=LR, momentum=PLAN["momentum"])
    replay(device, plan, lr=number_on(device, 1.0), betas=betas)


def foreach(device: str) -> None:
    """Drive optimizers that update many tensors at once."""
    for kind in (torch.optim.SGD, torch.optim.AdamW, torch.optim.RAdam):
        optimizer = kind(parameters(device), lr=1.0, foreach=True)
        drive(optimizer, PLAN)
        compare(optimizer, PLAN, device)


def fused(device: str) -> None:
    """Drive fused kernels by a learning rate that is a number, and by one in a tensor."""
    for kind in (torch.optim.SGD, torch.optim.AdamW):
        for lr in (1.0, number_on(device, 1.0)):
            optimizer = kind(parameters(device), lr=lr, fused=True)
            drive(optimizer, PLAN)
            compare(optimizer, PLAN, device)


def skipped_steps(device: str) -> None:
    """Leave out steps that a gradient scaler skips, in fused kernels too."""
    overflows = [step in (1, 4, 5) for step in range(12)]
    for settings in ({"foreach": False}, {"foreach": True}, {"fused": True}):
        optimizer = torch.optim.AdamW(parameters(device), **settings)
        cycler = hc.attach(optimizer, PLAN, advance="optimizer")
        scaler = torch.amp.GradScaler(device, init_scale=4.0)
        real = 0
        for overflow in overflows:
            optimizer.zero_grad()
            loss = sum(p.square().sum() for p in optimizer.param_groups[0]["params"])
            scaler.scale(loss).backward()
            if overflow:
                optimizer.param_groups[0]["params"][0].grad.fill_(torch.inf)
            scaler.step(optimizer)
            scaler.update()
            real += not overflow
            counted, rate = cycler.last_epoch, optimizer.param_groups[0]["lr"]
            expect(counted == real, f"{settings}: {counted} steps were counted, {real} made")
            expect(rate == LR(real), f"{settings}: lr={rate} at step {real}")


def waits(run: Callable[[], object]) -> int:
    """Return how often so many steps wait for numbers."""
    activities = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as seen:
        for _ in range(STEPS):
            run()
    return sum(event.count for event in seen.key_averages() if event.key in WAITS)


def no_waiting(device: str) -> None:
    """Add nothing that waits for the device."""
    on_gpu = device != "cpu"
    # To read a tensor on the CPU is not to wait.
    for rate in (1e-3, number_on(device, 1e-3))[: 2 if on_gpu else 1]:
        settings: dict[str, Any] = {"lr": rate}
        if isinstance(rate, torch.Tensor):
            settings["capturable"] = on_gpu
        alone = torch.optim.AdamW(parameters(device), **settings)
        give_gradients(alone, 0)
        alone.step()  # which makes the state
        expected = waits(alone.step)
        for advance in ("step", "optimizer"):
            optimizer = torch.optim.AdamW(parameters(device), **settings)
            cycler = hc.attach(optimizer, PLAN, advance=advance)
            give_gradients(optimizer, 0)
            optimizer.step()
            cycler.step()

            def update(optimizer: Optimizer = optimizer, cycler: Any = cycler) -> None:
                optimizer.step()
                cycler.step()

            if on_gpu:
                torch.cuda.set_sync_debug_mode("error")
            try:
                for _ in range(STEPS):  # the first of which a cycler looks at
                    update()
            finally:
                if on_gpu:
                    torch.cuda.set_sync_debug_mode("default")
            got, made = waits(update), 1 + 2 * STEPS
            what = f"lr={rate!r}, advance={advance!r}"
            expect(got == expected, f"{what}: {got} waits in {STEPS} steps, not {expected}")
            expect(cycler.last_epoch == made, f"{what}: step {cycler.last_epoch}, not {made}")


def jax_values(device: str) -> None:
    """Compute the values of NumPy's float64 in a compiled program, rounded: 0 ulp."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu" if device == "cpu" else "cuda,cpu")
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # the GPU is PyTorch's too
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
    try:
        import jax
        import optax_ulps

        kind = jax.devices()[0].platform
    except (ImportError, RuntimeError) as error:
        raise NotRunError(str(error).partition("\n")[0]) from error
    if device != "cpu" and kind != "gpu":
        raise NotRunError(f"JAX sees no GPU, but {kind}")
    schedules = optax_ulps.compositions()
    if device != "cpu":  # there the tests have all of them
        schedules |= {
            f"{scale}, {clock}": next(optax_ulps.cycles(scale, clock))
            for scale in optax_ulps.SCALES
            for clock in optax_ulps.CLOCKS
        }
    steps = optax_ulps.spread(2000)
    off = {name: optax_ulps.ulps(schedule, steps) for name, schedule in schedules.items()}
    off = {name: distance for name, distance in off.items() if distance}
    expect(not off, f"units in the last place: {off}")


CHECKS: Mapping[str, Callable[[str], None]] = {
    "capturable": capturable,
    "CUDA graphs, lr": graphs_lr,
    "CUDA graphs, lr and momentum": graphs_lr_and_momentum,
    "foreach": foreach,
    "fused": fused,
    "steps that a GradScaler skips": skipped_steps,
    "no waiting for the device": no_waiting,
    "JAX, 0 ulp from NumPy": jax_values,
}


def report(checks: Mapping[str, Callable[[str], None]], device: str) -> int:
    """Run the checks, print a line for each; return how many failed."""
    failed = 0
    for name, check in checks.items():
        try:
            check(device)
        except NotRunError as reason:
            said = f"not run ({reason})"
        except Exception as error:  # noqa: BLE001  (whatever it is, the other checks go on)
            failed += 1
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        else:
            said = "ok"
        print(f"{name}: {said}", flush=True)
    return failed


def main() -> None:
    """Run all checks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    device = parser.parse_args().device
    if device == "cuda" and not torch.cuda.is_available():
        print("not run: PyTorch sees no GPU (--device cpu runs what there is of it on the CPU)")
        return
    name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    print(f"{name}; torch {torch.__version__}, hypercycle {hc.__version__}", flush=True)
    sys.exit(1 if report(CHECKS, device) else 0)


if __name__ == "__main__":
    main()
