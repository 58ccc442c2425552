"""Which bounds: what a range test records, and what is read off it."""

from __future__ import annotations

from hypercycle.range_test.bounds import Bounds, NoBounds
from hypercycle.range_test.planning import ExplainedPlan
from hypercycle.range_test.recorded import RangeTest
from hypercycle.range_test.recorder import Recorder
from hypercycle.range_test.sweep import Sweep

__all__ = ["Bounds", "ExplainedPlan", "NoBounds", "RangeTest", "Recorder", "Sweep"]
