"""`touchline store`: the store in its own process, for all others that need it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Data

if TYPE_CHECKING:
    from touchline.store.clickhouse_http.roles import Role

PORT = 8123
"""The port of a ClickHouse server."""

Pem = typer.Option(metavar="FILE.pem", help="For https: certificate, or key.")


def store(
    data: Data = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 for any free port.")] = PORT,
    secrets: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Files reader, writer and admin with a password each."),
    ] = None,
    tls_cert: Annotated[Path | None, Pem] = None,
    tls_key: Annotated[Path | None, Pem] = None,
) -> None:
    """Serve the store in the data folder over ClickHouse's HTTP protocol: to workers, the live page, Grafana.

    Users are reader, writer and admin. The first start creates their passwords, in files of these names in
    the folder `secrets` of the data folder, or in --secrets. Ready when /ping answers.

    Example: touchline store --data ./touchline-data --port 8123
    """
    from touchline.services.ending import ending

    if (tls_cert is None) != (tls_key is None):
        raise fail("give --tls-cert and --tls-key, or neither", 2)
    with ending() as end:
        from touchline.config.folders import make_folder
        from touchline.config.settings import load_settings
        from touchline.services.logs import configure_logs
        from touchline.services.store import Certificate, StoreServer, passwords, serve_store

        configure_logs()
        folder = load_settings(data=data).data
        make_folder(folder)
        secrets_folder = secrets or folder / "secrets"
        users = passwords(secrets_folder)
        tls = Certificate(tls_cert, tls_key) if tls_cert and tls_key else None
        server = StoreServer(folder, host, port, users, tls)
        serve_store(server, end, ready=lambda url: _greet(url, folder, secrets_folder, users))


def _greet(url: str, folder: Path, secrets: Path, known: "dict[Role, str]") -> None:
    typer.echo(f"The store is up: {url}   (data in {folder}; Ctrl-C ends it)")
    typer.echo(f"  users {', '.join(known)}; their passwords are in files of these names in {secrets}")
