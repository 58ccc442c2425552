"""Which bounds: what a range test records, and what is read off it."""

from __future__ import annotations

from hypercycle.range_test.recorded import RangeTest

__all__ = ["RangeTest"]
