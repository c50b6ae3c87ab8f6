"""The tracking plan: a team's own event types, and where it is stricter with those of the vocabulary."""

from touchline.tracking.plan_file import PlanError, PlanFile, parse_plan, read_plan

__all__ = ["PlanError", "PlanFile", "parse_plan", "read_plan"]
