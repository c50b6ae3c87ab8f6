"""A pool for users' queries: several at a time, each bounded, all read-only."""

from collections.abc import Callable

import orjson

from touchline.store.answers import Reply, parse_answer
from touchline.store.handles.handle import Handle, Parameters
from touchline.store.pools.native import header_block
from touchline.store.pools.pool import Pool
from touchline.store.sql.read_only import Statement, read_only

LIMITS = {
    "max_execution_time": 30,
    "max_result_rows": 1_000_000,
    "max_result_bytes": 100_000_000,
    "max_memory_usage": 1_000_000_000,
    "max_query_size": 262_144,
}
"""Limits of one query: seconds, rows and bytes of the answer, bytes of memory and of the SQL."""

# The order counts: after `readonly` no setting can be changed.
READ_SETTINGS = {**LIMITS, "session_timezone": "UTC", "readonly": 1}
"""Settings of a handle for readers."""


class ReadPool:
    """Answers users' SQL on a pool of handles. With `READ_SETTINGS` the engine itself refuses writes.

    `table_functions` are the names of the engine's table functions, in lower case.
    """

    def __init__(self, open_handle: Callable[[], Handle], size: int, wait: float) -> None:
        self.pool = Pool(open_handle, size, wait)
        with self.pool.handle() as handle:
            self.table_functions = frozenset(_names(handle, "SELECT lower(name) FROM system.table_functions"))
            formats = _names(handle, "SELECT name FROM system.formats WHERE is_output")
            self._formats = {name.lower(): name for name in formats}

    def statement(self, sql: str) -> Statement:
        """Parse a user's SQL.

        Raises:
            QueryError: it is not exactly one reading statement, or it reaches out of the store.
        """
        return read_only(sql, self.table_functions, self._formats)

    def reply(self, sql: str, fmt: str, parameters: Parameters | None, database: str | None) -> Reply:
        """Answer a user's SQL in the format that it names, else in `fmt`.

        Raises:
            QueryError: with ClickHouse's message.
            StoreBusy: no handle became free in time.
        """
        statement = self.statement(sql)
        fmt = statement.format or fmt
        with self.pool.handle() as handle:
            body = handle.read(statement.sql, fmt, parameters, database)
            if not body and fmt == "Native":
                # The engine sends no header for an answer without rows; clients need the columns.
                empty = parse_answer(handle.read(statement.sql, "JSONCompact", parameters, database))
                body = header_block(list(zip(empty.column_names, empty.column_types, strict=True)))
        return Reply(body, fmt)

    def close(self) -> None:
        """Close every handle after its running query has ended."""
        self.pool.close()


def _names(handle: Handle, sql: str) -> list[str]:
    return [row[0] for row in orjson.loads(handle.read(sql, "JSONCompact"))["data"]]
