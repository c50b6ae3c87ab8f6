"""`touchline keys`: who may send events to the collector."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from touchline.collector.keys import Keys

app = typer.Typer(
    help="Keys of producers: without any, only programs on this machine may send.", no_args_is_help=True
)

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Data folder; ./touchline-data if not given.")
]
Json = Annotated[bool, typer.Option("--json", help="A JSON object instead of the text.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The producer, such as web-shop.")]


@app.command()
def create(name: Name, data: Data = None, as_json: Json = False) -> None:
    """Make a key for a producer and print it, this once.

    Example: touchline keys create web-shop
    """
    from touchline.collector.keys import KeysUnreadable

    try:
        secret = _keys(data).create(name)
    except (ValueError, KeysUnreadable, OSError) as error:
        _fail(error)
    if as_json:
        _print_json({"name": name, "key": secret})
        return
    typer.echo(secret)
    typer.echo(
        f"This is the key of {name}; it is not shown again. Send it as Authorization: Bearer KEY.", err=True
    )


@app.command("list")
def list_keys(data: Data = None, as_json: Json = False) -> None:
    """List the keys there are and were; the keys themselves are not kept.

    Example: touchline keys list --json
    """
    from touchline.collector.keys import KeysUnreadable

    try:
        keys = _keys(data).all()
    except KeysUnreadable as error:
        _fail(error)
    if as_json:
        _print_json(
            {
                "keys": [
                    {"name": key.name, "created_at": key.created_at, "revoked_at": key.revoked_at}
                    for key in keys
                ]
            }
        )
        return
    if not keys:
        typer.echo(
            "No keys: only programs on this machine may send. Make one with touchline keys create NAME."
        )
    width = max((len(key.name) for key in keys), default=0)
    for key in keys:
        state = f"revoked {key.revoked_at}" if key.revoked_at else "in use"
        typer.echo(f"{key.name:<{width}}  made {key.created_at}  {state}")


@app.command()
def revoke(name: Name, data: Data = None, as_json: Json = False) -> None:
    """End the key of a producer; a collector that runs refuses it from the next request on.

    Example: touchline keys revoke web-shop
    """
    from touchline.collector.keys import KeysUnreadable

    try:
        _keys(data).revoke(name)
    except (ValueError, KeysUnreadable, OSError) as error:
        _fail(error)
    if as_json:
        _print_json({"name": name, "revoked": True})
    else:
        typer.echo(f"The key of {name} is revoked.")


def _keys(data: Path | None) -> "Keys":
    from touchline.collector.keys import Keys
    from touchline.config.settings import SettingsError, load_settings

    try:
        return Keys(load_settings(data=data).data / "keys.json")
    except SettingsError as error:
        _fail(error)


def _print_json(content: object) -> None:
    import json

    typer.echo(json.dumps(content, indent=2))


def _fail(error: Exception) -> NoReturn:
    typer.echo(f"touchline keys: {error}", err=True)
    raise typer.Exit(1)
