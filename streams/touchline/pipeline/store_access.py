"""Reading a data folder's store, whether a server has it open or nobody has."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from touchline.pipeline.server_file import Server, find_server
from touchline.pipeline.store import QueryError, Reply, StoreUnavailable, open_store

ANSWER_SECONDS = 60


class Reader(Protocol):
    """What answers queries."""

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        """The answer to one reading statement, in the format that it names, else in `fmt`."""


@contextmanager
def store_reader(data: Path) -> Iterator[Reader]:
    """Whatever answers queries on the store of a data folder: its running server, else the store itself.

    Raises:
        StoreMissing: there is no store.
        StoreInUse: a process has it open that does not serve it.
        StoreMismatch: it was made by another version.
    """
    server = find_server(data)
    if server is not None:
        yield _Remote(server)
        return
    with open_store(data / "store", create=False) as store:
        yield store


class _Remote:
    """The store behind a server's `/clickhouse`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        place = urlsplit(self._server.url)
        bound = {f"param_{name}": text for name, text in (parameters or {}).items()}
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_SECONDS)
        try:
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
                f"process {self._server.pid} should answer at {self._server.url} and does not ({error}): "
                "wait until it is ready, or end it"
            ) from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            code = response.headers.get("X-ClickHouse-Exception-Code", "")
            raise QueryError(body.decode(errors="replace").strip(), int(code) if code.isdigit() else None)
        return Reply(body, response.headers.get("X-ClickHouse-Format", fmt))
