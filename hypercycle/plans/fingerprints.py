"""Fingerprints: short texts that tell one plan from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fingerprint(description: Mapping[str, Any]) -> str:
    """Return the fingerprint of a described plan; see :meth:`hypercycle.Plan.fingerprint`."""
    import hashlib
    import json

    # Through JSON first, where the index of a group is a text.
    text = json.dumps(json.loads(json.dumps(description)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
