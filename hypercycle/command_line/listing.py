"""``hypercycle list``: the names that a plan may use, and who offers them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

import click
import numpy as np

from hypercycle import plugins
from hypercycle.command_line.errors import failing_on
from hypercycle.command_line.output import can_show, one_line, style_text, wrap
from hypercycle.namespaces.namespace import NUMPY, Waveform
from hypercycle.plugins.host import PluginRecord
from hypercycle.shapes import registry
from hypercycle.shapes.scales import SCALES
from hypercycle.shapes.waveforms import WAVEFORMS

_BARS = "▁▂▃▄▅▆▇█"
_OURS = "hypercycle"


@click.command("list")
@click.argument(
    "sections",
    metavar="[waveforms|scales|adapters|plugins]...",
    nargs=-1,
    type=click.Choice(["waveforms", "scales", "adapters", "plugins"]),
)
def list_names(sections: tuple[str, ...]) -> None:
    """List waveforms, scales, adapters, plugins.

    Each with the package that it is from. A plugin that cannot be loaded is listed with the cause.
    """
    with warnings.catch_warnings(), failing_on(ValueError):
        # What a plugin's warning says is listed.
        warnings.simplefilter("ignore", RuntimeWarning)
        plugins.load_all()
        chosen = [name for name in _SECTIONS if name in (sections or _SECTIONS)]
        blocks = [_block(name, list(_SECTIONS[name]())) for name in chosen]
    click.echo("\n\n".join(blocks))


def _block(name: str, lines: list[str]) -> str:
    return "\n".join([style_text(name.capitalize(), bold=True), *(lines or ["  none"])])


def _waveforms() -> Iterator[str]:
    def call(name: str, _: Waveform) -> str:
        return _call(name, registry.parameters_of_waveform(name))

    yield from _named(registry.waveforms, WAVEFORMS, registry.waveform_distribution, call, _bars)


def _scales() -> Iterator[str]:
    def call(name: str, factory: Callable[..., Any]) -> str:
        return _call(name, registry.parameters_of(factory))

    yield from _named(registry.scales, SCALES, registry.scale_distribution, call, lambda _: "")


def _named(
    everything: Callable[[], Mapping[str, Any]],
    built_in: Mapping[str, Any],
    distribution: Callable[[str], str | None],
    label: Callable[[str, Any], str],
    picture: Callable[[Any], str],
) -> Iterator[str]:
    """Yield a line for each name: the name, what it looks like, its package."""
    clash = ""
    try:
        known = everything()
    except ValueError as error:  # two plugins claim one name
        known, clash = built_in, one_line(str(error))
    labels = {name: label(name, one) for name, one in known.items()}
    longest = _longest(labels.values())
    for name, one in known.items():
        package = distribution(name) or _OURS
        line = f"  {labels[name]:<{longest}}  {picture(one)}{package} {metadata.version(package)}"
        yield wrap(line, indent="    ")
    if clash:
        yield wrap(f"  {clash}", indent="    ")


def _call(name: str, parameters: str) -> str:
    return f"{name}({parameters})" if parameters else name


def _bars(waveform: Waveform) -> str:
    """Return a waveform from 0 to 1 as bars, and the gap behind them."""
    if not can_show(_BARS):
        return ""
    try:
        heights = np.asarray(waveform(np.linspace(0.0, 1.0, 12), NUMPY), dtype=np.float64)
    except Exception as error:  # noqa: BLE001  (whatever a plugin's waveform raises)
        return f"failed: {type(error).__name__}: {one_line(str(error))}  "
    places = np.clip(np.rint(heights * (len(_BARS) - 1)), 0, len(_BARS) - 1).astype(int)
    return "".join(_BARS[place] for place in places) + "  "


def _adapters() -> Iterator[str]:
    records = [one for one in plugins.listing() if _is_adapter(one)]
    longest = _longest(one.name for one in records)
    for record in records:
        try:
            framework = f"{record.name} {metadata.version(record.name)} is installed"
        except metadata.PackageNotFoundError:
            framework = ""
        if not framework and record.distribution == _OURS:
            framework = f"not installed: pip install 'hypercycle[{record.name}]'"
        line = f"  {record.name:<{longest}}  {_package(record)}  {framework}"
        yield wrap(line.rstrip(), indent="    ")


def _is_adapter(record: PluginRecord) -> bool:
    # Ours are loaded only where their framework is, and are all adapters.
    return record.distribution == _OURS or "hypercycle_attach" in (record.hooks or ())


def _plugins() -> Iterator[str]:
    records = [one for one in plugins.listing() if one.distribution != _OURS or one.error]
    longest = _longest(one.name for one in records)
    for record in records:
        if record.error:
            state = f"failed: {one_line(record.error)}"
        elif record.hooks is None:
            state = f"left out by {plugins.ENVIRONMENT_VARIABLE}"
        else:
            state = ", ".join(hook.removeprefix("hypercycle_") for hook in record.hooks)
        line = f"  {record.name:<{longest}}  {_package(record)}  {state}"
        yield wrap(line, indent="    ")


def _package(record: PluginRecord) -> str:
    if record.distribution is None:
        return record.value
    return f"{record.distribution} {record.version}"


def _longest(names: Iterable[str]) -> int:
    return min(max(map(len, names), default=0), 32)


_SECTIONS: dict[str, Callable[[], Iterator[str]]] = {
    "waveforms": _waveforms,
    "scales": _scales,
    "adapters": _adapters,
    "plugins": _plugins,
}
