"""`touchline webhooks`: the file of webhook sources, checked."""

from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json

app = typer.Typer(
    help="Webhooks: check the file of sources, and see the address of each.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Keep `check` a word of the command, though it is the only one."""


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="WEBHOOKS.yaml", help="The file; that in force if not given.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the file of webhook sources, with its secrets and mappings, and print the address of each.

    Secrets are read and not shown. A file that cannot be used ends with exit code 1.

    Example: touchline webhooks check webhooks.yaml
    """
    from touchline.config.settings import load_settings
    from touchline.config.webhook_sources import load_sources

    settings = load_settings()
    path = file or settings.webhooks
    if path is None:
        raise fail(
            "no webhook sources: name a file, or set webhooks (touchline.toml, or TOUCHLINE_WEBHOOKS)", 2
        )
    sources = load_sources(path)
    below = f"{settings.public_url.rstrip('/')}/v1/webhooks"
    rows = [
        {
            "source": name,
            "kind": opened.source.kind,
            "address": f"{below}/{opened.source.kind}/{name}",
            "secrets": len(opened.secrets),
        }
        for name, opened in sources.items()
    ]
    if as_json:
        print_json(rows)
        return
    width = max((len(str(row["address"])) for row in rows), default=0)
    for row in rows:
        needs = {0: "a key", 1: "a signature", 2: "a signature with either of two secrets"}
        typer.echo(f"{row['address']:<{width}}  {needs[int(str(row['secrets']))]}")
