"""Plugins: found by their entry points, loaded when they are needed, each on its own.

An entry point of the group ``hypercycle`` is named after the package whose objects the plugin
drives. Nothing is looked up when hypercycle is imported; driving an object loads the plugins that
are named after the packages of its class and its bases; an unknown name of a waveform or scale
policy, or an object that no plugin took, loads the rest, except hypercycle's own adapters of
frameworks that are not imported. A plugin that fails is left out with a warning.

The environment variable ``HYPERCYCLE_PLUGINS`` overrules this: an empty one switches entry points
off; entry-point names, separated by commas, are the only ones considered, and all of them are
loaded when the first plugin is needed, which is how an installed observer is switched on.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from hypercycle.numbers.spelling import suggestion
from hypercycle.plugins import hookspecs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.metadata import EntryPoint

GROUP = "hypercycle"
ENVIRONMENT_VARIABLE = "HYPERCYCLE_PLUGINS"
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("hypercycle_"))


@dataclass(frozen=True)
class PluginRecord:
    """What :func:`listing` says of a plugin; ``hooks`` is None while it is not loaded."""

    name: str
    value: str
    distribution: str | None
    version: str | None
    hooks: tuple[str, ...] | None
    error: str | None


class _Manager(pluggy.PluginManager):
    def parse_hookimpl_opts(self, plugin: Any, name: str) -> pluggy.HookimplOpts | None:
        # pluggy before 1.7 evaluates lazy module attributes, which import a framework.
        if inspect.getattr_static(plugin, name, None) is None:
            return None
        options = super().parse_hookimpl_opts(plugin, name)
        if options is None and name in HOOKS:
            raise pluggy.PluginValidationError(
                plugin, f"{name} is not marked as a hook; write @hypercycle.hookimpl above it"
            )
        if options is not None and (options.get("wrapper") or options.get("hookwrapper")):
            raise pluggy.PluginValidationError(
                plugin, f"{name} is a hook wrapper; hypercycle calls each plugin on its own"
            )
        return options


def _new_manager() -> _Manager:
    manager = _Manager(GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


@dataclass
class _State:
    manager: _Manager = field(default_factory=_new_manager)
    entry_points: tuple[EntryPoint, ...] | None = None
    tried: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


_state = _State()
_loading = threading.local()


def for_target(target: object) -> tuple[pluggy.HookImpl, ...]:
    """Return the implementations of ``hypercycle_attach`` that ``target`` is to be offered to.

    Loads the entry points named after the packages that define its class and its bases (and, for
    a function or class, itself), so that a subclass in the user's project is recognised too.
    """
    modules = [base.__module__ for base in type(target).__mro__]
    modules.append(str(getattr(target, "__module__", "")))
    packages = {module.partition(".")[0] for module in modules}
    _load(packages.__contains__)
    entry_points = _state.entry_points or ()
    others = {point.value for point in entry_points} - {
        point.value for point in entry_points if point.name in packages
    }
    return tuple(
        implementation
        for implementation in implementations("hypercycle_attach")
        if implementation.plugin_name not in others
    )


def load_all() -> None:
    """Load every plugin that is installed and not switched off."""
    _load(lambda _: True)


def implementations(hook: str) -> tuple[pluggy.HookImpl, ...]:
    """Return the implementations of ``hook`` in the plugins loaded by now, in calling order.

    Plugins registered at run time come first, the latest of them before the others; then
    hypercycle's own; then everybody else's. ``tryfirst`` and ``trylast`` overrule that.
    """
    order = {point.value: place for place, point in enumerate(_state.entry_points or (), 1)}
    # pluggy lists the first to be called last
    found: list[pluggy.HookImpl] = getattr(_state.manager.hook, hook).get_hookimpls()[::-1]

    def place(one: pluggy.HookImpl) -> tuple[int, int]:
        return (one.trylast - one.tryfirst, order.get(one.plugin_name, 0))

    return tuple(sorted(found, key=place))


def call(implementation: pluggy.HookImpl, **arguments: Any) -> Any:
    """Call one plugin's implementation with those of the hook's arguments that it names."""
    return implementation.function(*(arguments[name] for name in implementation.argnames))


def observers() -> tuple[pluggy.HookImpl, ...]:
    """Return the implementations of ``hypercycle_step``; empty when there are none.

    Looks at the plugins loaded by now and at those that ``HYPERCYCLE_PLUGINS`` asks for.
    """
    if _chosen():
        load_all()
    return implementations("hypercycle_step")


def register_plugin(plugin: object) -> None:
    """Add a plugin at run time: a module or an instance whose methods are marked hooks.

    A plugin that is registered already is left as it is. Observers are seen by what is attached
    afterwards.

    Raises
    ------
    TypeError
        If the plugin is a class.
    ValueError
        If the plugin has no hook, an unknown hook, a hook that is not marked or asks for unknown
        arguments, or if it equals another plugin without being it.

    Examples
    --------
    >>> import hypercycle
    >>> class Printer:
    ...     @hypercycle.hookimpl
    ...     def hypercycle_step(self, step, values):
    ...         print(step, values)
    >>> printer = Printer()
    >>> register_plugin(printer)
    >>> unregister_plugin(printer)
    """
    with _state.lock:
        if _name_of(plugin) is not None:
            return
        if isinstance(plugin, ModuleType):
            name = plugin.__name__
        else:
            name = f"{type(plugin).__module__}.{type(plugin).__qualname__} at {id(plugin):#x}"
        try:
            _register(plugin, name)
        except pluggy.PluginValidationError as error:
            raise ValueError(f"{plugin!r} is not a plugin: {error}") from error


def unregister_plugin(plugin: object) -> None:
    """Remove a plugin; ValueError if it is not registered."""
    with _state.lock:
        name = _name_of(plugin)
        if name is None:
            raise ValueError(f"{plugin!r} is not registered")
        _state.manager.unregister(name=name)


def listing() -> tuple[PluginRecord, ...]:
    """Return a record of every plugin: installed, registered at run time, or failed. Loads none."""
    loaded = dict(_state.manager.list_name_plugin())
    installed = tuple(
        PluginRecord(
            point.name,
            point.value,
            point.dist.name if point.dist else None,
            point.dist.version if point.dist else None,
            _hooks_of(point.value) if point.value in loaded else None,
            _state.errors.get(point.value),
        )
        for point in _find_entry_points()
    )
    entry_points = {record.value for record in installed}
    return installed + tuple(
        PluginRecord(name, name, None, None, _hooks_of(name), _state.errors.get(name))
        for name in loaded
        if name not in entry_points
    )


def describe(plugin_name: str) -> str:
    """Say which plugin this is, and which distribution it came with."""
    for point in _state.entry_points or ():
        if point.value == plugin_name:
            distribution = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
            return f"plugin {point.name!r} ({point.value}, distribution {distribution})"
    return f"plugin {plugin_name} (register_plugin)"


def distribution_of(plugin_name: str) -> str | None:
    """Return the name of the distribution that this plugin came with, if it is an installed one."""
    for point in _state.entry_points or ():
        if point.value == plugin_name and point.dist is not None:
            return point.dist.name
    return None


def is_ours(plugin_name: str) -> bool:
    """Return whether this plugin is one of hypercycle's own adapters."""
    return any(
        point.value == plugin_name and _is_ours(point) for point in _state.entry_points or ()
    )


def problems() -> str:
    """Return what may be why a name or a driver is missing, in lines that follow an error."""
    lines = [f"\n{describe(name)} failed: {error}" for name, error in _state.errors.items()]
    if (setting := os.environ.get(ENVIRONMENT_VARIABLE)) is not None:
        lines.append(f"\n{ENVIRONMENT_VARIABLE}={setting!r} leaves the other plugins out")
    return "".join(lines)


@contextmanager
def warn_of_failure(plugin_name: str) -> Iterator[None]:
    """Turn an exception of a plugin into one warning, and remember it for later errors."""
    try:
        yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001  (whatever a foreign plugin raises, exits too)
        text = f"{type(error).__name__}: {error}"
        if _state.errors.get(plugin_name) != text:
            _state.errors[plugin_name] = text
            warnings.warn(
                f"{describe(plugin_name)} failed and is left out: {text}",
                RuntimeWarning,
                stacklevel=3,
            )


def _chosen() -> tuple[str, ...] | None:
    setting = os.environ.get(ENVIRONMENT_VARIABLE)
    if setting is None:
        return None
    return tuple(name for part in setting.split(",") if (name := part.strip()))


def _find_entry_points() -> tuple[EntryPoint, ...]:
    if _state.entry_points is None:
        from importlib.metadata import entry_points

        def order(point: EntryPoint) -> tuple[bool, str, str]:
            return (not _is_ours(point), point.name, point.value)

        _state.entry_points = tuple(sorted(entry_points(group=GROUP), key=order))
    return _state.entry_points


def _load(wanted: Callable[[str], bool]) -> None:
    chosen = _chosen()
    if chosen == ():
        return
    found = _find_entry_points()
    if chosen is not None:
        installed = sorted({point.name for point in found})
        missing = [name for name in chosen if name not in installed]
        if missing:
            raise ValueError(
                f"{ENVIRONMENT_VARIABLE} asks for {', '.join(map(repr, missing))}, but the "
                f"installed plugins are: {', '.join(installed) or 'none'}"
            )
        wanted = chosen.__contains__
    for point in found:
        if wanted(point.name) and (chosen is not None or not _has_nothing_to_drive(point)):
            _load_entry_point(point)


def _has_nothing_to_drive(point: EntryPoint) -> bool:
    """Return whether this is an adapter of hypercycle's whose framework has not been imported."""
    return _is_ours(point) and point.name not in sys.modules


def _is_ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name.lower() == GROUP


def _load_entry_point(point: EntryPoint) -> None:
    # A plugin may ask for names while it is imported, so that this is called within itself. No lock
    # is held meanwhile: another thread may hold that of the import and wait for ours. Whoever asks
    # loads what is not there yet, and Python lets each module be imported once.
    under_way: set[str] = _loading.__dict__.setdefault("points", set())
    if point.value in _state.tried or point.value in under_way:
        return
    under_way.add(point.value)
    try:
        with warn_of_failure(point.value):
            if not _load_and_register(point):
                return
        _state.tried.add(point.value)
    finally:
        under_way.discard(point.value)


def _load_and_register(point: EntryPoint) -> bool:
    """Return whether the plugin is there; not if this very thread is about to import it."""
    try:
        plugin = point.load()
    except AttributeError:
        if _is_half_imported(point.module):
            return False
        raise
    if _is_half_imported(point.module):
        return False
    with _state.lock:
        if _name_of(plugin) is None:
            _register(plugin, point.value)
    return True


def _is_half_imported(module: str) -> bool:
    spec = getattr(sys.modules.get(module), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def _register(plugin: object, name: str) -> None:
    if inspect.isclass(plugin):
        raise TypeError(f"a plugin is a module or an instance, got the class {plugin.__qualname__}")
    manager = _state.manager
    if any(known == plugin for _, known in manager.list_name_plugin()):
        raise pluggy.PluginValidationError(
            plugin,
            "it equals a plugin that is registered; tell them apart, e.g. dataclass(eq=False)",
        )
    try:
        manager.register(plugin, name)
        _check_hooks(plugin)
    except BaseException:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        raise


def _check_hooks(plugin: object) -> None:
    callers = _state.manager.get_hookcallers(plugin) or []
    if not callers:
        raise pluggy.PluginValidationError(
            plugin, f"it has none of the hooks {', '.join(HOOKS)}, marked @hypercycle.hookimpl"
        )
    for caller in callers:
        optional = any(one.optionalhook and one.plugin is plugin for one in caller.get_hookimpls())
        if not caller.has_spec() and not optional:
            hint = suggestion(caller.name, HOOKS)
            raise pluggy.PluginValidationError(
                plugin, f"unknown hook {caller.name}; {hint}the hooks are {', '.join(HOOKS)}"
            )


def _name_of(plugin: object) -> str | None:
    for name, known in _state.manager.list_name_plugin():
        if known is plugin:
            return name
    return None


def _hooks_of(plugin_name: str) -> tuple[str, ...]:
    callers = _state.manager.get_hookcallers(_state.manager.get_plugin(plugin_name)) or []
    return tuple(sorted(caller.name for caller in callers))
