"""What a plan file may hold, for programs that check files; needs what reading one needs."""

from hypercycle.plan_files.schema import Problem, json_schema

__all__ = ["Problem", "json_schema"]
