"""Overwriting what deleted records left in the log's files.

SQLite marks a deleted record's space as free and leaves the bytes. Here they are overwritten in place: the
files do not shrink, which other processes that have them open would take for damage.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from touchline.log.sqlite.file import PAGE_BYTES
from touchline.log.sqlite.intact import wal_of

_PORTION_PAGES, _MOST_PAGES = 512, 131_072

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


def overwrite_deleted(path: Path, transaction: Transaction) -> bool:
    """Overwrite the space of deleted records; False if there are records that are not deleted.

    Other writers may write between the transactions.

    Raises:
        LogFull, LogUnavailable: the file cannot be written now. Nothing is lost; call it again.
    """
    with transaction() as connection:
        # Applies to all that is deleted from here on, also by other writers of this connection.
        connection.execute("PRAGMA secure_delete = ON")
        if connection.execute("SELECT count(*) FROM records").fetchone()[0]:
            return False
        # Without a condition, SQLite clears the table's page as a whole.
        connection.execute("DELETE FROM records")
        connection.execute("CREATE TABLE IF NOT EXISTS overwriting (body BLOB)")
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    _checkpoint(transaction)
    wal_pages = wal_of(path).stat().st_size // PAGE_BYTES + 1
    left = max(free, wal_pages)
    # The first portion overwrites the whole write-ahead file, which restarts after the checkpoint.
    portion = min(max(wal_pages, _PORTION_PAGES), _MOST_PAGES)
    while left > 0:
        with transaction() as connection:
            connection.execute("INSERT INTO overwriting VALUES (zeroblob(?))", (portion * PAGE_BYTES,))
        left, portion = left - portion, _PORTION_PAGES
    with transaction() as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("DROP TABLE overwriting")
    _checkpoint(transaction)
    return True


def _checkpoint(transaction: Transaction) -> None:
    """Write the write-ahead file into the database, so that the next transaction restarts it."""
    with transaction() as connection:
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
        connection.execute("BEGIN")
