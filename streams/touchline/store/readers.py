"""Reading on behalf of people and panels: several at a time, each bounded, nothing but reading."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from touchline.store.engine import Handle, Parameters
from touchline.store.native import header_block
from touchline.store.pool import Pool
from touchline.store.statement import Statement, read_only

LIMITS = {
    "max_execution_time": 30,
    "max_result_rows": 1_000_000,
    "max_result_bytes": 100_000_000,
    "max_memory_usage": 1_000_000_000,
    "max_query_size": 262_144,
}
"""Bounds of one query: seconds, rows, bytes of the answer, of memory and of the text."""

# In this order: once `readonly` is set, nothing can be changed any more.
READING = {**LIMITS, "session_timezone": "UTC", "readonly": 1}
"""Settings of a handle for readers."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as bytes in `format`."""

    body: bytes
    format: str


class Readers:
    """Answers over a bounded pool of handles; with `READING`, the engine itself refuses writes on them.

    `table_functions` are the names of the engine's table functions, in lower case.
    """

    def __init__(self, open_handle: Callable[[], Handle], count: int, wait: float) -> None:
        self.pool = Pool(open_handle, count, wait)
        with self.pool.handle() as handle:
            self.table_functions = frozenset(_names(handle, "SELECT lower(name) FROM system.table_functions"))
            formats = _names(handle, "SELECT name FROM system.formats WHERE is_output")
            self._formats = {name.lower(): name for name in formats}

    def statement(self, sql: str) -> Statement:
        """Read a user's SQL.

        Raises:
            QueryError: where it is more than one reading statement, or reaches out of the store.
        """
        return read_only(sql, self.table_functions, self._formats)

    def answer(self, sql: str, fmt: str, parameters: Parameters | None, database: str | None) -> Reply:
        """Answer a user's SQL in the format that it names, else in `fmt`.

        Raises:
            QueryError: with ClickHouse's message.
            StoreBusy: where no handle became free in time.
        """
        statement = self.statement(sql)
        fmt = statement.format or fmt
        with self.pool.handle() as handle:
            body = handle.read(statement.sql, fmt, parameters, database)
            if not body and fmt == "Native":
                described = orjson.loads(handle.read(statement.sql, "JSONCompact", parameters, database))
                body = header_block([(column["name"], column["type"]) for column in described["meta"]])
        return Reply(body, fmt)

    def close(self) -> None:
        """Close every handle, after the query that runs on it."""
        self.pool.close()


def _names(handle: Handle, sql: str) -> list[str]:
    return [row[0] for row in orjson.loads(handle.read(sql, "JSONCompact"))["data"]]
