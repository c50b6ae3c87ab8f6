"""A record of a topic, whoever wrote it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from touchline.imports import Values

RECORD = "_record"
"""The column with the record's place, time, key and headers, beside the columns of its value."""


class Record(NamedTuple):
    """A record.

    Attributes:
        timestamp: Its time in Kafka, in milliseconds since 1970.
        value: Its value; None for a tombstone.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.topic}, partition {self.partition}, offset {self.offset}"

    def event_key(self, number: int) -> str:
        """A key for the event with this number of the record: the same whenever the record is read.

        The time is in it because the offsets of a topic that is deleted and created again start at 0 again.
        """
        return f"{self.topic}:{self.partition}:{self.offset}:{self.timestamp}:{number}"

    @property
    def about(self) -> Values:
        """What the column `_record` holds."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "timestamp": self.timestamp,
            "key": _key(self.key),
            "headers": {name: (value or b"").decode(errors="replace") for name, value in self.headers},
        }


def _key(key: bytes | None) -> Any:
    """A key as an object if it is one in JSON, else as text."""
    if key is None:
        return None
    if key.startswith(b"{"):
        try:
            return orjson.loads(key)
        except orjson.JSONDecodeError:
            pass
    return key.decode(errors="backslashreplace")
