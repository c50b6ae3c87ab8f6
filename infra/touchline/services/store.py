"""The process behind `touchline store`: one engine, one port, three passwords."""

import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from touchline.services.ending import Ending
from touchline.services.serving import CannotServe, Serving, listening_on, make_folder, url_of
from touchline.store import open_store
from touchline.store.clickhouse_http import Role, Roles, store_app
from touchline.store.pools.write_pool import WritePool

STOP_SECONDS = 30
"""How long an insert under way may take to end."""

CONNECTIONS = 500


def serve_store(
    data: Path,
    host: str,
    port: int,
    passwords: dict[Role, str],
    tls: tuple[Path, Path] | None,
    ending: Ending,
    *,
    ready: Callable[[str], None],
) -> None:
    """Run until a signal ends it.

    Args:
        data: The data folder; the store is `store` in it, made if there is none.
        host: Where to listen.
        port: 0 for any that is free.
        passwords: Each role's.
        tls: Files of the certificate and its key, for https.
        ending: Takes the signals.
        ready: Told the address, once requests are answered.

    Raises:
        CannotServe: the port, the folder or the certificate cannot be used.
        StoreError: the store cannot be opened.
    """
    with ExitStack() as parts:
        listening = parts.enter_context(listening_on(host, port))
        url = url_of(host, listening.getsockname()[1])
        make_folder(data)
        store = parts.enter_context(open_store(data / "store"))
        writers = parts.enter_context(closing(WritePool(data / "store")))
        try:
            server = Serving(
                store_app(store, writers, Roles(passwords)),
                lambda: ready(url.replace("http:", "https:") if tls else url),
                stop_seconds=STOP_SECONDS,
                limit_concurrency=CONNECTIONS,
                ws="none",
                ssl_certfile=str(tls[0]) if tls else None,
                ssl_keyfile=str(tls[1]) if tls else None,
            )
            server.config.load()
        except OSError as error:
            raise CannotServe(f"the certificate {tls and tls[0]} cannot be used: {error}") from error
        ending.asks(server.end)
        server.run(sockets=[listening])


def passwords(folder: Path) -> dict[Role, str]:
    """The roles' passwords, each in a file of its name; made where there is none, for the owner alone.

    Raises:
        CannotServe: a file cannot be read or made, or is empty.
    """
    known: dict[Role, str] = {}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for role in Role:
            path = folder / role
            if not path.exists():
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(32))
            known[role] = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotServe(f"the passwords in {folder} cannot be used: {error}") from error
    if empty := [role for role, password in known.items() if not password]:
        raise CannotServe(f"the file {folder / empty[0]} is empty: write a password into it, or delete it")
    return known
