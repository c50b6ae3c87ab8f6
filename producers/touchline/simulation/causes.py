"""Planted causes: an attribute that most customers of one friction share, and few others.

`touchline explain` must find each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Cause:
    """An attribute with one bad value.

    Attributes:
        shares: Each value, and how often customers without the friction have it.
        bad: The value that most customers with the friction have.
    """

    shares: Mapping[str, int]
    bad: str

    def of_anyone(self, random: Random) -> str:
        """The value of a customer who does not meet the friction."""
        return random.choices(tuple(self.shares), tuple(self.shares.values()))[0]

    def of_affected(self, random: Random) -> str:
        """The value of a customer who meets the friction: the bad one in four of five."""
        return self.bad if random.random() < 0.8 else self.of_anyone(random)


METHOD = Cause({"card": 55, "wallet": 30, "bank transfer": 15}, bad="bank transfer")
"""Payments by bank transfer fail, in an outage as well: `payment_failed_again`, `data.method`."""

STORE = Cause({"harbour": 40, "market": 40, "station": 20}, bad="station")
"""The store at the station has too few people: `store_help_missed` and `visit_abandoned`, `data.store`."""

QUEUE = Cause({"tier1": 60, "evening": 20, "partner": 20}, bad="partner")
"""Calls that a partner takes wait long: `queue_abandoned` and `long_wait`, `data.queue`."""

RELEASE = Cause({"8.3": 75, "8.4": 25}, bad="8.4")
"""A release of the web shop broke a form: `form_abandoned`, `context.release`."""
