"""A plan as a file: TOML, JSON and YAML."""

from __future__ import annotations

from hypercycle.plan_files.files import PlanFileError

__all__ = ["PlanFileError"]
