"""Transport `embedded://`: batches go into a SQLite file that `touchline up` reads; no server has to run.

The inbox is `<folder>/inbox.sqlite`, table `batches(id, producer, body, account)`. `body` is NDJSON of native
events, `account` is `Account.header`. The reader deletes the batches that it has moved to the log. A batch is
accepted when it is durable (WAL, `synchronous=FULL`); its events are validated when they are read.
"""

import sqlite3
from pathlib import Path

from touchline.sdk.delivery.sqlite_file import open_file
from touchline.sdk.transport import Accepted, Batch, Outcome, Retry

INBOX_BYTES = 256 * 1024 * 1024
"""The largest inbox. A full inbox counts as a collector that is down: batches are retried."""

BUSY_SECONDS = 5.0
"""How long a write waits for a write of another process."""

_INHERITED: list[sqlite3.Connection] = []
"""Connections of the parent process. SQLite forbids a child even to close them, so the child keeps them."""


class Embedded:
    """Writes batches into the inbox of a data folder. A missing folder is created, readable by its owner."""

    def __init__(self, folder: Path, producer: str, most_bytes: int = INBOX_BYTES) -> None:
        self._folder = folder
        self._producer = producer
        self._most_bytes = most_bytes
        self._connection: sqlite3.Connection | None = None

    def send(self, batch: Batch) -> Outcome:
        """Write one batch durably."""
        try:
            connection = self._connection or self._open()
            connection.execute(
                "INSERT INTO batches (producer, body, account) VALUES (?, ?, ?)",
                (self._producer, batch.body, batch.account and batch.account.header),
            )
        except sqlite3.Error as error:
            self.close()
            return Retry(getattr(error, "sqlite_errorname", type(error).__name__))
        except OSError as error:
            return Retry(type(error).__name__)
        return Accepted()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def forked(self) -> None:
        """Keep the parent's connection unused; the child opens its own."""
        if self._connection is not None:
            _INHERITED.append(self._connection)
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        connection = open_file(self._folder / "inbox.sqlite", BUSY_SECONDS, self._most_bytes)
        self._connection = connection
        connection.execute(
            "CREATE TABLE IF NOT EXISTS batches"
            " (id INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT, body BLOB, account TEXT)"
        )
        self._add_account(connection)
        return connection

    @staticmethod
    def _add_account(connection: sqlite3.Connection) -> None:
        """Add the column `account` to an inbox that an older version created."""
        if any(name == "account" for _, name, *_ in connection.execute("PRAGMA table_info(batches)")):
            return
        try:
            connection.execute("ALTER TABLE batches ADD COLUMN account TEXT")
        except sqlite3.OperationalError:
            # Another process added it first. Any other cause shows with the first batch.
            return
