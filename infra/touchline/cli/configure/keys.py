"""`touchline keys`: who may send events to the collector."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from touchline.cli.errors import WRONG_USAGE, fail
from touchline.cli.options import Data
from touchline.cli.output import print_json

if TYPE_CHECKING:
    from touchline.collector.key import Key
    from touchline.collector.keys import Keys

app = typer.Typer(
    help="Keys of producers: without any, only programs on this machine may send.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="A JSON object instead of the text.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The producer, such as web-shop.")]
KeyScope = Literal["write", "browser-write", "webhook"]


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
    typer.Option(
        "--rate",
        metavar="N",
        help="Events per second of the key. Default: 500 for web pages, 50,000 for others.",
    ),
]
Scope = Annotated[
    KeyScope | None,
    typer.Option(
        "--scope",
        help="What the key is for: all events, events of the web pages of --origin, or the webhooks of the "
        "source NAME. Default: write, or browser-write with --origin.",
    ),
]


@app.command()
def create(
    name: Name,
    origin: Origin = None,
    rate: Rate = None,
    scope: Scope = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Create a key for a producer and print it, this once.

    Example: touchline keys create web-shop
    Example: touchline keys create pages --origin https://shop.example
    Example: touchline keys create helpdesk --scope webhook
    """
    with _failing():
        secret = _keys(data).create(name, origin or (), rate, scope)
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
    where = f" to /v1/webhooks/KIND/{name}" if scope == "webhook" else ""
    typer.echo(
        f"This is the key of {name}; it is not shown again. Send it{where} as Authorization: Bearer KEY.",
        err=True,
    )


@app.command()
def rotate(
    name: Name,
    keep_old: Annotated[
        str,
        typer.Option(
            metavar="24h",
            help="How long the old key may still be used; 0s ends it now, as if it was revoked.",
        ),
    ] = "24h",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Replace the key of a producer and print the new one, this once; for a while both are good.

    Example: touchline keys rotate web-shop --keep-old 7d
    """
    from datetime import timedelta

    from touchline.vocabulary.durations import DAY, parse_duration

    with _failing():
        # A timedelta holds at most 999,999,999 days.
        kept = min(parse_duration(keep_old), 999_999_999 * DAY)
        secret, end = _keys(data).rotate(name, timedelta(milliseconds=kept))
    if as_json:
        print_json({"name": name, "key": secret, "old_expires_at": end})
        return
    typer.echo(secret)
    typer.echo(
        f"This is the new key of {name}; it is not shown again. The old one may be used until {end}.",
        err=True,
    )


@app.command("list")
def list_keys(data: Data = None, as_json: Json = False) -> None:
    """List valid and revoked keys, by name; the keys themselves are not stored.

    Example: touchline keys list --json
    """
    if data is not None and not data.is_dir():
        raise fail(f"--data {data}: there is no such folder", WRONG_USAGE)
    with _failing():
        file = _keys(data)
        keys = file.all()
    if as_json:
        print_json(
            {
                "keys": [
                    {
                        "name": key.name,
                        "created_at": key.created_at,
                        "revoked_at": key.revoked_at,
                        "expires_at": key.expires_at,
                        "scope": key.scope,
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
        typer.echo(f"{key.name:<{width}}  made {key.created_at}  {_state(file, key)}{_limits(key)}")


def _state(keys: "Keys", key: "Key") -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at}"
    if key.expires_at is not None:
        return f"{'replaced; in use until' if keys.is_active(key) else 'ended'} {key.expires_at}"
    return "in use"


def _limits(key: "Key") -> str:
    """What the key is for, and its rate, where these are not the usual ones."""
    match key.scope:
        case "browser-write":
            scope = f"  public, for pages of {', '.join(key.origins)}"
        case "webhook":
            scope = f"  for webhooks of {key.name}"
        case _:
            scope = ""
    return scope if key.events_per_second is None else f"{scope}  {key.events_per_second:g} events/s"


@app.command()
def revoke(
    name: Name,
    old: Annotated[
        bool, typer.Option("--old", help="Only a key that was replaced and may still be used.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke the key of a producer; a running collector refuses it from the next request on.

    Example: touchline keys revoke web-shop
    """
    with _failing():
        _keys(data).revoke(name, old=old)
    if as_json:
        print_json({"name": name, "revoked": True})
    else:
        typer.echo(f"The {'old ' if old else ''}key of {name} is revoked.")


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
