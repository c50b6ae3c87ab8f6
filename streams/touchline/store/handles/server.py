"""Handles of a server: a ClickHouse server, a cluster, or `touchline store`."""

import re
from collections.abc import Generator, Mapping
from typing import Any

from touchline.store.address import Address
from touchline.store.handles.client import (
    ClickHouseError,
    insert_rows,
    is_quorum_busy,
    named_parameters,
    open_server,
    store_error,
    stream_answer,
)
from touchline.store.handles.handle import DATABASE, Handle, Parameters, Verbatim

QUORUM_SECONDS = 20.0
"""How long an insert into a cluster waits for other inserts: only one at a time gets a quorum."""

LONG_PARAMETER = 8_000
"""Parameters of more characters are sent within the SQL, because URLs and forms are bounded."""


class ServerHandle(Handle):
    """A connection to a server, for any number of threads at once.

    Args:
        address: The server.
        settings: Sent with every request, except those that the user may not change.

    Raises:
        StoreUnavailable: the server does not answer.
        StoreDenied: the user or the password is wrong.
        StoreMismatch: the server's version is too old.
    """

    def __init__(self, address: Address, settings: Mapping[str, Any] | None = None) -> None:
        self._client = open_server(address, settings or {})

    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        sql, short = _inline_long_parameters(sql, named_parameters(sql, parameters))
        try:
            return self._client.raw_query(
                f"{sql}\n", parameters=short, settings=_in_database(database), fmt=fmt, use_database=False
            )
        except ClickHouseError as error:
            raise store_error(error) from error

    def stream(
        self, sql: str, fmt: str, parameters: Parameters | None = None
    ) -> Generator[bytes, None, None]:
        sql, short = _inline_long_parameters(sql, named_parameters(sql, parameters))
        self._client.database = DATABASE
        yield from stream_answer(self._client, f"{sql}\n", fmt, short)

    def command(
        self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None
    ) -> None:
        sql, short = _inline_long_parameters(sql, named_parameters(sql, parameters))
        try:
            self._client.command(sql, parameters=short, settings=_in_database(database), use_database=False)
        except ClickHouseError as error:
            raise store_error(error) from error

    def delete(self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None) -> None:
        # A server removes traces by its own schedule.
        self.command(sql, database, parameters)

    def insert(
        self,
        table: str,
        columns: list[str] | None,
        body: bytes,
        settings: Mapping[str, str],
        fmt: str = "ArrowStream",
    ) -> int:
        # Imported here: the embedded engine does not need it, and starts sooner without it.
        import stamina

        self._client.database = DATABASE
        attempts = stamina.retry_context(
            on=is_quorum_busy, attempts=None, timeout=QUORUM_SECONDS, wait_initial=0.05, wait_max=1.0
        )
        try:
            for attempt in attempts:
                with attempt:
                    return insert_rows(self._client, table, columns, body, settings, fmt)
        except ClickHouseError as error:
            raise store_error(error) from error
        raise AssertionError  # for the type checker: the last attempt returns or raises

    def interrupt(self) -> None:
        """Do nothing: the server ends a statement by its own limits."""

    def close(self) -> None:
        self._client.close()


def _in_database(database: str | None) -> dict[str, str]:
    return {"database": database} if database else {}


def _inline_long_parameters(sql: str, parameters: dict[str, Any] | None) -> tuple[str, dict[str, Any] | None]:
    """The SQL with its long parameters as string literals, and the remaining parameters.

    Only `Verbatim` parameters are inlined: their backslashes are escaped as in an SQL literal.
    """
    short: dict[str, Any] = {}
    for name, value in (parameters or {}).items():
        text = str(value)
        if isinstance(value, Verbatim) and len(text) > LONG_PARAMETER:
            literal = "'" + text.replace("'", "\\'") + "'"
            sql = re.sub(r"\{\s*" + name + r"\s*:\s*String\s*\}", lambda _, literal=literal: literal, sql)  # type: ignore[misc]
        else:
            short[name] = value
    return sql, short or None
