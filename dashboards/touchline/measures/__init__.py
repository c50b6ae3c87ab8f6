"""Measures of service and friction: each is defined once, with its SQL, unit and benchmark."""

from touchline.measures.catalogue import BY_NAME, MEASURES
from touchline.measures.formatting import format_distance, format_goal, format_value
from touchline.measures.measure import Dimension, Measure, Unit
from touchline.measures.owners import customer_id_of, owned
from touchline.measures.reading import Ask, GoalsError, Reading, Span, check_goals, evaluate

__all__ = [
    "BY_NAME",
    "MEASURES",
    "Ask",
    "Dimension",
    "GoalsError",
    "Measure",
    "Reading",
    "Span",
    "Unit",
    "check_goals",
    "customer_id_of",
    "evaluate",
    "format_distance",
    "format_goal",
    "format_value",
    "owned",
]
