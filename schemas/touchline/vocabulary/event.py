"""The accepted event: what the log carries, the core folds and the store keeps.

It is an envelope that was checked once, at the edge; nothing behind the collector validates it again.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec

_time = attrgetter("time")
_order = attrgetter("time", "id")


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One accepted event.

    Times are milliseconds since 1970, UTC. `identifiers` are `kind:value`, normalised, without
    duplicates, strongest first (docs/semantics.md: rank, then text); there is at least one.
    """

    id: str
    type: str
    time: int
    channel: str
    source: str
    identifiers: tuple[str, ...]
    data: dict[str, Any] = {}
    context: dict[str, Any] = {}
    schema: int = 1
    received_at: int = 0
    producer: str = ""

    @property
    def entity(self) -> str:
        """The strongest identifier: it names the partition of the event and never changes."""
        return self.identifiers[0]

    @property
    def order(self) -> tuple[int, str]:
        """The key by which events are ordered: `(time, id)`."""
        return (self.time, self.id)


def in_order(events: Sequence[Event]) -> list[Event]:
    """The events by `(time, id)`; ids are compared only where two are of one time, which is seldom."""
    ordered = sorted(events, key=_time)
    last = None
    for event in ordered:
        time = event.time
        if time == last:
            return sorted(events, key=_order)
        last = time
    return ordered
