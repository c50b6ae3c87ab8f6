"""The outcome of a journey: that of its last outcome event."""

from typing import Literal

Outcome = Literal["converted", "resolved", "abandoned", "open"]

OUTCOMES: dict[str, Outcome] = {
    "order.placed": "converted",
    "account.opened": "converted",
    "help.succeeded": "resolved",
    "contact.abandoned": "abandoned",
    "order.cancelled": "abandoned",
    "subscription.cancelled": "abandoned",
    "account.closed": "abandoned",
}
"""Event types that decide an outcome; `contact.ended` decides `resolved` where it says so."""
