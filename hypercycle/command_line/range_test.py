"""``hypercycle range-test``: the bounds that a user's own range test shows."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hypercycle.command_line.errors import Failure, failing_on
from hypercycle.command_line.new import check_new, write_new
from hypercycle.command_line.output import one_line, wrap
from hypercycle.command_line.plot import check_picture, choose_file_backend, save
from hypercycle.numbers.spelling import suggestion
from hypercycle.plan_files.commented import commented_text
from hypercycle.plans.plan import Plan
from hypercycle.range_test import Bounds, RangeTest


class UserCodeFailure(Failure):
    """What a user's own code raised: nothing is wrong with the command."""

    exit_code = 1


@click.command("range-test")
@click.argument("function", metavar="MODULE:FUNCTION")
@click.option("--on", default="loss", metavar="CURVE", help="The loss, or a metric by its name.")
@click.option(
    "--plot",
    "picture",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Draw the curve and the bounds: .png, .svg or .pdf.",
)
@click.option(
    "--new",
    "plan_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a plan for a whole run between the bounds, such as plan.toml.",
)
@click.option(
    "--epochs",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Of the whole run, for --new.",
)
@click.option("--steps-per-epoch", type=click.IntRange(min=1), metavar="N", help="For --new.")
@click.option("--force", is_flag=True, help="Replace a plan file that is there.")
@click.option("--traceback", "whole", is_flag=True, help="Show where an exception came from.")
def range_test(
    function: str,
    *,
    on: str,
    picture: Path | None,
    plan_file: Path | None,
    epochs: float | None,
    steps_per_epoch: int | None,
    force: bool,
    whole: bool,
) -> None:
    """Run your range test and print its bounds.

    FUNCTION takes no arguments and returns a RangeTest: what hypercycle_torch.range_test, the same
    of Keras or Optax, or a Recorder gives. The current folder is looked in for MODULE. The exit
    status is 1 if there are no bounds, or if the function fails.
    """
    if picture is not None:
        check_picture(picture)
    if plan_file is not None:
        check_new(plan_file, force=force)
        if epochs is None or steps_per_epoch is None:
            raise Failure("--new needs --epochs and --steps-per-epoch")
        with failing_on(ImportError):  # what is missing is missed before training
            commented_text(Plan(lr=0.0), "", [])
    elif epochs is not None or steps_per_epoch is not None or force:
        raise Failure("--epochs, --steps-per-epoch and --force are for --new, which is not given")
    test = _result_of(function, whole=whole)
    with failing_on(ValueError):
        bounds = test.bounds(on)
    click.echo(bounds if isinstance(bounds, Bounds) else wrap(str(bounds)))
    if picture is not None:
        choose_file_backend()
        save(test.plot(on), picture)
        click.echo(f"wrote {picture}")
    if not isinstance(bounds, Bounds):
        raise click.exceptions.Exit(1)
    if plan_file is not None and epochs is not None and steps_per_epoch is not None:
        with failing_on(ImportError, ValueError):
            plan = bounds.plan(epochs, steps_per_epoch)
            made = f"Bounds found by: hypercycle range-test {function}"
            text = commented_text(plan, str(plan_file), [made, *plan.explanation.split("; ")])
        write_new(text, plan_file)


def _result_of(target: str, *, whole: bool) -> RangeTest:
    """Return what the user's function returns."""
    name, _, attribute = target.partition(":")
    if not name or not attribute:
        raise Failure(f"say which function, as in train:find_bounds, got {target!r}")
    if "/" in name or name.endswith(".py"):
        module = name.removesuffix(".py").replace("/", ".").strip(".")
        raise Failure(f"name the module, not its file: {module}:{attribute} instead of {target}")
    if (here := str(Path.cwd())) not in sys.path:  # as `python -m` does
        sys.path.insert(0, here)
    module = _call_users_code(lambda: _import(name), name, whole=whole)
    function = getattr(module, attribute, None)
    if not callable(function):
        names = [one for one, value in vars(module).items() if callable(value)]
        raise Failure(
            f"{name} has no function {attribute!r}; {suggestion(attribute, names)}".rstrip("; ")
        )
    result = _call_users_code(function, target, whole=whole)
    if not isinstance(result, RangeTest):
        raise Failure(
            f"{target} must return a RangeTest, as hypercycle_torch.range_test(…) does, got "
            f"{_repr_of(result)}"
        )
    return result


def _repr_of(value: Any) -> str:
    try:
        return f"{value!r:.60}"
    except Exception:  # noqa: BLE001  (that of a class of the user's)
        return f"a {type(value).__name__}"


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise Failure(f"no module {error.name!r}, neither in {Path.cwd()} nor installed") from error


def _call_users_code(function: Callable[[], Any], name: str, *, whole: bool) -> Any:
    """Return what code of the user's returns; its exceptions in one line unless asked for all."""
    try:
        return function()
    except Failure:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever it raises, exits too
        if whole:
            traceback.print_exception(error)
        hint = "" if whole else " (--traceback shows where)"
        raise UserCodeFailure(
            f"{name} failed: {type(error).__name__}: {one_line(str(error))}{hint}"
        ) from error
