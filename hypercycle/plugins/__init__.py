"""Other people's code: the hooks, and how plugins are found, loaded and called."""

from __future__ import annotations

from hypercycle.plugins.host import (
    ENVIRONMENT_VARIABLE,
    GROUP,
    HOOKS,
    PluginRecord,
    call,
    describe,
    distribution_of,
    for_target,
    implementations,
    is_ours,
    listing,
    load_all,
    observers,
    problems,
    register_plugin,
    unregister_plugin,
    warn_of_failure,
)

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "GROUP",
    "HOOKS",
    "PluginRecord",
    "call",
    "describe",
    "distribution_of",
    "for_target",
    "implementations",
    "is_ours",
    "listing",
    "load_all",
    "observers",
    "problems",
    "register_plugin",
    "unregister_plugin",
    "warn_of_failure",
]
