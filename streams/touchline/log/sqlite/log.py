"""The embedded log: records in one SQLite file, in the order in which they became durable.

A record is many events, one JSON object a line. Offsets begin at 1, rise, and are never used twice,
neither after a deletion nor after a restart. What every consumer has committed is deleted.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from touchline.log.contract import Batch, LogFull, LogUnavailable

Kind = Literal["accounts", "touchpoints", "quarantine", "ledger"]

_APPLICATION_ID: Final = 0x746C6F67  # "tlog": tells our file from anybody else's
_VERSION: Final = 1
_PAGE_BYTES: Final = 4096
_BUSY_SECONDS: Final = 10.0
_DELETED_PER_COMMIT: Final = 1000
_BEGUN: Final = "worker, begun"
_ROOM_BYTES: Final = 8 * 1024**2

_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS records (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS commits (consumer TEXT PRIMARY KEY, "offset" INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `body` is NDJSON (one line an event), `received_at` in milliseconds since 1970."""

    offset: int
    kind: Kind
    received_at: int
    body: bytes


class SqliteLog:
    """A durable queue in one file, for several writing processes and threads.

    `max_bytes` bounds the file; past it `append` raises LogFull until committed records are deleted.
    Every method raises LogUnavailable when the file cannot be used now.
    """

    def __init__(self, path: Path | str, *, max_bytes: int = 4 * 1024**3) -> None:
        self._path = Path(path)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LogUnavailable(f"cannot create the folder of {self._path}: {error}") from error
        with self._errors():
            self._writer = self._connect()
            try:
                self._create()
                # SQLite's own bound: reaching it is answered as a full disk is.
                self._writer.execute(f"PRAGMA max_page_count = {max(1, max_bytes // _PAGE_BYTES)}")
                self._reader = self._connect()
            except BaseException:
                self._writer.close()
                raise

    def append(self, batch: Batch) -> None:
        """Keep a batch as one record a kind, in one transaction; returns when it is on disk."""
        rows = [
            (kind, batch.received_at, b"\n".join(lines) + b"\n")
            for kind, lines in (
                # First, so that nobody meets an event of which no account tells.
                ("accounts", batch.accounts),
                ("touchpoints", batch.touchpoints),
                ("quarantine", batch.quarantine),
                ("ledger", batch.ledger),
            )
            if lines
        ]
        if not rows:
            return
        with self._transaction() as writer:
            writer.executemany("INSERT INTO records (kind, received_at, body) VALUES (?, ?, ?)", rows)

    def read(
        self, after_offset: int, *, limit_bytes: int = 8 * 1024**2, limit_records: int = 1000
    ) -> list[Record]:
        """The records behind an offset, in order: as many as the limits allow, and at least one if any is."""
        found: list[Record] = []
        size = 0
        with self._reading, self._errors():
            rows = self._reader.execute(
                'SELECT "offset", kind, received_at, body FROM records WHERE "offset" > ?'
                ' ORDER BY "offset" LIMIT ?',
                (after_offset, limit_records),
            )
            for row in rows:
                size += len(row[3])
                if found and size > limit_bytes:
                    break
                found.append(Record(*row))
            rows.close()
        return found

    def begin(self, offset: int) -> None:
        """Remember that the worker is about to work off the records up to `offset`, all together."""
        with self._transaction() as writer:
            writer.execute("INSERT OR REPLACE INTO commits VALUES (?, ?)", (_BEGUN, offset))

    def begun(self) -> int:
        """The offset of the last `begin`; 0 before the first."""
        return self.committed(_BEGUN)

    def commit(self, offset: int, consumer: str = "worker") -> None:
        """Remember that a consumer is done with all records up to `offset`; it never moves back.

        Records that all consumers are done with are deleted, a bounded number a call.
        """
        with self._transaction() as writer:
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

    def committed(self, consumer: str = "worker") -> int:
        """The offset up to which a consumer is done; 0 before its first commit."""
        return self._number('SELECT "offset" FROM commits WHERE consumer = ?', (consumer,))

    def end(self) -> int:
        """The last offset given out, whether its record is still kept or not; 0 in a new log."""
        return self._number("SELECT seq FROM sqlite_sequence WHERE name = 'records'")

    @property
    def size(self) -> int:
        """Bytes in use in the file; what deleted records left behind is not counted."""
        pages = self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")
        return pages * _PAGE_BYTES

    def trouble(self) -> str | None:
        """Why a request of the largest size would not be taken now; None where there is room for it."""
        try:
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < _ROOM_BYTES:
                return f"the log has no room: under {_ROOM_BYTES // 1024**2} MB are free on its disk"
            if self.size > self._max_bytes - _ROOM_BYTES:
                return f"the log has no room: it has reached its bound of {self._max_bytes // 1024**2} MB"
        except (OSError, LogUnavailable) as error:
            return f"the log waits: {error}"
        return None

    def close(self) -> None:
        """Close the file; the log is of no use afterwards."""
        with self._lock, self._reading:
            self._writer.close()
            self._reader.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._check_ours(connection)
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            self._use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _use_wal(connection: sqlite3.Connection) -> None:
        # SQLite does not wait for a process that makes the same change to a new file: it fails at once.
        give_up_at = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.01)
            else:
                return

    def _check_ours(self, connection: sqlite3.Connection) -> None:
        # In this order: another process may be creating the file, tables and mark in one transaction.
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        if tables and application_id != _APPLICATION_ID:
            raise LogUnavailable(
                f"{self._path} is an SQLite file, but not a Touchline log: move it away or use another folder"
            )
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise LogUnavailable(
                f"{self._path} was written by a newer Touchline (log version {version}): upgrade Touchline"
            )

    def _create(self) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for statement in _SCHEMA.split(";"):
                self._writer.execute(statement)
            self._writer.execute("COMMIT")
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise

    def _number(self, sql: str, parameters: tuple[str, ...] = ()) -> int:
        with self._reading, self._errors():
            row = self._reader.execute(sql, parameters).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # A closed connection, for one, raises without a code.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_FULL:
                raise LogFull(
                    f"{self._path} has no room: the disk is full, or the log has reached its bound "
                    "because nothing reads it; free space, or see that the worker runs"
                ) from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise LogUnavailable(
                    f"{self._path} is damaged, or no Touchline log ({error}): move it away and start again, "
                    "or restore it from a copy"
                ) from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise LogUnavailable(
                    f"{self._path} was held by another process for over {_BUSY_SECONDS:.0f} s: retry"
                ) from error
            raise LogUnavailable(f"{self._path} cannot be used: {error}") from error
