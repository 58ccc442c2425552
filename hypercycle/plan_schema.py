"""What a plan file may hold, for programs that check files."""

from hypercycle.plan_files.schema import json_schema
from hypercycle.schedules.plain_data import Problem

__all__ = ["Problem", "json_schema"]
