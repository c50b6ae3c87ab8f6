"""The outbox: the last notification of each channel and fingerprint, or the first one that is expected.

It is read from the store once, and held in memory from then on; this process alone writes it. A row that the
store does not take is written with the next row; after a restart before that, the channel is notified again.
"""

import threading
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
import structlog

from touchline.engine.batch import columns
from touchline.runtime.alerting.queries import Insert, Query, shown
from touchline.store import StoreError
from touchline.tables import OutboxRow
from touchline.vocabulary.ids import derived_id

logger = structlog.get_logger(__name__)

_COLUMNS = OutboxRow.__struct_fields__
_ROWS = shown(
    "SELECT * FROM outbox FINAL",
    _COLUMNS,
    ids=("fingerprint", "alert"),
    times=("told_at", "failing_since", "next_at"),
)


class Outbox:
    """The rows of the outbox. All methods are safe to call from any thread."""

    def __init__(self, query: Query, insert: Insert) -> None:
        self._insert = insert
        self._lock = threading.Lock()
        self._rows = {(row.channel, row.fingerprint): row for row in outbox_rows(query)}
        self._unwritten: dict[tuple[str, UUID], OutboxRow] = {}

    def of(self, channel: str) -> list[OutboxRow]:
        """A channel's rows."""
        with self._lock:
            return [row for row in self._rows.values() if row.channel == channel]

    def get(self, channel: str, fingerprint: UUID) -> OutboxRow | None:
        """The row of a channel and a fingerprint; None if there is none."""
        with self._lock:
            return self._rows.get((channel, fingerprint))

    def unfinished(self, channels: Iterable[str]) -> list[str]:
        """Fingerprints that have not been notified as resolved to each of these channels."""
        known = set(channels)
        with self._lock:
            return sorted(
                {
                    str(row.fingerprint)
                    for row in self._rows.values()
                    if row.channel in known and row.told != "resolved"
                }
            )

    def expect(self, rows: Sequence[OutboxRow]) -> None:
        """Store rows of expected notifications.

        Raises:
            StoreError: the rows are not stored.
        """
        with self._lock:
            self._write({(row.channel, row.fingerprint): row for row in rows})
            self._rows.update({(row.channel, row.fingerprint): row for row in rows})

    def record(self, row: OutboxRow) -> None:
        """Store the result of an attempt; if the store is away, with the next row."""
        with self._lock:
            self._rows[row.channel, row.fingerprint] = row
            self._unwritten[row.channel, row.fingerprint] = row
            try:
                self._write({})
            except StoreError as error:
                logger.warning("alerts.outbox.unwritten", rows=len(self._unwritten), why=str(error))

    def _write(self, expected: dict[tuple[str, UUID], OutboxRow]) -> None:
        rows = list({**self._unwritten, **expected}.values())
        if rows:
            token = derived_id(msgspec.json.encode(rows).decode())
            self._insert("outbox", columns(rows), f"outbox:{token}")
            self._unwritten.clear()


def outbox_rows(query: Query) -> list[OutboxRow]:
    """The rows of the outbox in the store."""
    rows = query(f"{_ROWS} ORDER BY channel, fingerprint", {})
    return [msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), OutboxRow, strict=False) for row in rows]
