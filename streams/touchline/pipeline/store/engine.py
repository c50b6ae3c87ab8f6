"""The only file that knows chdb: handles to the one engine that a process may have.

The engine takes one folder per process and one process per folder; closing the last handle gives the
folder back. It starts threads of its own: never fork a process that has imported this.
"""

import fcntl
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from touchline.pipeline.store.errors import QueryError, StoreInUse, StoreUnavailable

DATABASE = "touchline"

STREAM_BYTES = 1 << 20

Parameters = Mapping[str, Any]


class Verbatim:
    """The text of a query parameter, already as ClickHouse reads it (`param_…` of its HTTP protocol)."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class Handle:
    """One line into the engine. Calls from several threads wait for each other.

    Args:
        path: The store's folder.
        settings: Engine settings of this handle, applied in this order.

    Raises:
        StoreInUse: where another process, or another folder in this one, has the engine.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any] | None = None) -> None:
        try:
            self._client = clickhouse_connect.get_client(
                interface="chdb", path=str(path), settings=dict(settings or {})
            )
        except ClickHouseError as error:
            raise StoreInUse(f"the store in {path} cannot be opened: {error}", owner(path)) from error

    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        """The answer to a query in a ClickHouse format; parameters stand in the SQL as `{name:Type}`.

        Raises:
            QueryError: with ClickHouse's message.
        """
        self._client.database = database
        try:
            return self._client.raw_query(f"{sql}\n", parameters=_named(sql, parameters), fmt=fmt)
        except DatabaseError as error:
            raise QueryError(str(error), error.code) from error
        except ClickHouseError as error:
            raise QueryError(f"Code: 36. DB::Exception: {error} (BAD_ARGUMENTS)", 36) from error

    def stream(self, sql: str) -> Iterator[list[bytes]]:
        """The lines of an answer as JSONEachRow, in chunks. Nothing else may use the handle meanwhile."""
        self._client.database = DATABASE
        try:
            with self._client.raw_stream(sql, fmt="JSONEachRow") as answer:
                rest = b""
                while chunk := answer.read(STREAM_BYTES):
                    *lines, rest = (rest + chunk).split(b"\n")
                    yield lines
        except ClickHouseError as error:
            raise StoreUnavailable(f"the store broke off an answer: {error}") from error

    def command(
        self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None
    ) -> None:
        """Run a statement that has no answer; parameters stand in the SQL as `{name:Type}`.

        Raises:
            QueryError: with ClickHouse's message.
        """
        self._client.database = database
        try:
            self._client.command(sql, parameters=_named(sql, parameters))
        except DatabaseError as error:
            raise QueryError(str(error), error.code) from error

    def insert(self, table: str, columns: list[str], body: bytes, token: str) -> None:
        """Append rows (Arrow's stream format); a repeat with the same token adds nothing.

        Raises:
            StoreUnavailable: where the rows were not taken.
        """
        self._client.database = DATABASE
        try:
            self._client.raw_insert(
                table,
                column_names=columns,
                insert_block=body,
                settings={"insert_deduplication_token": token},
                fmt="ArrowStream",
            )
        except (ClickHouseError, OSError) as error:
            raise StoreUnavailable(f"the store took no rows into {table}: {error}") from error

    def close(self) -> None:
        """Give the handle back, after what runs on it has ended."""
        self._client.close()


def owner(path: Path) -> int | None:
    """The process that has the store in `path` open; None where nobody has, or it does not say."""
    try:
        with (path / "status").open("rb") as status:
            try:
                fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found = re.search(rb"PID: (\d+)", status.read())
                return int(found[1]) if found else None
    except OSError:
        pass
    return None


def _named(sql: str, parameters: Parameters | None) -> dict[str, Any] | None:
    """Those of the parameters that the SQL names: without any, the client would format the SQL itself."""
    if not parameters:
        return None
    names = set(re.findall(r"\{\s*(\w+)\s*:", sql))
    return {name: value for name, value in parameters.items() if name in names} or None
