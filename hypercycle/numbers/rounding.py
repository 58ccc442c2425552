"""Whole lengths of parts that follow each other: the boundaries are rounded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from hypercycle.numbers.lengths import half_up


def rounded_parts(
    exact: Sequence[Fraction],
    gives: Sequence[bool],
    start: Fraction = Fraction(0),
    most: int | None = None,
) -> list[int]:
    r"""Return whole lengths: the distances of boundaries that are rounded half up.

    .. math:: n_k = \\lfloor b_{k+1} + 1/2 \\rfloor - \\lfloor b_k + 1/2 \\rfloor, \\qquad
              b_k = start + \\sum_{i < k} exact_i

    A length that is not zero stays at least 1: it takes a step of the longest part that ``gives``
    and has more than one; if there is none, all are one step longer together, or where they take
    up ``most`` steps already, the length becomes 0.

    >>> rounded_parts([Fraction(11, 2), Fraction(165, 2), Fraction(22)], [True] * 3)
    [6, 82, 22]
    >>> rounded_parts([Fraction(1, 10), Fraction(3, 2), Fraction(2, 5)], [True] * 3, most=2)
    [1, 1, 0]
    """
    boundaries = [half_up(one) for one in accumulate(exact, initial=start)]
    lengths = [end - begin for begin, end in pairwise(boundaries)]
    for index, length in enumerate(exact):
        if length and not lengths[index]:
            giving = max(
                (i for i, n in enumerate(lengths) if n > 1 and gives[i]),
                key=lambda i: lengths[i],
                default=None,
            )
            if giving is not None:
                lengths[giving] -= 1
            elif sum(lengths) == most:
                continue
            lengths[index] = 1
    return lengths
