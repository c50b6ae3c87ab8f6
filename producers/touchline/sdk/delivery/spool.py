"""The spool: batches on disk that could not be sent, shared by the processes of one host.

1. `add` commits batches before their events count as spooled.
2. `claim` leases the oldest batch, so no other process sends it until the lease ends.
3. The process sends the batch, under the number that its client gave it.
4. `remove` deletes it, or `release` ends the lease.

A process that is killed between 3 and 4 has its batch sent again after the lease. Event ids and the batch's
number make that harmless: the collector counts both once.
"""

import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from touchline.sdk.delivery.account import Account
from touchline.sdk.delivery.sqlite_file import open_file
from touchline.sdk.limits import Limits
from touchline.sdk.transport import Batch

BUSY_SECONDS = 0.5
"""How long a write waits for a write of another process."""

LONGEST_LEASE_MS = 3_600_000
"""The longest lease. One that ends later was taken before the clock was set back, and does not hold."""

_TABLE = """
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    spooled_at INTEGER NOT NULL,
    events INTEGER NOT NULL,
    body BLOB NOT NULL,
    account TEXT NOT NULL,
    lost TEXT NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0
)
"""
_INSERT = "INSERT INTO batches (spooled_at, events, body, account, lost) VALUES (?, ?, ?, ?, ?)"
_CLAIM = """
SELECT id, spooled_at, events, body, account, lost FROM batches
WHERE leased_until <= :now OR leased_until > :longest ORDER BY id LIMIT 1
"""


class SpoolError(Exception):
    """The spool cannot be used now. The message is the kind of error, without values."""


class Spooled(NamedTuple):
    """A batch on disk; `spooled_at` is in milliseconds since 1970."""

    id: int
    spooled_at: int
    batch: Batch


def spool_path(folder: Path, destination: str, source: str) -> Path:
    """The spool's file for one destination: clients of other sources or collectors do not send from it."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", source)[:40]
    return folder / f"{name}-{hashlib.sha256(f'{source} {destination}'.encode()).hexdigest()[:12]}.sqlite"


class Damaged(NamedTuple):
    """A batch on disk that cannot be read, with the number of its events."""

    id: int
    events: int


class Spool:
    """Batches in a SQLite file, first in, first out. Every method raises SpoolError if the file fails.

    Args:
        path: The file. It is created by the first `add`.
        limits: Bounds on its size.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._most_bytes = limits.spool_bytes
        # Long enough for a request that connects, sends and reads as slowly as it may.
        self._lease_ms = min(int(limits.request_seconds * 4_000), LONGEST_LEASE_MS)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def add(self, batches: Sequence[Batch], now_ms: int) -> None:
        """Write batches durably, all or none."""
        rows = [_row(batch, now_ms) for batch in batches]
        with self._transaction(durable=True) as connection:
            connection.executemany(_INSERT, rows)

    def claim(self, now_ms: int) -> Spooled | Damaged | None:
        """Lease the oldest batch that no process has leased; None if there is none."""
        if not self._has_rows():
            return None
        with self._transaction() as connection:
            found = connection.execute(
                _CLAIM, {"now": now_ms, "longest": now_ms + LONGEST_LEASE_MS}
            ).fetchone()
            if found is None:
                return None
            connection.execute(
                "UPDATE batches SET leased_until = ? WHERE id = ?", (now_ms + self._lease_ms, found[0])
            )
        return _spooled(*found)

    def remove(self, batch: Spooled | Damaged) -> None:
        """Delete a batch that is settled or lost."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM batches WHERE id = ?", (batch.id,))
            is_empty = connection.execute("SELECT 1 FROM batches LIMIT 1").fetchone() is None
        if is_empty:
            self._shrink()

    def replace(self, spooled: Spooled, halves: Sequence[Batch]) -> None:
        """Replace a batch with its halves."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM batches WHERE id = ?", (spooled.id,))
            connection.executemany(_INSERT, [_row(batch, spooled.spooled_at) for batch in halves])

    def release(self, spooled: Spooled) -> None:
        """End the lease of a batch that could not be sent."""
        with self._transaction() as connection:
            connection.execute("UPDATE batches SET leased_until = 0 WHERE id = ?", (spooled.id,))

    def events(self) -> int:
        """Number of events on disk."""
        if not self._has_rows():
            return 0
        with self._transaction() as connection:
            return int(connection.execute("SELECT sum(events) FROM batches").fetchone()[0] or 0)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def before_fork(self) -> None:
        """Close the file and keep every thread out of it: a child must not inherit a use of SQLite."""
        self._lock.acquire()
        self.close()

    def after_fork(self) -> None:
        """In the parent: let threads use the file again."""
        self._lock.release()

    def _has_rows(self) -> bool:
        """Whether there is any batch. Does not create the file, and does not wait for writers."""
        with self._lock:
            if self._connection is None and not self.path.exists():
                return False
            try:
                return self._open().execute("SELECT 1 FROM batches LIMIT 1").fetchone() is not None
            except (sqlite3.Error, OSError) as error:
                self.close()
                raise SpoolError(_kind(error)) from error

    def _shrink(self) -> None:
        """Give an empty file's space back, and remove what deleted events left in it."""
        # It is not done while another process uses the file, which then does it.
        with self._lock, suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction. Only `durable` ones wait for the disk: a lease may be lost with the power."""
        with self._lock:
            try:
                connection = self._open()
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self.close()
                raise SpoolError(_kind(error)) from error
            except BaseException:
                self.close()
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_file(self.path, BUSY_SECONDS, self._most_bytes)
            self._connection.execute(_TABLE)
        return self._connection


def _row(batch: Batch, spooled_at: int) -> tuple[int, int, bytes, str, str]:
    account = batch.account
    return (
        spooled_at,
        len(batch.lines),
        b"\n".join(batch.lines),
        orjson.dumps(asdict(account)).decode() if account else "",
        orjson.dumps(batch.lost).decode(),
    )


def _spooled(id: int, spooled_at: Any, events: Any, body: Any, account: Any, lost: Any) -> Spooled | Damaged:
    """A row as a batch. SQLite keeps any value in any column, and has no checksums."""
    try:
        lines = memoryview(body).tobytes().splitlines()
        batch = Batch((*lines,), dict(orjson.loads(lost)), Account(**orjson.loads(account)))
        return Spooled(id, int(spooled_at), batch)
    except (TypeError, ValueError):
        return Damaged(id, events if isinstance(events, int) else 0)


def _kind(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", type(error).__name__)
