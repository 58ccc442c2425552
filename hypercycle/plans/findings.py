"""``Finding``: something in a plan that is probably not meant."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


class Finding(NamedTuple):
    """Something in a plan that is probably not meant.

    Attributes
    ----------
    rule
        The name of the rule that found it, which does not change: ``"mid-cycle"``.
    where
        The path in the plan, such as ``"lr.parts.1"``.
    what
        What was found, with its numbers.
    instead
        What to write instead.
    severity
        ``"error"``: it cannot be meant; ``"warning"``: it is probably not meant; ``"note"``: it is
        worth knowing.
    """

    rule: str
    where: str
    what: str
    instead: str
    severity: Severity

    def __str__(self) -> str:
        return f"{self.where}: {self.severity} ({self.rule}): {self.what}; {self.instead}"
