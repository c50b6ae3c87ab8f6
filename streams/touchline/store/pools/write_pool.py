"""A pool for writes by other processes to the store of this process: bounded, and to its own tables only.

An insert is on disk when it returns. An insert with a known deduplication token adds nothing.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from touchline.store.answers import Reply
from touchline.store.handles.embedded import EmbeddedHandle
from touchline.store.handles.handle import DATABASE, STREAMED, Verbatim
from touchline.store.pools.read_pool import ReadPool
from touchline.store.sql.changes import check_change, denied
from touchline.store.sql.insertion import read_insertion
from touchline.store.sql.read_only import STATEMENTS
from touchline.store.sql.tokens import first_word

WRITERS = 4
WRITER_WAIT = 30.0

WRITE_SETTINGS = {
    "session_timezone": "UTC",
    "date_time_input_format": "best_effort",
    "max_query_size": 268_435_456,
    "max_execution_time": 300,
    "mutations_sync": 2,
}
"""Settings of a handle for writers: wider limits than a reader's, and changes of rows are allowed."""

MIGRATIONS = "migrations"
"""The table that only an admin writes."""


class WritePool:
    """Runs the statements of writers and admins on a pool of handles.

    Args:
        path: The folder of a store that this process has open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._handles = ReadPool(self._open, WRITERS, WRITER_WAIT)

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
        with self._handles.pool.handle() as handle:
            table = f"`{insertion.table}`"
            return handle.insert(table, insertion.columns, insertion.rows, settings, insertion.format)

    def reply(
        self, sql: str, fmt: str, parameters: Mapping[str, str], database: str | None, defines: bool
    ) -> Reply:
        """The answer to a reading statement, or an empty answer to a changing one.

        Args:
            sql: The statement, with parameters as `{name:Type}`.
            fmt: The format of the answer, where the statement names none.
            parameters: Their values as text.
            database: The database of names without one.
            defines: Whether the sender may create and change tables.

        Raises:
            QueryError: with ClickHouse's message, also where the sender's role does not allow the statement.
            StoreBusy: no handle became free in time.
        """
        bound = {name: Verbatim(text) for name, text in parameters.items()}
        if first_word(sql) in STATEMENTS:
            return self._handles.reply(sql, fmt, bound, database or DATABASE)
        check_change(sql, self._handles.table_functions, defines=defines)
        with self._handles.pool.handle() as handle:
            handle.command(sql, database or DATABASE, bound)
        return Reply(b"", "")

    def can_stream(self, sql: str, fmt: str) -> bool:
        """Whether the answer can be sent while the query runs. Raises as `reply` does."""
        if first_word(sql) not in ("select", "with"):
            return False
        return (self._handles.statement(sql).format or fmt) in STREAMED - {"Native"}

    def stream(self, sql: str, fmt: str, parameters: Mapping[str, str]) -> Iterator[bytes]:
        """The answer to a query that `can_stream`, in parts. Raises as `reply` does."""
        statement = self._handles.statement(sql)
        bound = {name: Verbatim(text) for name, text in parameters.items()}
        handle = self._open()
        try:
            yield from handle.stream(statement.sql, statement.format or fmt, bound)
        finally:
            handle.close()

    def close(self) -> None:
        """Close every handle after its running statement has ended."""
        self._handles.close()

    def _open(self) -> EmbeddedHandle:
        return EmbeddedHandle(self._path, WRITE_SETTINGS)
