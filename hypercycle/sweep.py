"""What records a range test, in a training loop of your own."""

from hypercycle.range_test.divergence import points_to_keep
from hypercycle.range_test.recorder import Recorder
from hypercycle.range_test.sweep import Sweep

__all__ = ["Recorder", "Sweep", "points_to_keep"]
