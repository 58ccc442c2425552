"""Code that ``torch.compile`` shall not look into: it would compile each step's values anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch._dynamo.decorators import skip

Called = TypeVar("Called", bound=Callable[..., Any])


def left_as_it_is(function: Called) -> Called:
    """Mark a function that runs at every step; what it calls is looked into if not marked too.

    It is not wrapped, so that it costs nothing where nothing is compiled.
    """
    skip(function)
    return function


def left_as_it_is_inside(function: Called) -> Called:
    """Wrap a function that few steps call: neither it nor what it calls is looked into."""
    wrapped: Called = torch.compiler.disable(function)  # type: ignore[no-untyped-call]
    return wrapped
