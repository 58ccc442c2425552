"""The four hooks: everything that a plugin can add to hypercycle.

A plugin is a module (or an object) with functions of these names, marked with
``@hypercycle.hookimpl``, and an entry point of the group ``hypercycle`` that names it. An
implementation may leave out the arguments that it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypercycle.driving.options import Options
    from hypercycle.namespaces.namespace import Scale, Waveform
    from hypercycle.plans.plan import Plan

hookspec = pluggy.HookspecMarker("hypercycle")
hookimpl = pluggy.HookimplMarker("hypercycle")


@hookspec
def hypercycle_waveforms() -> Mapping[str, Waveform | type[Waveform]]:
    """Return the plugin's waveforms by name: functions ``waveform(x, xp)``.

    A frozen dataclass with ``__call__(self, x, xp)`` and defaults is a waveform with parameters,
    which can be written to a plan file and read back.
    :func:`hypercycle.testing.check_waveform` tells whether something is a waveform. The same
    mapping is expected at every call. A name that is taken is an error that names both owners.
    """
    return {}


@hookspec
def hypercycle_scales() -> Mapping[str, Callable[..., Scale]]:
    """Return the plugin's scale policies by name: factories of ``scale(cycle, step, xp)``.

    A factory takes the policy's parameters as keywords; a frozen dataclass with ``__call__`` is
    one, and can be written to a plan file and read back.
    """
    return {}


@hookspec(firstresult=True)
def hypercycle_attach(target: Any, plan: Plan, options: Options) -> Any:
    """Return what drives ``target`` by ``plan``, or None when the target is not the plugin's.

    Called for targets whose class, or one of its bases, comes from a package with the name of the
    plugin's entry point; for the others only when no plugin took them. The first result that is
    not None is what :func:`hypercycle.attach` returns. ``options`` are its other arguments; those
    that the plugin cannot follow are to be refused. ``target`` must be left as it was when an error
    is raised.
    """
    del target, plan, options


@hookspec
def hypercycle_step(step: int, values: Mapping[str, Any], target: Any) -> None:
    """Observe that ``values`` were set on ``target`` for the update after ``step`` updates.

    ``values`` maps the plan's names to floats, or to a dict of floats by group. It must not be
    changed. An exception ends the training run: a broken observer is a bug of that run.
    """
    del step, values, target
