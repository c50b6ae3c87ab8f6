"""The accepted event: the collector writes it to the log, the engine folds it, the store keeps it.

The collector validates it once; nothing after the collector validates it again.
"""

from typing import Any, Final

import msgspec

IMPORTED: Final = "import"
"""The producer of imported events. They are history: how long they took to arrive means nothing."""


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
