"""The outcome of a journey: that of its last outcome event."""

from collections.abc import Sequence

from touchline.vocabulary.event import Event

OUTCOMES = {
    "order.placed": "converted",
    "account.opened": "converted",
    "help.succeeded": "resolved",
    "contact.abandoned": "abandoned",
    "order.cancelled": "abandoned",
    "subscription.cancelled": "abandoned",
    "account.closed": "abandoned",
}
"""Event types that decide an outcome; `contact.ended` decides `resolved` where it says so."""


def outcome(events: Sequence[Event]) -> str:
    """`converted`, `resolved`, `abandoned`, or `open` where no event decides."""
    for event in reversed(events):
        if event.type == "contact.ended" and event.data.get("resolved") is True:
            return "resolved"
        if event.type in OUTCOMES:
            return OUTCOMES[event.type]
    return "open"
