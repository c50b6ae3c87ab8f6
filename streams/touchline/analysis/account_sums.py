"""The accounts table, summed up: a row for each client of a producer, and the holes in what came of it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from touchline.store import Reply

HOLES = 5
"""Holes that are read of one client."""

MOST = 1_000
"""Holes that are read in all."""

_SUMS = """
SELECT producer, client, max(batch) AS batches, toUnixTimestamp64Milli(max(at)) AS heard_at,
    sum(events) AS came, max(first + events) AS reached,
    sum(quarantined) AS quarantined, sum(repeated) AS repeated,
    argMax(emitted, batch) AS emitted, argMax(queued, batch) AS queued, argMax(lost, batch) AS lost,
    sum(stored) AS stored, sum(duplicates) AS duplicates, sum(suppressed) AS suppressed
FROM accounts FINAL GROUP BY producer, client ORDER BY producer, client
"""

_HOLES = f"""
SELECT producer, client, before AS after_batch, batch AS before_batch, first - reached AS events
FROM (
    SELECT producer, client, batch, first,
        any(batch) OVER previous AS before, any(first + events) OVER previous AS reached
    FROM accounts FINAL WHERE client != ''
    WINDOW previous AS (PARTITION BY producer, client ORDER BY batch ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING)
)
WHERE first > reached ORDER BY producer, client, batch LIMIT {HOLES} BY producer, client LIMIT {MOST}
"""  # noqa: S608 - constants


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows of one client add up to; those of requests without an account, and the worker's, of "".

    `came` counts events in requests, each batch once; `reached` is how many had left the client's queue with
    the last of them. `emitted`, `queued` and `lost` are what the client said at last; `heard_at` is in ms.
    """

    producer: str
    client: str = ""
    batches: int = 0
    heard_at: int = 0
    came: int = 0
    reached: int = 0
    quarantined: int = 0
    repeated: int = 0
    emitted: int = 0
    queued: int = 0
    lost: str = ""
    stored: int = 0
    duplicates: int = 0
    suppressed: int = 0

    @property
    def losses(self) -> dict[str, int]:
        """`lost` by reason."""
        return msgspec.json.decode(self.lost, type=dict[str, int]) if self.lost else {}


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Events of a client that never came, between two batches that did; before the first, after batch 0."""

    producer: str
    client: str
    after_batch: int
    before_batch: int
    events: int


class Reader(Protocol):
    """What answers queries on a store."""

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        """The answer to one reading statement, in a format."""


_sums = msgspec.json.Decoder(Sums, strict=False)
_holes = msgspec.json.Decoder(Hole, strict=False)


def read_sums(reader: Reader) -> tuple[list[Sums], list[Hole]]:
    """Sum up the table of accounts: each client, and the first holes of each."""
    return (
        _sums.decode_lines(reader.reply(_SUMS, "JSONEachRow").body),
        _holes.decode_lines(reader.reply(_HOLES, "JSONEachRow").body),
    )
