"""The table of measures. The page, Grafana, reports and goals all read it."""

from touchline.measures import cases, contacts, feedback, outcomes
from touchline.measures.measure import Measure

MEASURES: tuple[Measure, ...] = (*contacts.MEASURES, *feedback.MEASURES, *outcomes.MEASURES, *cases.MEASURES)
"""All measures, in the order in which they are shown."""

BY_NAME = {measure.name: measure for measure in MEASURES}
