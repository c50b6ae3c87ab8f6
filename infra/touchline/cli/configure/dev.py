"""`touchline dev`: what a developer needs on one machine, such as a Kafka broker without a container."""

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json_line

app = typer.Typer(help="What development and tests need on this machine.", no_args_is_help=True)
kafka = typer.Typer(help="A Kafka broker that only this machine reaches; Java runs it.", no_args_is_help=True)
app.add_typer(kafka, name="kafka")

Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Data folder, the broker's is kafka in it; ./touchline-data if not given."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="A JSON object instead of the text.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 for any that is free.")]


@kafka.command()
def up(port: Port = 9092, data: Data = None, as_json: Json = False) -> None:
    """Start the broker, and wait until it answers; it keeps running after this command.

    Maven fetches Kafka the first time (45 MB, into the user's cache).

    Example: touchline dev kafka up
    """
    from touchline.config.settings import load_settings

    broker_module = _devbroker()
    broker = broker_module.Broker(load_settings(data=data).data / "kafka", port, lasting=True)
    if not as_json:
        typer.echo("Starting the broker; the first time, Maven fetches Kafka …", err=True)
    broker.start()
    if as_json:
        print_json_line({"bootstrap": broker.bootstrap, "pid": broker.pid})
    else:
        typer.echo(f"Kafka answers on {broker.bootstrap}   (touchline dev kafka down ends it)")


@kafka.command()
def down(data: Data = None, as_json: Json = False) -> None:
    """Stop the broker; its topics and records stay.

    Example: touchline dev kafka down
    """
    from touchline.config.settings import load_settings

    broker_module = _devbroker()
    ran = broker_module.Broker(load_settings(data=data).data / "kafka").stop()
    if as_json:
        print_json_line({"ended": ran})
    else:
        typer.echo("The broker has ended." if ran else "No broker runs there.")


@app.command("event-methods", hidden=True)
def event_methods() -> None:
    """Print the SDK's module of typed methods, from the vocabulary.

    Example: touchline dev event-methods > producers/touchline/sdk/event_methods.py
    """
    from touchline.tracking.event_methods import vocabulary_methods
    from touchline.vocabulary.registry import EVENT_TYPES

    typer.echo(vocabulary_methods(EVENT_TYPES.values()), nl=False)


def _devbroker() -> ModuleType:
    """Return the broker's module; end the command where it is not installed."""
    if find_spec("touchline.devbroker") is None:
        raise fail(
            "touchline dev kafka needs a clone of the repository: the installed package has no broker. "
            "In the clone, run: uv run touchline dev kafka up"
        )
    from touchline.devbroker import broker

    return broker
