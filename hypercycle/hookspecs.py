"""The hooks, where authors of plugins look them up."""

from hypercycle.plugins.hookspecs import (
    hookimpl,
    hypercycle_attach,
    hypercycle_scales,
    hypercycle_step,
    hypercycle_waveforms,
)

__all__ = [
    "hookimpl",
    "hypercycle_attach",
    "hypercycle_scales",
    "hypercycle_step",
    "hypercycle_waveforms",
]
