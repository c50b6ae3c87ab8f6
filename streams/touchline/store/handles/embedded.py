"""Handles of the engine embedded in this process.

The engine opens one folder per process, and a folder is open in one process. Closing the last handle
releases the folder. The engine starts threads: never fork a process that has used it.
"""

import fcntl
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from touchline.store.errors import StoreInUse
from touchline.store.handles.client import (
    ClickHouseError,
    Client,
    insert_rows,
    named_parameters,
    open_embedded,
    store_error,
    stream_answer,
)
from touchline.store.handles.handle import DATABASE, Handle, Parameters


class EmbeddedHandle(Handle):
    """A connection to this process's own engine. Calls from several threads run one after another.

    Args:
        path: The store's folder.
        settings: Engine settings of this handle, applied in this order.

    Raises:
        StoreInUse: another process, or another folder in this process, uses the engine.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any] | None = None) -> None:
        self._path = path
        self._settings = dict(settings or {})
        self._lock = threading.Lock()
        self._client = self._open()
        self._has_leftover = False
        """Whether rows of a failed query may precede the next answer."""

    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        with self._exclusive(database) as client:
            return client.raw_query(f"{sql}\n", parameters=named_parameters(sql, parameters), fmt=fmt)

    def stream(self, sql: str, fmt: str, parameters: Parameters | None = None) -> Iterator[bytes]:
        # An unfinished answer blocks its connection, so each stream gets its own.
        client = self._open()
        try:
            client.database = DATABASE
            yield from stream_answer(client, f"{sql}\n", fmt, named_parameters(sql, parameters))
        finally:
            client.close()

    def command(
        self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None
    ) -> None:
        with self._exclusive(database) as client:
            client.command(sql, parameters=named_parameters(sql, parameters))

    def insert(
        self,
        table: str,
        columns: list[str] | None,
        body: bytes,
        settings: Mapping[str, str],
        fmt: str = "ArrowStream",
    ) -> int:
        with self._exclusive(DATABASE) as client:
            return insert_rows(client, table, columns, body, settings, fmt)

    def close(self) -> None:
        self._client.close()

    def _open(self) -> Client:
        try:
            return open_embedded(self._path, self._settings)
        except ClickHouseError as error:
            raise StoreInUse(
                f"the store in {self._path} cannot be opened: {error}", owner(self._path)
            ) from error

    @contextmanager
    def _exclusive(self, database: str | None) -> Iterator[Client]:
        with self._lock:
            if self._has_leftover:
                self._reopen()
            self._client.database = database
            try:
                yield self._client
            except BaseException as error:
                self._discard_leftover()
                if isinstance(error, ClickHouseError):
                    raise store_error(error) from error
                raise

    def _discard_leftover(self) -> None:
        """Read the rows that a failed query returned before it failed: they would precede the next answer."""
        self._has_leftover = True
        with suppress(ClickHouseError):
            self._client.raw_query("SELECT 1", fmt="TabSeparated")
            self._has_leftover = False

    def _reopen(self) -> None:
        # Opened before the old client is closed: closing the last one would release the folder.
        client = self._open()
        self._client.close()
        self._client, self._has_leftover = client, False


def owner(path: Path) -> int | None:
    """The process that has the store in `path` open; None where none has, or its id cannot be read."""
    try:
        with (path / "status").open("rb") as status:
            try:
                fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                match = re.search(rb"PID: (\d+)", status.read())
                return int(match[1]) if match else None
    except OSError:
        pass
    return None
