"""``Mixture``: weights that sum to one, such as the shares of data sources."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP, Namespace
from hypercycle.numbers.lengths import Facts
from hypercycle.schedules.combination import Combination
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record


class Mixture(Groups):
    r"""Weights that sum to one, as one hyperparameter: the shares of data sources, of losses.

    .. math:: value_i = w_i / (w_1 + \\ldots + w_n)

    in float64, the sum in the order of the names: the values sum to one but for n roundings. Its
    value at a step is a dict by name; ``attach`` writes it to an attribute that is a dict with
    these keys, or a list, tuple, array or tensor of that length, in the order of the names.

    Parameters
    ----------
    weights
        ``{name: schedule}``; numbers mean :class:`~hypercycle.Constant`. They are never negative,
        and not all 0 at any step.

    Raises
    ------
    TypeError, ValueError
        If there is no weight, a name is no text or a weight no schedule, or one is known to become
        negative or all are 0: here, or when it is asked for the values of such a step. In a
        program that is traced, where this cannot be seen, the values are not finite there.

    Examples
    --------
    >>> from hypercycle import Ramp
    >>> mix = Mixture({"web": 3.0, "code": Ramp(1.0, 3.0, 100)})
    >>> mix(0), mix(100)
    ({'web': 0.75, 'code': 0.25}, {'web': 0.5, 'code': 0.5})
    """

    def __init__(self, weights: Mapping[str, Any]) -> None:
        if not isinstance(weights, Mapping):
            raise TypeError(f"Mixture takes a mapping {{name: schedule}}, got {weights!r:.80}")
        if not weights:
            raise ValueError("Mixture needs at least one weight, got {}")
        for name in weights:
            if not isinstance(name, str):
                raise TypeError(f"a weight of a Mixture is named by a str, got {name!r:.80}")
        self._weights: dict[str, Record] = {
            name: as_schedule(value, f"the weight {name!r}") for name, value in weights.items()
        }
        ranges = {name: one.known_range() for name, one in self._weights.items()}
        for name, known in ranges.items():
            if known is not None and known[0] < 0.0:
                raise ValueError(
                    f"weights of a Mixture must not be negative, and {name!r} reaches {known[0]}"
                )
        if all(known == (0.0, 0.0) for known in ranges.values()):
            raise ValueError("weights of a Mixture must not all be 0")
        together = tuple(self._weights.values())
        self._schedules = {name: Share(together, i) for i, name in enumerate(self._weights)}

    @property
    def weights(self) -> dict[str, Record]:
        """The weights by name, before they are divided by their sum."""
        return dict(self._weights)

    def __repr__(self) -> str:
        return f"Mixture({self._weights!r})"

    def resolve(self, **facts: Unpack[Facts]) -> Mixture:
        """Return the mixture with all lengths in steps."""
        return Mixture({name: one.resolve(**facts) for name, one in self._weights.items()})


@dataclass(frozen=True)
class Share(Combination):
    """One of several weights, divided by their sum."""

    weights: tuple[Record, ...]
    number: int

    @property
    def schedules(self) -> tuple[Record, ...]:
        """All weights."""
        return self.weights

    def of(self, *schedules: Record) -> Share:
        """Return the same share of other weights."""
        return Share(schedules, self.number)

    def reached(self) -> list[float]:
        """Return 0 and 1, which no share is outside of."""
        return [0.0, 1.0]

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        weights = [weight.evaluate(step, xp) for weight in self.weights]
        total = functools.reduce(operator.add, weights)
        if xp is ONE_STEP or xp is NUMPY:
            for weight in weights:
                _refuse(np.less(weight, 0.0), step, "must not be negative")
            _refuse(np.equal(total, 0.0), step, "must not all be 0")
        return weights[self.number] / total


def _refuse(wrong: Any, step: Any, what: str) -> None:
    wrong = np.broadcast_to(wrong, np.shape(step))
    if wrong.any():
        first = np.asarray(step)[wrong].flat[0]
        raise ValueError(f"weights of a Mixture {what}, as they are at step={first}")
