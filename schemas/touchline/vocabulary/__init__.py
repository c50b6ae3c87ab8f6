"""The vocabulary: the event envelope, the event types, identifiers, and reasons to quarantine an event."""

from touchline.vocabulary.envelope import Channel, Envelope, to_event
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import normalise, normalised, rank
from touchline.vocabulary.refusal import Reason, explain

__all__ = ["Channel", "Envelope", "Event", "Reason", "explain", "normalise", "normalised", "rank", "to_event"]
