"""`touchline up`: collector, worker, store and live page in one process on one port."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.failure import reported

if TYPE_CHECKING:
    from touchline.cli.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Data folder; ./touchline-data if not given.")]
Rules = Annotated[Path | None, typer.Option(help="Rules file; the default pack if not given.")]
Host = Annotated[str | None, typer.Option(help="Where to listen; 127.0.0.1 if not given.")]
Port = Annotated[int | None, typer.Option(help="Port; 8080 if not given, 0 for any that is free.")]


def up(data: Data = None, host: Host = None, port: Port = None, rules: Rules = None) -> None:
    """Run all of Touchline in this one process: send events to it, watch friction in a browser.

    It is ready when /readyz says so, and ends on Ctrl-C; everything accepted is kept.

    Example: touchline up --data ./touchline-data --port 8080
    """
    from touchline.cli.ending import ending

    with ending() as end:
        from touchline.cli.logs import configure_logs
        from touchline.cli.process import expected_errors, serve
        from touchline.cli.settings import load_settings
        from touchline.runtime.packs import load_rules

        configure_logs()
        with reported(*expected_errors()):
            settings = load_settings(data=data, host=host, port=port, rules=rules)
            serve(settings, load_rules(settings.rules), end, ready=lambda url: greet(url, settings))


def greet(url: str, settings: "Settings") -> None:
    """Say where the process is to be found."""
    from touchline.cli.serving import loopback

    asks = "" if loopback(settings.host) else f"   (any name; password in {settings.data / 'token'})"
    typer.echo(f"Touchline is up: {url}   (data in {settings.data}; Ctrl-C ends it)")
    typer.echo(f"  live page     {url}/{asks}")
    typer.echo(f"  send events   POST {url}/v1/events")
    typer.echo(f"  metrics       {url}/metrics")
