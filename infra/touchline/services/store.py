"""The process behind `touchline store`: the store over ClickHouse's HTTP protocol, with three users."""

import os
import secrets
import ssl
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from touchline.collector.ingress.answers import router_error
from touchline.services.ending import Ending
from touchline.services.web.probes import probe_routes, register_process, store_not_ready, store_warning
from touchline.services.web.serving import CannotServe, Serving, listening_on, url_of
from touchline.store import open_store
from touchline.store.clickhouse_http.front import store_app
from touchline.store.clickhouse_http.roles import Role, Roles
from touchline.store.pools.write_pool import WritePool

STOP_SECONDS = 5
"""How long an insert may take to finish when the process stops."""


@dataclass(frozen=True)
class Certificate:
    """The files of a TLS certificate and of its key."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For a server.

        Raises:
            CannotServe: a file cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise CannotServe(f"the certificate {self.certificate} cannot be used: {error}") from error
        return context


@dataclass(frozen=True)
class StoreServer:
    """Where a store is served.

    Args:
        data: The data folder; the store is its folder `store`, made if there is none.
        host: The address to listen on.
        port: The port; 0 for any free port.
        passwords: The password of each role.
        tls: For https; None for http.
    """

    data: Path
    host: str
    port: int
    passwords: dict[Role, str]
    tls: Certificate | None = None


def serve_store(server: StoreServer, ending: Ending, *, ready: Callable[[str], None]) -> None:
    """Run until a signal ends it.

    Args:
        server: Where the store is served.
        ending: Takes the signals.
        ready: Called with the URL once requests are answered.

    Raises:
        CannotServe: the port, the folder or the certificate cannot be used.
        StoreError: the store cannot be opened.
    """
    tls = server.tls
    with ExitStack() as parts:
        listening = parts.enter_context(listening_on(server.host, server.port))
        url = url_of(server.host, listening.getsockname()[1])
        store = parts.enter_context(open_store(server.data / "store"))
        writers = parts.enter_context(closing(WritePool(server.data / "store")))
        registry = register_process(CollectorRegistry())
        probes = probe_routes(lambda: store_not_ready(store), registry, store_warning(store))
        app = Starlette(
            routes=[*probes, *store_app(store, writers, Roles(server.passwords)).routes],
            exception_handlers={HTTPException: router_error},
        )
        http = Serving(
            app,
            lambda: ready(url.replace("http:", "https:") if tls else url),
            stop_seconds=STOP_SECONDS,
            stopped=store.end_queries,
            tls=None if tls is None else tls.context(),
        )
        ending.on_signal(http.end)
        http.run(sockets=[listening])


def passwords(folder: Path) -> dict[Role, str]:
    """Return the roles' passwords, each from a file with its name; make the missing ones.

    Raises:
        CannotServe: a file cannot be read or made, or is empty.
    """
    found: dict[Role, str] = {}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for role in Role:
            path = folder / role
            if not path.exists():
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(32))
            found[role] = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotServe(f"the passwords in {folder} cannot be used: {error}") from error
    if empty := [role for role, password in found.items() if not password]:
        raise CannotServe(f"the file {folder / empty[0]} is empty: write a password into it, or delete it")
    return found
