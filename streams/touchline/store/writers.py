"""Writing to the store of this process on behalf of other processes: a few at a time, our tables alone.

An insert is on disk when it returns, as all of the store's; one with a token that was seen before adds
nothing.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from touchline.store.engine import DATABASE, STREAMED, EngineHandle, Verbatim
from touchline.store.insertion import read_insertion
from touchline.store.readers import Readers, Reply
from touchline.store.statement import STATEMENTS, changing, denied, first_word

WRITERS = 4
WRITER_WAIT = 30.0

WRITING = {
    "session_timezone": "UTC",
    "date_time_input_format": "best_effort",
    "max_query_size": 268_435_456,
    "max_execution_time": 300,
    "mutations_sync": 2,
}
"""Settings of a handle for writers: they read more than people do, and change rows."""

MIGRATIONS = "migrations"
"""The table that only an admin writes."""


class Writers:
    """A bounded pool of handles that may write.

    Args:
        path: The folder of a store that this process has open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._handles = Readers(self._open, WRITERS, WRITER_WAIT)

    def insert(self, whole: bytes, database: str | None, settings: Mapping[str, str], defines: bool) -> int:
        """Append the rows of an INSERT (statement and data); says how many they are.

        Args:
            whole: The statement, and the rows behind it.
            database: Where the statement names none.
            settings: Of this insert: `insert_deduplication_token`, `input_format_…`.
            defines: Whether the asker may write which migrations are applied.

        Raises:
            QueryError: with ClickHouse's message.
            StoreBusy: where no handle became free in time.
        """
        insertion = read_insertion(whole)
        place = insertion.database or database or DATABASE
        if place != DATABASE or (insertion.table == MIGRATIONS and not defines):
            raise denied(f"INSERT INTO {place}.{insertion.table}")
        with self._handles.pool.handle() as handle:
            table = f"`{insertion.table}`"
            return handle.insert(table, insertion.columns, insertion.rows, settings, insertion.format)

    def reply(
        self, sql: str, fmt: str, parameters: Mapping[str, str], database: str | None, defines: bool
    ) -> Reply:
        """The answer to a statement that reads, or an empty one to a statement that changes something.

        Args:
            sql: The statement, with parameters as `{name:Type}`.
            fmt: The format of the answer, where the statement names none.
            parameters: Their texts.
            database: Where names without one belong.
            defines: Whether the asker may make and change tables.

        Raises:
            QueryError: with ClickHouse's message, also where the asker may not do it.
            StoreBusy: where no handle became free in time.
        """
        bound = {name: Verbatim(text) for name, text in parameters.items()}
        if first_word(sql) in STATEMENTS:
            return self._handles.answer(sql, fmt, bound, database or DATABASE)
        changing(sql, self._handles.table_functions, defines=defines)
        with self._handles.pool.handle() as handle:
            handle.command(sql, database or DATABASE, bound)
        return Reply(b"", "")

    def streams(self, sql: str, fmt: str) -> bool:
        """Whether the answer can be sent while it is made. Raises as `reply` does."""
        if first_word(sql) not in ("select", "with"):
            return False
        return (self._handles.statement(sql).format or fmt) in STREAMED - {"Native"}

    def stream(self, sql: str, fmt: str, parameters: Mapping[str, str]) -> Iterator[bytes]:
        """The answer to a reading statement that `streams`, in parts. Raises as `reply` does."""
        statement = self._handles.statement(sql)
        bound = {name: Verbatim(text) for name, text in parameters.items()}
        handle = self._open()
        try:
            yield from handle.stream(statement.sql, statement.format or fmt, bound)
        finally:
            handle.close()

    def close(self) -> None:
        """Close every handle, after what runs on it."""
        self._handles.close()

    def _open(self) -> EngineHandle:
        return EngineHandle(self._path, WRITING)
