"""The `touchline` command: one table of its parts."""

import typer

from touchline.cli import schema
from touchline.cli.replay import replay

app = typer.Typer(
    name="touchline",
    help="Journeys stitched and friction detected, live, from the events of every touchpoint.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(replay)
app.add_typer(schema.app, name="schema")


def run() -> None:
    """Entry point of the `touchline` command."""
    app()
