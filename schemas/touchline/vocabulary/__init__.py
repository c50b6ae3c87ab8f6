"""The vocabulary: the event envelope, the event types, identifiers, and reasons to quarantine an event."""

from touchline.vocabulary.envelope import Channel, Envelope, to_event
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank
from touchline.vocabulary.normaliser import Normaliser
from touchline.vocabulary.refusal import Reason, explain

__all__ = ["Channel", "Envelope", "Event", "Normaliser", "Reason", "explain", "rank", "to_event"]
