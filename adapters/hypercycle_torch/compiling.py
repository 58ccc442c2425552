"""Code that ``torch.compile`` shall not look into: it would compile each step's values anew."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch._C._dynamo import eval_frame
from torch._dynamo.decorators import skip

Called = TypeVar("Called", bound=Callable[..., Any])

# Who compiles the code that runs now; None for nobody.
compiler: Callable[[], Any] = getattr(eval_frame, "get_eval_frame_callback", lambda: "unknown")


def left_as_it_is(function: Called) -> Called:
    """Mark a function that runs at every step; what it calls is looked into if not marked too.

    It is not wrapped, so that it costs nothing where nothing is compiled.
    """
    skip(function)
    return function


def left_as_it_is_inside(function: Called) -> Called:
    """Wrap a function that few steps call: neither it nor what it calls is looked into."""
    unseen: Called = torch.compiler.disable(function)  # type: ignore[no-untyped-call]

    # PyTorch's own wrapper takes as long as two steps.
    @functools.wraps(function)
    def called(*arguments: Any) -> Any:
        return function(*arguments) if compiler() is None else unseen(*arguments)

    return left_as_it_is(called)  # type: ignore[return-value]
