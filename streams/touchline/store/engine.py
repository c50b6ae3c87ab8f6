"""The only file that knows the engine's clients: handles to this process's own engine, or to a server.

The engine of this process takes one folder per process and one process per folder; closing the last handle
gives the folder back. It starts threads of its own: never fork a process that has used it.
"""

import fcntl
import logging
import re
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, ProgrammingError
from urllib3.exceptions import InsecureRequestWarning

from touchline.store.address import Address
from touchline.store.errors import QueryError, StoreBusy, StoreDenied, StoreInUse, StoreUnavailable

# What goes wrong is raised; the client would also log it, with a traceback of its own.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)

DATABASE = "touchline"

STREAM_BYTES = 1 << 20
STREAMED = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
"""Formats whose parts, put together, are the whole: only these can be sent before the end is known."""

CONNECT_SECONDS = 10
ANSWER_SECONDS = 300
TURN_SECONDS = 20.0
"""How long an insert into a cluster waits for its turn: one at a time gets its quorum."""

LONG_PARAMETER = 8_000
"""From how many characters on a parameter goes with the SQL, because addresses and forms are bounded."""

BUSY, NOT_ITS_TURN = 202, 286
PASSING = frozenset({209, 210, 242, 285, 286, 289, 319, 999})
"""ClickHouse's numbers of what passes: lost connections, a replica that lags, a quorum that is not there."""

Parameters = Mapping[str, Any]


class Verbatim:
    """The text of a query parameter, already as ClickHouse reads it (`param_…` of its HTTP protocol)."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class Handle(ABC):
    """One line into an engine. Parameters stand in the SQL as `{name:Type}`.

    All of it raises QueryError, with ClickHouse's message, where the engine says no, and StoreUnavailable
    where it says nothing.
    """

    @abstractmethod
    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        """The answer to a query, in a ClickHouse format."""

    @abstractmethod
    def stream(self, sql: str, fmt: str, parameters: Parameters | None = None) -> Iterator[bytes]:
        """The answer in parts, in one of the `STREAMED` formats; close it if it is not read to its end."""

    @abstractmethod
    def command(
        self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None
    ) -> None:
        """Run a statement that has no answer."""

    @abstractmethod
    def insert(
        self,
        table: str,
        columns: list[str] | None,
        body: bytes,
        settings: Mapping[str, str],
        fmt: str = "ArrowStream",
    ) -> int:
        """Append rows given in a ClickHouse format; says how many. `columns` None for all of the table's."""

    @abstractmethod
    def close(self) -> None:
        """Give the handle back, after what runs on it has ended."""


class EngineHandle(Handle):
    """A line into this process's own engine. Calls from several threads wait for each other.

    Args:
        path: The store's folder.
        settings: Engine settings of this handle, applied in this order.

    Raises:
        StoreInUse: where another process, or another folder in this one, has the engine.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any] | None = None) -> None:
        self._path = path
        self._settings = dict(settings or {})
        self._lock = threading.Lock()
        try:
            self._client = clickhouse_connect.get_client(
                interface="chdb", path=str(path), settings=self._settings
            )
        except ClickHouseError as error:
            raise StoreInUse(f"the store in {path} cannot be opened: {error}", owner(path)) from error

    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        with self._turn(database) as client:
            return client.raw_query(f"{sql}\n", parameters=_named(sql, parameters), fmt=fmt)

    def stream(self, sql: str, fmt: str, parameters: Parameters | None = None) -> Iterator[bytes]:
        # While an answer is under way nothing else can be asked: it gets a handle of its own.
        own = EngineHandle(self._path, self._settings)
        try:
            own._client.database = DATABASE
            yield from _parts(own._client, f"{sql}\n", fmt, _named(sql, parameters))
        finally:
            own.close()

    def command(
        self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None
    ) -> None:
        with self._turn(database) as client:
            client.command(sql, parameters=_named(sql, parameters))

    def insert(
        self,
        table: str,
        columns: list[str] | None,
        body: bytes,
        settings: Mapping[str, str],
        fmt: str = "ArrowStream",
    ) -> int:
        with self._turn(DATABASE) as client:
            return _insert(client, table, columns, body, settings, fmt)

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _turn(self, database: str | None) -> Iterator[Client]:
        with self._lock:
            self._client.database = database
            try:
                yield self._client
            except ClickHouseError as error:
                # What a query had answered when it failed would come with the answer to the next one.
                with suppress(ClickHouseError):
                    self._client.raw_query("SELECT 1", fmt="TabSeparated")
                raise _said(error) from error


class ServerHandle(Handle):
    """A line to a server, for any number of threads at once.

    Args:
        address: The server.
        settings: Sent with every request, save those that the user may not change.

    Raises:
        StoreUnavailable: the server does not answer.
        StoreDenied: it does not know the user and the password.
    """

    def __init__(self, address: Address, settings: Mapping[str, Any] | None = None) -> None:
        if not address.verify:
            warnings.filterwarnings("ignore", category=InsecureRequestWarning)
        try:
            self._client = clickhouse_connect.get_client(
                interface=address.scheme,
                host=address.host,
                port=address.port,
                proxy_path=address.path,
                username=address.who,
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
            if error.code in (192, 193, 194, 516):
                raise StoreDenied(
                    f"the store at {address} does not let {address.who!r} in: check store_user and "
                    "store_password"
                ) from None
            raise StoreUnavailable(
                f"the store at {address} does not answer ({_first_cause(error)}): see that it runs"
            ) from error
        except (ClickHouseError, OSError) as error:
            raise StoreUnavailable(
                f"the store at {address} does not answer ({error}): see that it runs"
            ) from error
        for name, value in (settings or {}).items():
            known = self._client.server_settings.get(name)
            if known is None or not known.readonly:
                self._client.set_client_setting(name, value)

    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        sql, short = _inlined(sql, _named(sql, parameters))
        try:
            return self._client.raw_query(
                f"{sql}\n", parameters=short, settings=_of(database), fmt=fmt, use_database=False
            )
        except ClickHouseError as error:
            raise _said(error) from error

    def stream(self, sql: str, fmt: str, parameters: Parameters | None = None) -> Iterator[bytes]:
        sql, short = _inlined(sql, _named(sql, parameters))
        self._client.database = DATABASE
        yield from _parts(self._client, f"{sql}\n", fmt, short)

    def command(
        self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None
    ) -> None:
        sql, short = _inlined(sql, _named(sql, parameters))
        try:
            self._client.command(sql, parameters=short, settings=_of(database), use_database=False)
        except ClickHouseError as error:
            raise _said(error) from error

    def insert(
        self,
        table: str,
        columns: list[str] | None,
        body: bytes,
        settings: Mapping[str, str],
        fmt: str = "ArrowStream",
    ) -> int:
        # Not at the top: the engine of this process, which begins with every start, has no use for it.
        import stamina

        self._client.database = DATABASE
        try:
            for attempt in stamina.retry_context(
                on=_took_turns, attempts=None, timeout=TURN_SECONDS, wait_initial=0.05, wait_max=1.0
            ):
                with attempt:
                    return _insert(self._client, table, columns, body, settings, fmt)
        except ClickHouseError as error:
            raise _said(error) from error
        raise AssertionError  # for the type checker: the last attempt returns or raises

    def close(self) -> None:
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


def _insert(
    client: Client,
    table: str,
    columns: list[str] | None,
    body: bytes,
    settings: Mapping[str, str],
    fmt: str,
) -> int:
    try:
        done = client.raw_insert(
            table, column_names=columns, insert_block=body, settings=dict(settings), fmt=fmt
        )
    except OSError as error:
        raise StoreUnavailable(f"the rows could not be handed over: {error}") from error
    return int(done.summary.get("written_rows", 0))


def _parts(client: Client, sql: str, fmt: str, parameters: dict[str, Any] | None) -> Iterator[bytes]:
    try:
        with client.raw_stream(sql, parameters=parameters, fmt=fmt) as answer:
            while part := answer.read(STREAM_BYTES):
                yield part
    except ClickHouseError as error:
        raise _said(error) from error
    except Exception as error:
        # What an HTTP connection raises that ends within an answer depends on where it was.
        raise StoreUnavailable(f"the store broke off an answer: {error}") from error


def _took_turns(error: Exception) -> bool:
    return isinstance(error, DatabaseError) and error.code == NOT_ITS_TURN


def _said(error: ClickHouseError) -> QueryError | StoreUnavailable:
    """What went wrong, in ClickHouse's words, or that there was no answer."""
    text, code = str(error), getattr(error, "code", None)
    if code is None and (found := re.search(r"Code: (\d+)", text)):
        code = int(found[1])
    if code is not None:
        words = text[max(text.find("Code: "), 0) :]
        if code == BUSY:
            return StoreBusy(words)
        return StoreUnavailable(words) if code in PASSING else QueryError(words, code)
    if isinstance(error, DatabaseError) and not isinstance(error, ProgrammingError):
        return StoreUnavailable(f"the store did not answer: {_first_cause(error)}")
    return QueryError(f"Code: 36. DB::Exception: {error} (BAD_ARGUMENTS)", 36)


def _first_cause(error: BaseException) -> str:
    while (cause := error.__cause__ or getattr(error, "reason", None)) and isinstance(cause, BaseException):
        error = cause
    return str(error) or type(error).__name__


def _of(database: str | None) -> dict[str, str]:
    return {"database": database} if database else {}


def _named(sql: str, parameters: Parameters | None) -> dict[str, Any] | None:
    """Those of the parameters that the SQL names: without any, the client would format the SQL itself."""
    if not parameters:
        return None
    names = set(re.findall(r"\{\s*(\w+)\s*:", sql))
    return {name: value for name, value in parameters.items() if name in names} or None


def _inlined(sql: str, parameters: dict[str, Any] | None) -> tuple[str, dict[str, Any] | None]:
    """The SQL with its long parameters in it, as texts, and the others.

    Only of `Verbatim` ones: backslashes are escaped in them as they are in a text of SQL.
    """
    short: dict[str, Any] = {}
    for name, value in (parameters or {}).items():
        text = str(value)
        if isinstance(value, Verbatim) and len(text) > LONG_PARAMETER:
            quoted = "'" + text.replace("'", "\\'") + "'"
            sql = re.sub(r"\{\s*" + name + r"\s*:\s*String\s*\}", lambda _, quoted=quoted: quoted, sql)  # type: ignore[misc]
        else:
            short[name] = value
    return sql, short or None
