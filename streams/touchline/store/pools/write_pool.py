"""A pool for writes by other processes to the store of this process: bounded, and to its own tables only.

An insert is on disk when it returns. An insert with a known deduplication token adds nothing.
"""

import threading
import time
from collections.abc import Generator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path

from touchline.store.answers import Reply
from touchline.store.errors import StoreError, StoreUnavailable
from touchline.store.handles.embedded import EmbeddedHandle
from touchline.store.handles.handle import DATABASE, STREAMED, Handle, Verbatim
from touchline.store.pools.apart import run_apart
from touchline.store.pools.read_pool import PIPELINE_SETTINGS, ReadPool
from touchline.store.sql.changes import check_change, denied
from touchline.store.sql.insertion import read_insertion
from touchline.store.sql.read_only import STATEMENTS
from touchline.store.sql.tokens import first_word

WRITERS = 4
WRITER_WAIT = 30.0

WRITE_SETTINGS = {
    **PIPELINE_SETTINGS,
    "session_timezone": "UTC",
    "date_time_input_format": "best_effort",
    "max_query_size": 268_435_456,
    "max_execution_time": 300,
    "mutations_sync": 2,
}
"""Settings of a handle for writers: wider limits than a reader's, and changes of rows are allowed."""

WRITE_SECONDS = 305.0
"""How long a statement may take in any case, and how long the engine may take for one part of an answer."""

_LOOK_SECONDS = 0.2
"""How often a waiting stream checks whether anybody still wants its answer."""

MIGRATIONS = "migrations"
"""The table that only an admin writes."""


class WritePool:
    """Runs the statements of writers and admins on a pool of handles.

    Args:
        path: The folder of a store that this process has open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._handles = ReadPool(self._open, WRITERS, WRITER_WAIT, WRITE_SECONDS)

    def insert(self, body: bytes, database: str | None, settings: Mapping[str, str], defines: bool) -> int:
        """Run an INSERT and return the number of rows.

        Args:
            body: The statement, followed by the rows.
            database: The database where the statement names none.
            settings: Of this insert: `insert_deduplication_token`, `input_format_…`.
            defines: Whether the sender may write which migrations are applied.

        Raises:
            QueryError: with ClickHouse's message.
            StoreBusy: no handle became free in time.
        """
        insertion = read_insertion(body)
        target = insertion.database or database or DATABASE
        if target != DATABASE or (insertion.table == MIGRATIONS and not defines):
            raise denied(f"INSERT INTO {target}.{insertion.table}")
        table, columns = f"`{insertion.table}`", insertion.columns
        return self._handles.pool.run(
            lambda handle: handle.insert(table, columns, insertion.rows, settings, insertion.format)
        )

    def reply(
        self,
        sql: str,
        fmt: str,
        parameters: Mapping[str, str],
        database: str | None,
        defines: bool,
        leave: threading.Event | None = None,
    ) -> Reply:
        """The answer to a reading statement, or an empty answer to a changing one.

        Args:
            sql: The statement, with parameters as `{name:Type}`.
            fmt: The format of the answer, where the statement names none.
            parameters: Their values as text.
            database: The database of names without one.
            defines: Whether the sender may create and change tables.
            leave: Set it to interrupt a reading statement.

        Raises:
            QueryError: with ClickHouse's message, also where the sender's role does not allow the statement.
            StoreBusy: no handle became free in time.
        """
        bound = {name: Verbatim(text) for name, text in parameters.items()}
        if first_word(sql) in STATEMENTS:
            return self._handles.reply(sql, fmt, bound, database or DATABASE, leave)
        check_change(sql, self._handles.names.table_functions, defines=defines)

        def change(handle: Handle) -> None:
            run = handle.delete if first_word(sql) == "alter" else handle.command
            run(sql, database or DATABASE, bound)

        self._handles.pool.run(change)
        return Reply(b"", "")

    def can_stream(self, sql: str, fmt: str) -> bool:
        """Whether the answer can be sent while the query runs. Raises as `reply` does."""
        if first_word(sql) not in ("select", "with"):
            return False
        return (self._handles.statement(sql).format or fmt) in STREAMED - {"Native"}

    def stream(
        self, sql: str, fmt: str, parameters: Mapping[str, str], leave: threading.Event
    ) -> Generator[bytes, None, None]:
        """The answer to a query that `can_stream`, in parts, until `leave` is set. Raises as `reply` does."""
        statement = self._handles.statement(sql)
        bound = {name: Verbatim(text) for name, text in parameters.items()}
        handle = self._open()
        parts = handle.stream(statement.sql, statement.format or fmt, bound)
        part = run_apart(lambda: next(parts, None))
        try:
            while (content := _awaited(part, leave)) is not None:
                yield content
                part = run_apart(lambda: next(parts, None))
        finally:
            _end_stream(handle, parts, part)

    def close(self) -> None:
        """Interrupt all statements and close their handles."""
        self._handles.close()

    def _open(self) -> EmbeddedHandle:
        return EmbeddedHandle(self._path, WRITE_SETTINGS)


def _awaited(part: Future[bytes | None], leave: threading.Event) -> bytes | None:
    """The part that the engine computes.

    Raises:
        StoreUnavailable: it takes too long, or `leave` was set.
    """
    give_up_at = time.monotonic() + WRITE_SECONDS
    while not wait([part], _LOOK_SECONDS).done:
        if leave.is_set():
            raise StoreUnavailable("nobody waits for the answer any more")
        if time.monotonic() > give_up_at:
            raise StoreUnavailable(f"the query returned nothing for {WRITE_SECONDS:.0f} s")
    return part.result()


def _end_stream(
    handle: EmbeddedHandle, parts: Generator[bytes, None, None], part: Future[bytes | None]
) -> None:
    """Close a stream and its handle; if the engine is still computing a part, as soon as it has ended."""
    if not part.done():
        with suppress(StoreError):
            handle.interrupt()

    def close(_: Future[bytes | None]) -> None:
        parts.close()
        handle.close()

    part.add_done_callback(close)
