"""`touchline collector`: the collector in a process of its own."""

from typing import TYPE_CHECKING

import typer

from touchline.cli.options import Data, Host, Port, RequireKey

if TYPE_CHECKING:
    from touchline.config.settings import Settings


def collector(
    data: Data = None, host: Host = None, port: Port = None, require_key: RequireKey = None
) -> None:
    """Accept events and write them to Kafka for the workers; several collectors can run side by side.

    Without Kafka, events are kept in the data folder until `touchline up` processes them. Keys and the
    token are in the data folder as well. Ready when /readyz answers 200. Ends on Ctrl-C.

    Example: TOUCHLINE_KAFKA=127.0.0.1:9092 touchline collector --port 8080
    """
    from touchline.services.ending import ending

    with ending() as end:
        import logging

        from touchline.config.settings import load_settings
        from touchline.services.collector import serve_collector
        from touchline.services.logs import configure_logs

        configure_logs()
        # It says several times a second that a broker is away; the log says so once.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        settings = load_settings(data=data, host=host, port=port, require_key=require_key)
        serve_collector(settings, end, ready=lambda url: _greet(url, settings))


def _greet(url: str, settings: "Settings") -> None:
    where = f"Kafka at {settings.kafka}" if settings.kafka else f"{settings.data / 'log.sqlite'}"
    typer.echo(f"The collector is up: {url}   (events go to {where}; Ctrl-C ends it)")
    typer.echo(f"  send events   POST {url}/v1/events")
    typer.echo(f"  metrics       {url}/metrics")
