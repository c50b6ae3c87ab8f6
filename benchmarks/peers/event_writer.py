"""Inserts events into the store, as the peers' jobs do: the table's columns, many rows at once."""

from typing import Any

import orjson

from touchline.store import connect_store
from touchline.store.address import Address

BATCH = 10_000
"""Rows per insert, as a worker with a backlog writes them."""

_COLUMNS = ("id", "type", "time", "received_at", "channel", "source", "entity", "identifiers", "schema")
"""Columns that hold an event's field as it is."""


class EventWriter:
    """Collects events and inserts them in batches; does nothing without a store.

    Args:
        url: The store's address, or empty for none.
        password: The password of the role `writer`.
        producer: The rows' producer, which separates them from those of other programs.
    """

    def __init__(self, url: str, password: str, producer: str) -> None:
        self._store = connect_store(Address(url, "writer", password)) if url else None
        self._producer, self._number = producer, 0
        self._events: list[dict[str, Any]] = []

    def add(self, event: dict[str, Any]) -> None:
        """Add a decoded event; insert if the batch is full."""
        if self._store is None:
            return
        self._events.append(event)
        if len(self._events) >= BATCH:
            self.insert()

    def insert(self) -> None:
        """Insert the collected events."""
        if self._store is None or not self._events:
            return
        events, self._events = self._events, []
        rows: dict[str, list[Any]] = {name: [event[name] for event in events] for name in _COLUMNS}
        rows["data"] = [orjson.dumps(event["data"]) for event in events]
        rows["context"] = [orjson.dumps(event["context"]) for event in events]
        rows["producer"] = [self._producer] * len(events)
        rows["log_offset"] = [0] * len(events)
        self._number += 1
        self._store.insert("events", rows, token=f"{self._producer}:{self._number}")
