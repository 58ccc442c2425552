"""``hypercycle new``: a plan to begin with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hypercycle.command_line.errors import Failure, check_folder, failing_on
from hypercycle.plan_files.commented import commented_text
from hypercycle.plan_files.writing import write_whole
from hypercycle.plans import decays, policies
from hypercycle.plans.plan import Plan
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.ramp import Ramp
from hypercycle.schedules.schedule import Schedule
from hypercycle.shapes.parametrised import Polynomial

_CYCLING = ("triangular", "triangular2", "exp_range", "sgdr")
_DECAYING = ("wsd", "inverse_sqrt", "polynomial")
_POLICIES = (*_CYCLING, "one_cycle", *_DECAYING)
# Flags that mean something to some policies only.
_MEANT_FOR = {
    "--step-size": _CYCLING,
    "--gamma": ("exp_range",),
    "--total-steps": ("one_cycle",),
    "--momentum": (*_CYCLING, "one_cycle"),
    "--weight-decay": _CYCLING,
}

_GUESS = "Bounds that fit your training: hypercycle range-test -h"
# What one_cycle begins at where no lower bound is given, as in PyTorch.
_DIV_FACTOR = 25.0
_FINAL_DIV_FACTOR = 1e4
# That of DeepLab's "poly".
_POWER = 0.9


@click.command()
@click.option(
    "--policy",
    type=click.Choice(_POLICIES),
    metavar="NAME",
    default="triangular",
    show_default=True,
    help=f"What the learning rate does: {', '.join(_POLICIES)}.",
)
@click.option(
    "--low", type=float, help="Lower bound of lr.  [default: 1e-4; one_cycle: HIGH/25; decays: 0]"
)
@click.option("--high", type=float, default=1e-2, help="Upper bound of lr.  [default: 1e-2]")
@click.option(
    "--step-size",
    metavar="LENGTH",
    help="From low to high, and back: 2000, 4ep, 5%. sgdr: from restart to restart.  "
    "[default: 4ep]",
)
@click.option("--gamma", type=float, help="exp_range: the factor per step, such as 0.9999.")
@click.option(
    "--total-steps",
    type=click.IntRange(min=2),
    metavar="N",
    help="one_cycle: the run's updates, instead of lengths in parts of the run.",
)
@click.option(
    "--momentum",
    type=float,
    nargs=2,
    metavar="LOW HIGH",
    help="Momentum too, in opposite phase, such as 0.85 0.95.",
)
@click.option(
    "--weight-decay",
    type=float,
    nargs=2,
    metavar="LOW HIGH",
    help="Weight decay too, in phase with lr.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to, such as plan.toml.  [default: the terminal]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def new(
    *,
    policy: str,
    low: float | None,
    high: float,
    step_size: str | None,
    gamma: float | None,
    total_steps: int | None,
    momentum: tuple[float, float] | None,
    weight_decay: tuple[float, float] | None,
    output: Path | None,
    force: bool,
) -> None:
    """Write a commented plan file to begin with.

    \b
    For example
      hypercycle new --high 0.1 --low 0.001 --step-size 4ep \\
        --momentum 0.85 0.95 -o plan.toml
      hypercycle new --policy one_cycle --high 0.1 -o plan.toml
    """  # noqa: D301  (\b is click's: lines stay as they are)
    _check_flags(policy, (step_size, gamma, total_steps, momentum, weight_decay))
    if output is not None:
        check_new(output, force=force)
    with failing_on(ImportError, TypeError, ValueError):
        if policy == "one_cycle":
            plan = _one_cycle(low, high, momentum or (0.85, 0.95), total_steps)
        elif policy in _DECAYING:
            plan = Plan(lr=_decaying(policy, 0.0 if low is None else low, high))
        else:
            cycle = _cycle(policy, 1e-4 if low is None else low, high, step_size or "4ep", gamma)
            schedules: dict[str, Schedule] = {"lr": cycle}
            if momentum is not None:
                schedules["momentum"] = cycle.opposite(*momentum)
            if weight_decay is not None:
                least, most = weight_decay
                schedules["weight_decay"] = replace(cycle, low=least, high=most)
            plan = Plan(**schedules)
        text = commented_text(plan, "plan.toml" if output is None else str(output), [_GUESS])
    if output is None:
        click.echo(text, nl=False)
    else:
        write_new(text, output)


def _check_flags(policy: str, values: tuple[Any, ...]) -> None:
    """Refuse flags of other policies, and bounds that are reversed."""
    for (flag, policies_of_flag), value in zip(_MEANT_FOR.items(), values, strict=True):
        if value is not None and policy not in policies_of_flag:
            raise Failure(f"{flag} is for --policy {', '.join(policies_of_flag)}, not for {policy}")
        if isinstance(value, tuple) and value[0] > value[1]:
            raise Failure(f"{flag} is LOW HIGH, got {value[0]:g} {value[1]:g}")


def _decaying(policy: str, low: float, high: float) -> Schedule:
    if low > high:
        raise Failure(f"{policy} needs --low below --high, got {low:g} and {high:g}")
    if policy == "inverse_sqrt":
        return decays.inverse_sqrt(high, "5%", start=low, min_lr=low)
    if policy == "polynomial":  # its lengths in parts of a run whose length is not known yet
        decay = Cycle(low, high, 0, "95%", waveform=Polynomial(_POWER), cycles=1)
        return Chain(Ramp(low, high, "5%"), decay)
    return policies.warmup_stable_decay(high, "5%", "rest", "20%", start=low, end=low)


def _cycle(policy: str, low: float, high: float, step_size: str, gamma: float | None) -> Cycle:
    if low > high:
        raise Failure(
            f"low must not be above high, got low={low}, high={high}: the smaller is --low"
        )
    length = int(step_size) if step_size.isascii() and step_size.isdecimal() else step_size
    if policy == "triangular2":
        return policies.triangular2(low, high, length)
    if policy == "sgdr":
        return policies.sgdr(low, high, length)
    if policy == "exp_range":
        if gamma is None:
            raise Failure("--policy exp_range needs --gamma, the factor per step, such as 0.9999")
        return policies.exp_range(low, high, length, gamma=gamma)
    return policies.triangular(low, high, length)


def _one_cycle(
    low: float | None, high: float, momentum: tuple[float, float], total_steps: int | None
) -> Plan:
    if low is not None and not 0.0 < low < high:
        raise Failure(f"one_cycle needs bounds with 0 < --low < --high, got {low:g} and {high:g}")
    div_factor = _DIV_FACTOR if low is None else high / low
    least, most = momentum
    if total_steps is not None:
        return policies.one_cycle(
            high,
            total_steps,
            div_factor=div_factor,
            final_div_factor=_FINAL_DIV_FACTOR,
            base_momentum=least,
            max_momentum=most,
        )
    # Its phases, in parts of a run whose length is not known yet.
    first = high / div_factor
    up, down = "30%", "70%"
    return Plan(
        lr=Chain(
            Ramp(first, high, up, "hann"),
            Ramp(high, first / _FINAL_DIV_FACTOR, down, "hann"),
        ),
        momentum=Chain(Ramp(most, least, up, "hann"), Ramp(least, most, down, "hann")),
    )


def check_new(output: Path, *, force: bool) -> None:
    """Refuse a plan file that cannot be written, before anything is done for it."""
    if output.suffix.lower() != ".toml":
        raise Failure(
            f"a plan with comments is TOML: a name that ends in .toml, got {output.name!r}"
        )
    if output.exists() and not force:
        raise Failure(f"{output} exists: choose another name, or --force to replace it")
    check_folder(output)


def write_new(text: str, output: Path) -> None:
    """Write a plan file and say so."""
    write_whole(output, text.encode())
    click.echo(f"wrote {output}")
