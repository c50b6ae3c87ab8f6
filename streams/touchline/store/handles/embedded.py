"""Handles of the engine embedded in this process.

The engine opens one folder per process, and a folder is open in one process. Closing the last handle
releases the folder. The engine starts threads: never fork a process that has used it.
"""

import fcntl
import re
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from touchline.store.errors import StoreError, StoreInUse
from touchline.store.handles.client import (
    ClickHouseError,
    Client,
    EmbeddedInserts,
    named_parameters,
    open_embedded,
    store_error,
    stream_answer,
)
from touchline.store.handles.handle import DATABASE, Handle, Parameters
from touchline.store.handles.upkeep import clear_deleted

CLOSE_SECONDS = 2.0
"""How long `close` waits for the running statement, before it interrupts it and again afterwards."""


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
        # A comment on each query, by which another connection finds it. Before `readonly`, which may follow.
        self._comment = uuid4().hex
        self._settings = {"log_comment": self._comment, **(settings or {})}
        self._lock = threading.Lock()
        self._client = self._open()
        self._inserts: EmbeddedInserts | None = None
        self._has_leftover = False
        """Whether rows of a failed query may precede the next answer."""

    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        with self._exclusive(database) as client:
            return client.raw_query(f"{sql}\n", parameters=named_parameters(sql, parameters), fmt=fmt)

    def stream(
        self, sql: str, fmt: str, parameters: Parameters | None = None
    ) -> Generator[bytes, None, None]:
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

    def delete(self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None) -> None:
        self.command(sql, database, parameters)
        clear_deleted(self)

    def insert(
        self,
        table: str,
        columns: list[str] | None,
        body: bytes,
        settings: Mapping[str, str],
        fmt: str = "ArrowStream",
    ) -> int:
        with self._lock:
            try:
                self._inserts = self._inserts or EmbeddedInserts(self._path, self._settings)
                return self._inserts.insert(f"{DATABASE}.{table}", columns, body, settings, fmt)
            except ClickHouseError as error:
                self._close_inserts()
                raise store_error(error) from error
            except BaseException:
                self._close_inserts()
                raise

    def interrupt(self) -> None:
        client = self._open({})
        try:
            # The engine stops between two blocks of rows.
            client.command(f"KILL QUERY WHERE Settings['log_comment'] = '{self._comment}' ASYNC")
        except ClickHouseError as error:
            raise store_error(error) from error
        finally:
            client.close()

    def close(self) -> None:
        if not self._lock.acquire(timeout=CLOSE_SECONDS):
            with suppress(StoreError):
                self.interrupt()
            if not self._lock.acquire(timeout=CLOSE_SECONDS):
                return
        try:
            self._close_inserts()
            self._client.close()
        finally:
            self._lock.release()

    def _close_inserts(self) -> None:
        if self._inserts is not None:
            self._inserts.close()
        self._inserts = None

    def _open(self, settings: Mapping[str, Any] | None = None) -> Client:
        try:
            return open_embedded(self._path, self._settings if settings is None else settings)
        except ClickHouseError as error:
            raise StoreInUse(
                f"the store in {self._path} cannot be opened: check that no other process uses it and that "
                f"the folder can be written ({error})",
                owner(self._path),
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
