"""Reading a store: a server's, or a data folder's, whether a process has it open or nobody has."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from touchline.store import QueryError, Reply, StoreUnavailable, connect_store, open_store
from touchline.store.address import Address
from touchline.store.server_file import Server, find_server

ANSWER_SECONDS = 60
PING_SECONDS = 5


class Reader(Protocol):
    """What answers queries."""

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        """The answer to one reading statement, in the format that it names, else in `fmt`."""


@contextmanager
def store_reader(data: Path, address: Address | None = None) -> Iterator[Reader]:
    """Whatever answers queries on the store: at its address, else the data folder's.

    That of a data folder is asked through its running server, or opened where none runs.

    Raises:
        StoreMissing: there is no store.
        StoreInUse: a process has it open that does not serve it.
        StoreMismatch: it was made by another version.
        StoreUnavailable, StoreDenied: the server at the address does not answer, or not to this user.
    """
    if address is not None:
        with connect_store(address) as store:
            yield store
        return
    if (server := running_server(data)) is not None:
        yield _Remote(server)
        return
    with open_store(data / "store", create=False) as store:
        yield store


def running_server(data: Path) -> Server | None:
    """The server of a data folder, if it is there and answers."""
    server = find_server(data)
    return server if server is not None and _Remote(server).answers() else None


class _Remote:
    """The store behind a server's `/clickhouse`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        bound = {f"param_{name}": text for name, text in (parameters or {}).items()}
        try:
            with closing(self._connection(ANSWER_SECONDS)) as connection:
                connection.request(
                    "POST",
                    "/clickhouse?" + urlencode({"default_format": fmt, **bound}),
                    sql.encode(),
                    {"X-ClickHouse-Key": self._server.token},
                )
                response = connection.getresponse()
                body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise StoreUnavailable(
                f"process {self._server.pid} at {self._server.url} broke off its answer ({error}): try again"
            ) from error
        if response.status != http.client.OK:
            code = response.headers.get("X-ClickHouse-Exception-Code", "")
            raise QueryError(body.decode(errors="replace").strip(), int(code) if code.isdigit() else None)
        return Reply(body, response.headers.get("X-ClickHouse-Format", fmt))

    def answers(self) -> bool:
        """Whether the server is there: its process number, and its port, may by now be another's."""
        try:
            with closing(self._connection(PING_SECONDS)) as connection:
                connection.request("GET", "/clickhouse", headers={"X-ClickHouse-Key": self._server.token})
                response = connection.getresponse()
                # It knows the token, or is too busy to say more.
                return "X-ClickHouse-Timezone" in response.headers and response.status in (
                    http.client.OK,
                    http.client.SERVICE_UNAVAILABLE,
                )
        except (OSError, http.client.HTTPException):
            return False

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        place = urlsplit(self._server.url)
        return http.client.HTTPConnection(place.hostname or "", place.port, timeout=timeout)
