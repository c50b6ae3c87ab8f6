"""Measures of service and friction: each is defined once, with its SQL, unit and benchmark."""

from touchline.measures.catalogue import BY_NAME, MEASURES
from touchline.measures.contacts import CONTACT
from touchline.measures.formatting import format_distance, format_goal, format_value
from touchline.measures.goals import Goal, GoalsError, check_goals, goals_in_force
from touchline.measures.measure import Dimension, Measure, Observed, Unit
from touchline.measures.owners import HASHED, customer_id_of, owned, owned_by_hash
from touchline.measures.reading import Ask, Reading, Span, evaluate
from touchline.measures.rounding import round_seconds

__all__ = [
    "BY_NAME",
    "CONTACT",
    "HASHED",
    "MEASURES",
    "Ask",
    "Dimension",
    "Goal",
    "GoalsError",
    "Measure",
    "Observed",
    "Reading",
    "Span",
    "Unit",
    "check_goals",
    "customer_id_of",
    "evaluate",
    "format_distance",
    "format_goal",
    "format_value",
    "goals_in_force",
    "owned",
    "owned_by_hash",
    "round_seconds",
]
