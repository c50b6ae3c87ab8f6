"""`touchline keys`: who may send events to the collector."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Data
from touchline.cli.output import print_json

if TYPE_CHECKING:
    from touchline.collector.keys import Keys

app = typer.Typer(
    help="Keys of producers: without any, only programs on this machine may send.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="A JSON object instead of the text.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The producer, such as web-shop.")]


Origin = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        metavar="ORIGIN",
        help="Create a public key for web pages of this origin, such as https://shop.example or "
        "https://*.shop.example; can be repeated.",
    ),
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", metavar="N", help="Events per second of a key for web pages; 500 if not given."),
]


@app.command()
def create(
    name: Name, origin: Origin = None, rate: Rate = None, data: Data = None, as_json: Json = False
) -> None:
    """Create a key for a producer and print it, this once.

    Example: touchline keys create web-shop
    Example: touchline keys create pages --origin https://shop.example
    """
    with _failing():
        secret = _keys(data).create(name, origin or (), rate)
    if as_json:
        print_json({"name": name, "key": secret})
        return
    typer.echo(secret)
    if origin:
        typer.echo(
            f"This is the public key of {name}; it is not shown again. Put it in the pages of "
            f'{", ".join(origin)}: <script async src="…/touchline.js" data-key="{secret}"></script>',
            err=True,
        )
        return
    typer.echo(
        f"This is the key of {name}; it is not shown again. Send it as Authorization: Bearer KEY.", err=True
    )


@app.command("list")
def list_keys(data: Data = None, as_json: Json = False) -> None:
    """List valid and revoked keys, by name; the keys themselves are not stored.

    Example: touchline keys list --json
    """
    with _failing():
        keys = _keys(data).all()
    if as_json:
        print_json(
            {
                "keys": [
                    {
                        "name": key.name,
                        "created_at": key.created_at,
                        "revoked_at": key.revoked_at,
                        "public": key.is_public,
                        "origins": key.origins,
                        "events_per_second": key.events_per_second,
                    }
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
        pages = f"  public, for pages of {', '.join(key.origins)}" if key.is_public else ""
        typer.echo(f"{key.name:<{width}}  made {key.created_at}  {state}{pages}")


@app.command()
def revoke(name: Name, data: Data = None, as_json: Json = False) -> None:
    """Revoke the key of a producer; a running collector refuses it from the next request on.

    Example: touchline keys revoke web-shop
    """
    with _failing():
        _keys(data).revoke(name)
    if as_json:
        print_json({"name": name, "revoked": True})
    else:
        typer.echo(f"The key of {name} is revoked.")


@contextmanager
def _failing() -> Iterator[None]:
    """End the command where the name or the file of keys cannot be used."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise fail(f"touchline keys: {error}") from None


def _keys(data: Path | None) -> "Keys":
    from touchline.collector.keys import Keys
    from touchline.config.settings import load_settings

    return Keys(load_settings(data=data).data / "keys.json")
