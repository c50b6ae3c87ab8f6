"""The log's SQLite file: its schema, its connections, and what SQLite's errors mean."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import stamina

from touchline.log.contract import LogDamaged, LogFull, LogUnavailable

PAGE_BYTES: Final = 4096
BUSY_SECONDS: Final = 10.0

_APPLICATION_ID: Final = 0x746C6F67  # "tlog": marks the file as ours
_VERSION: Final = 1

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


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the file, for any thread. A write is on disk once its transaction is committed.

    Raises:
        LogUnavailable: the file is not a log, or a newer version wrote it.
        sqlite3.Error: the file cannot be used.
    """
    create_private(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _check_ours(connection, path)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def create_private(path: Path) -> None:
    """Create the file, for its owner alone, if it is missing. SQLite's other files get its mode."""
    # An existing file is not opened: closing it would release the locks of this process's connections.
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables and the mark of the file, in one transaction, where they are missing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def recovered_frames(connection: sqlite3.Connection) -> int | None:
    """The number of frames that SQLite found in the write-ahead file; None while another process uses it."""
    is_busy, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return None if is_busy or frames < 0 else int(frames)


@contextmanager
def errors_translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as the log's.

    Raises:
        LogFull: the disk is full, or the file has reached its limit.
        LogDamaged: the file is damaged.
        LogUnavailable: the file is held by another process, or cannot be used.
    """
    try:
        yield
    except sqlite3.Error as error:
        # Some errors, as that of a closed connection, have no code.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise LogFull(
                f"{path} is full: the disk has no space, or the log has reached its limit because no worker "
                "reads it; free space, or check that the worker runs"
            ) from error
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise LogDamaged(
                f"{path} is damaged, or is not a Touchline log ({error}): move it away and start again, or "
                "restore it from a copy"
            ) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise LogUnavailable(
                f"{path} was locked by another process for over {BUSY_SECONDS:.0f} s: retry"
            ) from error
        raise LogUnavailable(f"{path} cannot be used: {error}") from error


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


@stamina.retry(
    on=_is_busy, attempts=None, timeout=BUSY_SECONDS, wait_initial=0.01, wait_max=0.1, wait_jitter=0.01
)
def _use_wal(connection: sqlite3.Connection) -> None:
    # SQLite's own timeout does not cover two processes that switch a new file at once: it fails immediately.
    connection.execute("PRAGMA journal_mode = WAL")


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    # In this order: another process may be creating tables and mark, in one transaction.
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and application_id != _APPLICATION_ID:
        raise LogUnavailable(
            f"{path} is an SQLite file, but not a Touchline log: move it away or use another folder"
        )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise LogUnavailable(
            f"{path} was written by a newer Touchline (log version {version}): upgrade Touchline"
        )
