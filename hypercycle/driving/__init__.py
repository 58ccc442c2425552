"""A plan and a target: the kit of every adapter, ours and anybody's.

An adapter of a framework is a plugin that implements ``hypercycle_attach``. With the kit it needs
little more than where the framework's objects keep their hyperparameters: see CONTRIBUTING.
"""

from __future__ import annotations

from hypercycle.driving import names
from hypercycle.driving.cycler import Cycler
from hypercycle.driving.interval import ACCEPTED, UNLIMITED, Interval
from hypercycle.driving.names import Place
from hypercycle.driving.objects import ObjectCycler
from hypercycle.driving.options import Options
from hypercycle.driving.several import Several
from hypercycle.driving.tracks import Track
from hypercycle.driving.warning import warn

__all__ = [
    "ACCEPTED",
    "UNLIMITED",
    "Cycler",
    "Interval",
    "ObjectCycler",
    "Options",
    "Place",
    "Several",
    "Track",
    "names",
    "warn",
]
