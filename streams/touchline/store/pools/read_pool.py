"""A pool for users' queries: several at a time, each bounded, all read-only."""

import threading
from collections.abc import Callable
from typing import NamedTuple

import orjson

from touchline.store.answers import Reply, parse_answer
from touchline.store.errors import QueryError
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

UNKNOWN_FORMAT, TOO_MANY_BYTES = 73, 396

READ_SECONDS = LIMITS["max_execution_time"] + 5.0
"""How long a query may take in any case. The engine checks its own limit between blocks of rows only."""

# The order counts: after `readonly` no setting can be changed.
READ_SETTINGS = {**LIMITS, "session_timezone": "UTC", "enable_materialized_cte": 1, "readonly": 1}
"""Settings of a handle for readers. Without materialized CTEs the engine computes the same, but twice."""

PIPELINE_SETTINGS = {"priority": 1}
"""Settings of a handle for the pipeline. Its queries go before those of clients."""

_YIELDING = {"priority": 2, "low_priority_query_wait_time_ms": 50}
"""Between two blocks of rows, a query waits while one of the pipeline runs, but no longer than this."""

_MOST_CLIENTS = 4

READERS = 4
"""Queries of the live page, of alerts and of commands that run at a time, each in a handle of its own."""


class QueryLimits(NamedTuple):
    """Limits of an embedded store: queries of clients at a time, their threads, and each query's memory.

    `memory` is in bytes, and holds for readers as well.
    """

    clients: int
    threads: int
    memory: int

    @property
    def of_readers(self) -> dict[str, object]:
        """Settings of a handle for readers."""
        return {**READ_SETTINGS, "max_memory_usage": self.memory}

    @property
    def of_clients(self) -> dict[str, object]:
        """Settings of a handle for clients."""
        # Not `os_thread_priority`: the engine ends a process that may not reset it, as one without root's
        # rights.
        return {"max_threads": self.threads, **_YIELDING, **self.of_readers}


def query_limits(processors: int, memory: int) -> QueryLimits:
    """Limits with which clients use at most half of the processors, and all queries half of the memory.

    The pipeline needs the others. A query may always use 1 GB; months of a large store need more, since each
    event and each contact counts once.
    """
    half = max(1, processors // 2)
    clients = min(half, _MOST_CLIENTS)
    share = memory // 2 // (READERS + clients)
    return QueryLimits(clients, half // clients, max(LIMITS["max_memory_usage"], share))


class EngineNames(NamedTuple):
    """Names in an engine: its table functions, in lower case; its output formats, by name in lower case."""

    table_functions: frozenset[str]
    formats: dict[str, str]


class ReadPool:
    """Answers users' SQL on a pool of handles. With `READ_SETTINGS` the engine itself refuses writes.

    Args:
        open_handle: Opens a handle.
        size: The most queries at a time.
        wait: How long a query waits for its turn, in seconds.
        seconds: How long a query may take.
        names: The engine's names, if another pool of it has read them.
        most_bytes: The most bytes of an answer; None for any number.
    """

    def __init__(
        self,
        open_handle: Callable[[], Handle],
        size: int,
        wait: float,
        seconds: float,
        names: EngineNames | None = None,
        most_bytes: int | None = None,
    ) -> None:
        self._most_bytes = most_bytes
        self.pool = Pool(open_handle, size, wait, seconds)
        self.names = names or self.pool.run(_engine_names)

    def statement(self, sql: str) -> Statement:
        """Parse a user's SQL.

        Raises:
            QueryError: it is not exactly one reading statement, or it reaches out of the store.
        """
        return read_only(sql, self.names.table_functions, self.names.formats)

    def reply(
        self,
        sql: str,
        fmt: str,
        parameters: Parameters | None,
        database: str | None,
        leave: threading.Event | None = None,
        encode: Callable[[bytes], bytes] = bytes,
    ) -> Reply:
        """Answer a user's SQL in the format that it names, else in `fmt`, and `encode` the body.

        The query has its handle until the body is encoded, so that all this work is bounded together.

        Raises:
            QueryError: with ClickHouse's message; also if `leave` was set, or the query took too long.
            StoreBusy: no handle became free in time.
        """
        statement = self.statement(sql)
        fmt = statement.format or self._known_format(fmt)

        def read(handle: Handle) -> bytes:
            body = self._within_limit(handle.read(statement.sql, fmt, parameters, database))
            if not body and fmt == "Native":
                # The engine sends no header for an answer without rows; clients need the columns.
                empty = parse_answer(handle.read(statement.sql, "JSONCompact", parameters, database))
                body = header_block(list(zip(empty.column_names, empty.column_types, strict=True)))
            return encode(body)

        return Reply(self.pool.run(read, leave), fmt)

    def _within_limit(self, body: bytes) -> bytes:
        """The answer. The engine's own limit counts its blocks: as text, they may be far larger."""
        if self._most_bytes is not None and len(body) > self._most_bytes:
            raise QueryError(
                f"Code: {TOO_MANY_BYTES}. DB::Exception: Limit for result exceeded: the answer has "
                f"{len(body)} bytes, at most {self._most_bytes} are allowed: narrow the query down, or "
                "choose a more compact format. (TOO_MANY_ROWS_OR_BYTES)",
                TOO_MANY_BYTES,
            )
        return body

    def _known_format(self, name: str) -> str:
        """The engine's spelling of a format. The client library has others, whose answers are no bytes."""
        if (known := self.names.formats.get(name.lower())) is None:
            raise QueryError(
                f"Code: {UNKNOWN_FORMAT}. DB::Exception: Unknown format {name[:60]!r}. (UNKNOWN_FORMAT)",
                UNKNOWN_FORMAT,
            )
        return known

    def close(self) -> None:
        """Interrupt all queries and close their handles."""
        self.pool.close()


def _engine_names(handle: Handle) -> EngineNames:
    formats = _names(handle, "SELECT name FROM system.formats WHERE is_output")
    return EngineNames(
        frozenset(_names(handle, "SELECT lower(name) FROM system.table_functions")),
        {name.lower(): name for name in formats},
    )


def _names(handle: Handle, sql: str) -> list[str]:
    return [row[0] for row in orjson.loads(handle.read(sql, "JSONCompact"))["data"]]
