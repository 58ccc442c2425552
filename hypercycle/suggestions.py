"""Classic rules that turn a range test's losses into one value.

All work on the curve that :class:`hypercycle.Bounds` is read off, over the axis of the range test,
so that neither the number of points nor the unit of the loss changes what they say.
"""

from hypercycle.range_test.suggestions import (
    SUGGESTIONS,
    max_over_3,
    max_over_4,
    minimum_over_10,
    slide,
    steepest,
    valley,
)

__all__ = [
    "SUGGESTIONS",
    "max_over_3",
    "max_over_4",
    "minimum_over_10",
    "slide",
    "steepest",
    "valley",
]
