"""Events into the store, as the peers' jobs do it: the table's columns, many rows at once."""

from typing import Any

import orjson

from touchline.store import connect_store
from touchline.store.address import Address

TOGETHER = 10_000
"""Rows that are inserted together, as the worker does when it is behind."""

_PLAIN = ("id", "type", "time", "received_at", "channel", "source", "entity", "identifiers", "schema")


class Storing:
    """Puts the events by and inserts them together; without a store it does nothing.

    Args:
        url: Of the store; empty for none.
        password: Of its writer.
        who: Named as the producer, so that the rows are no one else's.
    """

    def __init__(self, url: str, password: str, who: str) -> None:
        self._store = connect_store(Address(url, "writer", password)) if url else None
        self._who, self._number = who, 0
        self._waiting: list[dict[str, Any]] = []

    def add(self, event: dict[str, Any]) -> None:
        """One more event, as it was decoded."""
        if self._store is None:
            return
        self._waiting.append(event)
        if len(self._waiting) >= TOGETHER:
            self.insert()

    def insert(self) -> None:
        """Insert what waits."""
        if self._store is None or not self._waiting:
            return
        some, self._waiting = self._waiting, []
        rows: dict[str, list[Any]] = {name: [event[name] for event in some] for name in _PLAIN}
        rows["data"] = [orjson.dumps(event["data"]) for event in some]
        rows["context"] = [orjson.dumps(event["context"]) for event in some]
        rows["producer"] = [self._who] * len(some)
        rows["log_offset"] = [0] * len(some)
        self._number += 1
        self._store.insert("events", rows, token=f"{self._who}:{self._number}")
