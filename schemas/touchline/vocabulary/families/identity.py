"""Identity: identifiers of one customer."""

from touchline.vocabulary.data import EventData


class IdentityLinked(EventData):
    """The identifiers of this event belong to one customer, such as after a log-in."""
