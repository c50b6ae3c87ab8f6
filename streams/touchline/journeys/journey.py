"""A journey, as stored in the journeys table."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from touchline.journeys.outcome import Outcome
from touchline.journeys.ways import Way
from touchline.vocabulary.ids import derived_id


class Strike(NamedTuple):
    """A friction that counts against a journey: its time (ms), its weight, and the id of what it hangs on."""

    opened_at: int
    weight: int
    anchor: str


class Journey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One journey. Times are milliseconds since 1970.

    `path` is the channels in order, repeats collapsed. `contacts`, `wait_seconds`, `transfers`,
    `channel_switches` and `repeats` (contacts about a reason that the journey had before) are the
    observed effort. `ways` are those from a cart to an order, in the order of their beginnings.
    """

    first: str
    start: int
    last: int
    path: tuple[str, ...]
    events: int
    contacts: int
    visits: int
    strikes: int
    score: int
    grade: str
    outcome: Outcome
    wait_seconds: int
    transfers: int
    channel_switches: int
    repeats: int
    ways: tuple[Way, ...]

    @property
    def id(self) -> UUID:
        """UUIDv5 over `journey:<first event's id>`."""
        return derived_id(f"journey:{self.first}")
