"""Identity: which identifiers are one customer's."""

from touchline.vocabulary.data import EventData


class IdentityLinked(EventData):
    """The identifiers of this event belong together: a log-in, a confirmed address, a shown card."""
