"""Names that mean the same in every framework, and the words in which adapters refuse one.

A plan's names are neutral: ``lr``, ``momentum``, ``beta1``, ``beta2``, ``weight_decay``, ``eps``;
anything else is the framework's own. An adapter finds the :class:`Place` where its targets keep a
hyperparameter, and raises the errors of this file where there is none that can follow a schedule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from hypercycle.numbers.spelling import suggestion

_NEUTRAL = {"lr", "momentum", "beta1", "beta2", "weight_decay", "eps"}
BETAS = {"beta1": 0, "beta2": 1, "beta3": 2}
"""The neutral names of the members of ``betas``."""

_MEMBER = re.compile(r"(?P<key>\w+)\[(?P<index>\d+)\]", re.ASCII)

# Whose first beta averages gradients, as momentum does. Lion's and Adan's mean something else, and
# so does that of the schedule-free methods.
_ADAM_LIKE = re.compile(
    r"adam|adabelief|adopt|acprop|amsgrad|lamb|novograd|prodigy|sophia|yogi", re.IGNORECASE
)
_NOT_ADAM_LIKE = re.compile(r"schedule_?free|lion", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where a target keeps a hyperparameter: under a key, or as a member of the tuple there.

    >>> str(Place("lr")), str(Place("betas", 0))
    ('lr', 'betas[0]')
    """

    key: str
    index: int | None = None

    def __str__(self) -> str:
        return self.key if self.index is None else f"{self.key}[{self.index}]"


def is_neutral(name: str) -> bool:
    """Return whether a name means the same hyperparameter in every framework.

    >>> is_neutral("weight_decay"), is_neutral("rho")
    (True, False)
    """
    return name in _NEUTRAL


def member_of(name: str) -> Place | None:
    """Return the place that a name such as ``"etas[0]"`` spells out; None for other names.

    >>> member_of("etas[1]")
    Place(key='etas', index=1)
    """
    match = _MEMBER.fullmatch(name)
    return None if match is None else Place(match["key"], int(match["index"]))


def beta_index(name: str) -> int | None:
    """Return which member of ``betas`` a name may stand for: ``momentum`` may be the first.

    >>> beta_index("beta2"), beta_index("momentum"), beta_index("lr")
    (1, 0, None)
    """
    return 0 if name == "momentum" else BETAS.get(name)


def averages_gradients(optimizer: str) -> bool:
    """Return whether the first beta of an optimizer of this name is what others call momentum.

    >>> averages_gradients("AdamW"), averages_gradients("Lion")
    (True, False)
    """
    return bool(_ADAM_LIKE.search(optimizer)) and not _NOT_ADAM_LIKE.search(optimizer)


def is_number(value: Any) -> bool:
    """Return whether this is a real number; a switch is not."""
    return isinstance(value, Real) and not isinstance(value, bool)


# What adapters refuse, in the same words.


def is_unknown(kind: str, name: str, known: Iterable[str], also: Iterable[str] = ()) -> ValueError:
    """Return the error for a name that a target does not have; ``also`` may be meant, too.

    >>> print(is_unknown("SGD", "lrr", ["lr", "momentum"]))
    SGD has no hyperparameter 'lrr'; did you mean 'lr'? available: lr, momentum
    """
    known = list(known)
    hint = suggestion(name, [*known, *also])
    if not hint and is_neutral(name):
        hint = "leave it out, as in attach(target, lr=plan['lr']); "
    return ValueError(f"{kind} has no hyperparameter {name!r}; {hint}available: {', '.join(known)}")


def ambiguous_momentum(kind: str) -> ValueError:
    """Return the error for ``momentum`` where no beta is certain to mean it."""
    return ValueError(
        f"{kind} has no momentum of its own, and its betas may mean something else than Adam's: "
        "use 'beta1' or 'beta2'"
    )


def given_twice(first: str, second: str, kind: str, place: object) -> ValueError:
    """Return the error for two names of one hyperparameter."""
    return ValueError(
        f"{first!r} and {second!r} are the same hyperparameter of {kind}, {place}: give one of them"
    )


def is_a_tuple(name: str, kind: str, count: int) -> ValueError:
    """Return the error for the name of a tuple."""
    members = ", ".join(f"{name}[{index}]" for index in range(count))
    return ValueError(f"{name} of {kind} has {count} members: name one, {members}")


def is_a_switch(place: object, kind: str, value: bool | None = None) -> TypeError:
    """Return the error for a hyperparameter that is on or off."""
    shown = "" if value is None else f" ({value})"
    return TypeError(f"{place} of {kind} is a switch{shown}: it cannot follow a schedule")


def is_a_count(place: object, kind: str) -> TypeError:
    """Return the error for a hyperparameter that is a whole number."""
    return TypeError(f"{place} of {kind} is a count, a whole number: it cannot follow a schedule")


def needs_whole_numbers(
    place: object, kind: str, present: object, schedule: object, otherwise: str = ""
) -> TypeError:
    """Return the error for a whole number whose schedule may give others."""
    return TypeError(
        f"{place} of {kind} is a whole number, {present!r:.40}, and it is not known that "
        f"{schedule!r:.200} gives such alone: wrap it, Rounded(schedule) or Rounded(schedule, "
        f"multiple_of=8){otherwise and '; '}{otherwise}"
    )


def is_a_mixture(name: str, kind: str) -> TypeError:
    """Return the error for a Mixture where there are numbers alone."""
    return TypeError(
        f"{name} is a Mixture, which is written to a dict, list, array or tensor of weights: what "
        f"{kind} has under a name is one number; attach it to the object that has the weights"
    )


def is_not_a_number(place: object, kind: str, value: Any) -> TypeError:
    """Return the error for a hyperparameter that holds something else."""
    return TypeError(f"{place} of {kind} must be a number to follow a schedule, got {value!r:.80}")


def leaves_out(name: str, groups: str, remedy: str) -> ValueError:
    """Return the error for groups that ``Groups`` does not mention."""
    return ValueError(f"{name}: Groups does not mention {groups}: {remedy}")
