"""The accepted event: the collector writes it to the log, the engine folds it, the store keeps it.

The collector validates it once; nothing after the collector validates it again.
"""

from typing import Any, Final

import msgspec

IMPORTED: Final = "import"
"""The producer of imported events. They are history: how long they took to arrive means nothing."""


SAME_TIME_MS: Final = 5_000
"""If an event is sent again, the correction of its client's clock can change its time by up to this."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One accepted event.

    Times are milliseconds since 1970, UTC. `identifiers` has at least one `kind:value`, normalised, without
    duplicates, strongest first: by rank, then by text (docs/semantics.md).
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
        """The strongest identifier. It decides the event's partition and never changes."""
        return self.identifiers[0]


def same_content(one: Event, other: Event) -> bool:
    """Whether two events with one id have the same content.

    Compared are type, time, channel, source, identifiers and data. Times may differ by what the correction
    of a client's clock can change. What the collector sets is not compared, nor is the context, which says
    how the event came.
    """
    return (
        one.type == other.type
        and one.channel == other.channel
        and one.source == other.source
        and one.identifiers == other.identifiers
        and abs(one.time - other.time) <= SAME_TIME_MS
        and (one.data is other.data or _encode(one.data) == _encode(other.data))
    )
