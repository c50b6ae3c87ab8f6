"""The measures, each defined once: one table that panels, reports, goals and alerts read."""

from touchline.measures import contacts, outcomes, voice
from touchline.measures.measure import Measure

MEASURES: tuple[Measure, ...] = (*contacts.MEASURES, *voice.MEASURES, *outcomes.MEASURES)
"""All measures, in the order in which they are shown."""

BY_NAME = {measure.name: measure for measure in MEASURES}
