"""Reading a store: of a server, or of a data folder, whether or not a process has it open."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import urllib3

from touchline.store import QueryError, Reply, StoreUnavailable, connect_store, open_store
from touchline.store.address import Address
from touchline.store.server_file import Server, find_server

ANSWER_SECONDS = 60
PING_SECONDS = 5


class Reader(Protocol):
    """Answers queries."""

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        """The answer to one reading statement, in the format that it names, else in `fmt`."""


@contextmanager
def store_reader(data: Path, address: Address | None = None) -> Iterator[Reader]:
    """A reader of the store at the address, else of the data folder's store.

    A data folder is read through its running server, or opened where none runs.

    Raises:
        StoreMissing: there is no store.
        StoreInUse: a process has it open without serving it.
        StoreMismatch: another version created it.
        StoreUnavailable, StoreDenied: the server at the address does not answer, or refuses the user.
    """
    if address is not None:
        with connect_store(address) as store:
            yield store
        return
    if (server := running_server(data)) is not None:
        yield _RemoteReader(server)
        return
    with open_store(data / "store", create=False) as store:
        yield store


def running_server(data: Path) -> Server | None:
    """The server of a data folder, if it runs and answers."""
    server = find_server(data)
    return server if server is not None and _RemoteReader(server).answers() else None


class _RemoteReader:
    """Reads a store through a server's `/clickhouse`.

    By plain HTTP: the format of the answer is in a header that clickhouse-connect does not return.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._url = f"{server.url}/clickhouse"
        self._headers = {"X-ClickHouse-Key": server.token}

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        fields = {"default_format": fmt} | {
            f"param_{name}": text for name, text in (parameters or {}).items()
        }
        try:
            response = urllib3.request(
                "POST",
                f"{self._url}?{urlencode(fields)}",
                body=sql.encode(),
                headers=self._headers,
                timeout=ANSWER_SECONDS,
                retries=False,
            )
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise StoreUnavailable(
                f"process {self._server.pid} at {self._server.url} broke off its answer ({error}): try again"
            ) from error
        if response.status != HTTPStatus.OK:
            code = response.headers.get("X-ClickHouse-Exception-Code", "")
            message = response.data.decode(errors="replace").strip()
            raise QueryError(message, int(code) if code.isdigit() else None)
        return Reply(response.data, response.headers.get("X-ClickHouse-Format", fmt))

    def answers(self) -> bool:
        """Whether the server answers. Its process id and port may by now belong to another program."""
        try:
            response = urllib3.request(
                "GET", self._url, headers=self._headers, timeout=PING_SECONDS, retries=False
            )
        except (OSError, urllib3.exceptions.HTTPError):
            return False
        # The server accepts the token, or is too busy to answer more.
        return "X-ClickHouse-Timezone" in response.headers and response.status in (
            HTTPStatus.OK,
            HTTPStatus.SERVICE_UNAVAILABLE,
        )
