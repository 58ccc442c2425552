"""The built-in waveforms, where users import them from."""

from hypercycle.shapes.waveforms import *  # noqa: F403
