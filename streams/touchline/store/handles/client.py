"""The adapter to clickhouse-connect and chdb: the only module that imports them.

It opens clients, runs the calls that both kinds of handle share, and translates the client's errors.
"""

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import chdb
import clickhouse_connect
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, ProgrammingError
from urllib3.exceptions import InsecureRequestWarning

from touchline.store.address import Address
from touchline.store.errors import QueryError, StoreBusy, StoreDenied, StoreMismatch, StoreUnavailable
from touchline.store.handles.handle import Parameters

__all__ = ["ClickHouseError", "Client"]

# Errors are raised; the client would also log each one with a traceback.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)

STREAM_BYTES = 1 << 20
CONNECT_SECONDS = 10
ANSWER_SECONDS = 300

OLDEST_SERVER = (26, 3)
"""The first version of ClickHouse that parses the queries: `WITH … AS MATERIALIZED`."""

BUSY, QUORUM_BUSY = 202, 286
WRONG_CREDENTIALS = frozenset({192, 193, 194, 516})
TRANSIENT = frozenset({209, 210, 242, 285, 286, 289, 319, 999})
"""ClickHouse's codes of transient errors: a lost connection, a lagging replica, a missing quorum."""


def open_embedded(path: Path, settings: Mapping[str, Any]) -> Client:
    """A client of the engine in this process.

    Raises:
        ClickHouseError: another process, or another folder in this process, uses the engine.
    """
    return clickhouse_connect.get_client(interface="chdb", path=str(path), settings=dict(settings))


class EmbeddedInserts:
    """A connection to the engine in this process for inserts alone.

    The engine reads the rows from a file without a name. clickhouse-connect would write them to a file in the
    system's temporary folder, which a kill leaves behind. chdb's streaming inserts report success where the
    disk is full.

    Raises:
        ClickHouseError: another process, or another folder in this process, uses the engine.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        try:
            self._connection = chdb.connect(str(path))
            for name, value in settings.items():
                self._connection.query(f"SET {name} = {_literal(value)}")
        except RuntimeError as error:
            raise _engine_error(error) from error

    def insert(
        self, table: str, columns: list[str] | None, body: bytes, settings: Mapping[str, str], fmt: str
    ) -> int:
        """Insert rows given in a ClickHouse format and return their number. Raises ClickHouseError.

        After an error, the connection can only be closed.
        """
        names = f" ({', '.join(map(quote_identifier, columns))})" if columns else ""
        clause = ", ".join(f"{_setting(name)} = {_literal(value)}" for name, value in settings.items())
        try:
            with _nameless_file() as file:
                file.write(body)
                file.flush()
                file.seek(0)
                answer = self._connection.query(
                    f"INSERT INTO {table}{names} FROM INFILE '/dev/fd/{file.fileno()}'"
                    f"{f' SETTINGS {clause}' if clause else ''} FORMAT {fmt}"
                )
        except OSError as error:
            raise DatabaseError(f"the rows could not be sent: {error}") from error
        except RuntimeError as error:
            raise _engine_error(error) from error
        # It reads exactly the rows that it writes.
        return int(answer.rows_read())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _nameless_file() -> IO[bytes]:
    """A file without a name, in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("touchline-rows"), "w+b")
    return TemporaryFile()


def open_server(address: Address, settings: Mapping[str, Any]) -> Client:
    """A client of a server, for any number of threads. Settings that the user may not change are left out.

    Raises:
        StoreUnavailable: the server does not answer.
        StoreDenied: the user or the password is wrong.
        StoreMismatch: the server's version is too old.
    """
    if not address.verify:
        warnings.filterwarnings("ignore", category=InsecureRequestWarning)
    try:
        client = clickhouse_connect.get_client(
            interface=address.scheme,
            host=address.host,
            port=address.port,
            proxy_path=address.path,
            username=address.username,
            password=address.password,
            verify=address.verify,
            ca_cert=str(address.ca) if address.ca else None,
            connect_timeout=CONNECT_SECONDS,
            send_receive_timeout=ANSWER_SECONDS,
            compress=False,
            query_retries=0,
            show_clickhouse_errors="scrub",
            autogenerate_session_id=False,
            dedicated_pool=True,
            client_name="touchline",
        )
    except DatabaseError as error:
        if error.code in WRONG_CREDENTIALS:
            raise StoreDenied(
                f"the store at {address} refuses user {address.username!r}: check store_user and "
                "store_password"
            ) from None
        raise _unreachable(address, _root_cause(error)) from error
    except (ClickHouseError, OSError) as error:
        raise _unreachable(address, str(error)) from error
    check_version(client.server_version or "of an unknown version", address)
    for name, value in settings.items():
        setting = client.server_settings.get(name)
        if setting is None or not setting.readonly:
            client.set_client_setting(name, value)
    return client


def check_version(version: str, address: Address) -> None:
    """Check the version that a server gives of itself.

    Raises:
        StoreMismatch: it is older than `OLDEST_SERVER`.
    """
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_SERVER:
        oldest = ".".join(map(str, OLDEST_SERVER))
        raise StoreMismatch(f"the server at {address} is ClickHouse {version}: it must be {oldest} or newer")


def insert_rows(
    client: Client,
    table: str,
    columns: list[str] | None,
    body: bytes,
    settings: Mapping[str, str],
    fmt: str,
) -> int:
    """Insert rows given in a ClickHouse format and return their number.

    Raises:
        ClickHouseError: the engine rejects the rows.
        StoreUnavailable: the rows could not be sent.
    """
    try:
        result = client.raw_insert(
            table, column_names=columns, insert_block=body, settings=dict(settings), fmt=fmt
        )
    except OSError as error:
        raise StoreUnavailable(f"the rows could not be sent: {error}") from error
    return int(result.summary.get("written_rows", 0))


def stream_answer(client: Client, sql: str, fmt: str, parameters: dict[str, Any] | None) -> Iterator[bytes]:
    """The answer in parts of at most `STREAM_BYTES`.

    Raises:
        QueryError: the query fails.
        StoreUnavailable: the connection ends within the answer.
    """
    try:
        with client.raw_stream(sql, parameters=parameters, fmt=fmt) as answer:
            while part := answer.read(STREAM_BYTES):
                yield part
    except ClickHouseError as error:
        raise store_error(error) from error
    except Exception as error:
        # The type depends on where in the HTTP answer the connection ended.
        raise StoreUnavailable(f"the store broke off its answer: {error}") from error


def is_quorum_busy(error: Exception) -> bool:
    """Whether another insert into the cluster holds the quorum; the next attempt may succeed."""
    return isinstance(error, DatabaseError) and error.code == QUORUM_BUSY


def store_error(error: ClickHouseError) -> QueryError | StoreUnavailable:
    """The client's error as one of ours: in ClickHouse's words, or that there was no answer."""
    text, code = str(error), getattr(error, "code", None)
    if code is None and (match := re.search(r"Code: (\d+)", text)):
        code = int(match[1])
    if code is not None:
        message = text[max(text.find("Code: "), 0) :]
        if code == BUSY:
            return StoreBusy(message)
        return StoreUnavailable(message) if code in TRANSIENT else QueryError(message, code)
    if isinstance(error, DatabaseError) and not isinstance(error, ProgrammingError):
        return StoreUnavailable(f"the store did not answer: {_root_cause(error)}")
    return QueryError(f"Code: 36. DB::Exception: {error} (BAD_ARGUMENTS)", 36)


def named_parameters(sql: str, parameters: Parameters | None) -> dict[str, Any] | None:
    """The parameters that the SQL names. With none of them the client would format the SQL itself."""
    if not parameters:
        return None
    names = set(re.findall(r"\{\s*(\w+)\s*:", sql))
    return {name: value for name, value in parameters.items() if name in names} or None


def _setting(name: str) -> str:
    if not name.isidentifier():
        raise DatabaseError(
            f"Code: 115. DB::Exception: Unknown setting {name!r}. (UNKNOWN_SETTING)", code=115
        )
    return name


def _literal(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _engine_error(error: RuntimeError) -> DatabaseError:
    text = str(error)
    match = re.search(r"Code: (\d+)", text)
    return DatabaseError(text[match.start() :] if match else text, code=int(match[1]) if match else None)


def _unreachable(address: Address, cause: str) -> StoreUnavailable:
    return StoreUnavailable(f"the store at {address} does not answer ({cause}): check that it runs")


def _root_cause(error: BaseException) -> str:
    while (cause := error.__cause__ or getattr(error, "reason", None)) and isinstance(cause, BaseException):
        error = cause
    return str(error) or type(error).__name__
