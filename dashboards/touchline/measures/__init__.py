"""Measures of service and friction: each defined once, measured by one function, with goals."""

from touchline.measures.catalogue import BY_NAME, MEASURES
from touchline.measures.measure import Dimension, Measure, Unit
from touchline.measures.owners import customer_id_of, owned
from touchline.measures.reading import Ask, GoalsError, Reading, Span, check_goals, evaluate
from touchline.measures.wording import ahead, shown

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
    "ahead",
    "check_goals",
    "customer_id_of",
    "evaluate",
    "owned",
    "shown",
]
