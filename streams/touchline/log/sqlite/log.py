"""The embedded log: records in one SQLite file, in the order in which they became durable.

A record holds many events, one JSON object per line. Offsets start at 1, increase, and are never reused, not
even after a deletion or a restart. Records that every consumer has committed are deleted.

SQLite rather than a broker: the log runs in the collector's process, needs no service, and survives a kill.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import structlog

from touchline.log.contract import Batch, LogDamaged, LogUnavailable
from touchline.log.sqlite.file import PAGE_BYTES, connect, create_tables, errors_translated, recovered_frames
from touchline.log.sqlite.intact import OpenFiles, wal_of, written_frames
from touchline.log.sqlite.overwrite import overwrite_deleted

Kind = Literal["accounts", "touchpoints", "quarantine", "ledger"]

_DELETED_PER_COMMIT: Final = 1000
_BEGUN: Final = "worker, begun"
_ROOM_BYTES: Final = 8 * 1024**2

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """A record: `body` is NDJSON with one event per line, `received_at` is in milliseconds since 1970."""

    offset: int
    kind: Kind
    received_at: int
    body: bytes


class SqliteLog:
    """A durable queue in one file, for several writing processes and threads.

    `max_bytes` limits the file; beyond it `append` raises LogFull until committed records are deleted.
    Every method raises LogUnavailable while the file cannot be used. Once the file is damaged, removed,
    replaced or cut short, `append` raises LogDamaged until a restart; what can still be read is read.
    """

    def __init__(self, path: Path | str, *, max_bytes: int = 4 * 1024**3) -> None:
        self._path = Path(path)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LogUnavailable(f"cannot create the folder of {self._path}: {error}") from error
        self._damage: str | None = None
        self._overwrites = False
        """Whether deleted records are still to be overwritten."""
        with self._errors_noted():
            written = written_frames(self._path)
            self._writer = connect(self._path)
            try:
                recovered = recovered_frames(self._writer)
                if recovered is not None and recovered < written:
                    _logger.error(
                        "log.damaged",
                        file=str(wal_of(self._path)),
                        pages_lost=written - recovered,
                        why="the file was changed, or the machine lost power: accepted events may be missing",
                    )
                create_tables(self._writer)
                # SQLite's own limit: it reports a full file as a full disk.
                self._writer.execute(f"PRAGMA max_page_count = {max(1, max_bytes // PAGE_BYTES)}")
                self._reader = connect(self._path)
            except BaseException:
                self._writer.close()
                raise
        self._files = OpenFiles(self._path)

    def append(self, batch: Batch) -> None:
        """Write a batch as one record per kind, in one transaction. Returns when it is on disk.

        Raises:
            LogDamaged: what is written would be lost, or was.
        """
        rows = [
            (kind, batch.received_at, b"\n".join(lines) + b"\n")
            for kind, lines in (
                # First, so that no reader sees an event that no account counts.
                ("accounts", batch.accounts),
                ("touchpoints", batch.touchpoints),
                ("quarantine", batch.quarantine),
                ("ledger", batch.ledger),
            )
            if lines
        ]
        if not rows:
            return
        # Before: the write makes a file that was cut grow again. After: the file may go during the write.
        self._refuse_if_damaged()
        with self._transaction() as writer:
            writer.executemany("INSERT INTO records (kind, received_at, body) VALUES (?, ?, ?)", rows)
        self._refuse_if_damaged()

    def read(
        self, after_offset: int, *, limit_bytes: int = 8 * 1024**2, limit_records: int = 1000
    ) -> list[Record]:
        """The records after an offset, in order: as many as the limits allow, and the first in any case."""
        records: list[Record] = []
        size = 0
        with self._reading, self._errors_noted():
            rows = self._reader.execute(
                'SELECT "offset", kind, received_at, body FROM records WHERE "offset" > ?'
                ' ORDER BY "offset" LIMIT ?',
                (after_offset, limit_records),
            )
            for row in rows:
                size += len(row[3])
                if records and size > limit_bytes:
                    break
                records.append(Record(*row))
            rows.close()
        return records

    def begin(self, offset: int) -> None:
        """Store that the worker is about to process the records up to `offset` as one batch."""
        with self._transaction() as writer:
            writer.execute("INSERT OR REPLACE INTO commits VALUES (?, ?)", (_BEGUN, offset))

    def begun(self) -> int:
        """The offset of the last `begin`; 0 before the first."""
        return self.committed(_BEGUN)

    def commit(self, offset: int, consumer: str = "worker") -> None:
        """Store that a consumer has processed all records up to `offset`. A commit never moves back.

        Records that all consumers have processed are deleted, a limited number per call. After an operator's
        decision, which may be to forget a customer, their bytes are overwritten once no records are left.
        """
        with self._transaction() as writer:
            self._overwrites = self._overwrites or _has_decisions(writer, offset)
            writer.execute(
                'INSERT INTO commits VALUES (?, ?) ON CONFLICT DO UPDATE SET "offset" = excluded."offset"'
                ' WHERE excluded."offset" > "offset"',
                (consumer, offset),
            )
            writer.execute(
                'DELETE FROM records WHERE "offset" IN (SELECT "offset" FROM records'
                ' WHERE "offset" <= (SELECT min("offset") FROM commits) ORDER BY "offset" LIMIT ?)',
                (_DELETED_PER_COMMIT,),
            )
        if self._overwrites:
            self._overwrites = not overwrite_deleted(self._path, self._transaction)

    def committed(self, consumer: str = "worker") -> int:
        """The offset of a consumer's last commit; 0 before the first."""
        return self._number('SELECT "offset" FROM commits WHERE consumer = ?', (consumer,))

    def end(self) -> int:
        """The offset of the last record, whether or not it was deleted; 0 in a new log."""
        return self._number("SELECT seq FROM sqlite_sequence WHERE name = 'records'")

    @property
    def size(self) -> int:
        """Bytes in use in the file, without the space of deleted records."""
        pages = self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")
        return pages * PAGE_BYTES

    def health_error(self) -> str | None:
        """Why the largest request would be refused now; None where it would be accepted."""
        if fault := self._fault():
            return fault
        try:
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < _ROOM_BYTES:
                return f"the log is full: less than {_ROOM_BYTES // 1024**2} MB are free on its disk"
            if self.size > self._max_bytes - _ROOM_BYTES:
                return f"the log is full: it has reached its limit of {self._max_bytes // 1024**2} MB"
        except (OSError, LogUnavailable) as error:
            return f"the log cannot be written: {error}"
        return None

    def close(self) -> None:
        """Close the file. The log cannot be used afterwards."""
        with self._lock, self._reading:
            self._writer.close()
            self._reader.close()

    def _fault(self) -> str | None:
        """What is wrong with the file for good; None if nothing is. Once something is, it remains."""
        if self._damage is None and (fault := self._files.fault()):
            self._damage = (
                f"{fault}: nothing more is accepted. Restart this process once the worker has caught up; "
                "until then it still reads what was accepted before"
            )
            _logger.error("log.damaged", why=fault)
        return self._damage

    def _refuse_if_damaged(self) -> None:
        if fault := self._fault():
            raise LogDamaged(fault)

    @contextmanager
    def _errors_noted(self) -> Iterator[None]:
        """Raise SQLite's errors as the log's, and remember a damaged file."""
        try:
            with errors_translated(self._path):
                yield
        except LogDamaged as error:
            self._damage = self._damage or str(error)
            raise

    def _number(self, sql: str, parameters: tuple[str, ...] = ()) -> int:
        with self._reading, self._errors_noted():
            row = self._reader.execute(sql, parameters).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors_noted():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise


def _has_decisions(connection: sqlite3.Connection, offset: int) -> bool:
    """Whether there are decisions of an operator among the records up to an offset."""
    sql = "SELECT 1 FROM records WHERE \"offset\" <= ? AND kind = 'ledger' LIMIT 1"
    return connection.execute(sql, (offset,)).fetchone() is not None
