"""The `touchline` command: one table of its parts."""

import sys

import typer

from touchline.cli import alerts, customer, dashboards, dev, keys, rules, schema
from touchline.cli.accounts import accounts
from touchline.cli.backtest import backtest
from touchline.cli.collector import collector
from touchline.cli.compare import compare
from touchline.cli.demo import demo
from touchline.cli.failure import fail
from touchline.cli.identity import identity
from touchline.cli.imports import import_
from touchline.cli.live import live
from touchline.cli.measures import measures
from touchline.cli.migrate import migrate
from touchline.cli.query import query
from touchline.cli.replay import replay
from touchline.cli.store import store
from touchline.cli.up import up
from touchline.cli.worker import worker

app = typer.Typer(
    name="touchline",
    help="Journeys stitched and friction detected, live, from the events of every touchpoint.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(up)
app.command()(demo)
app.command()(worker)
app.command()(identity)
app.command("import")(import_)
app.command()(collector)
app.command()(store)
app.command()(live)
app.command()(replay)
app.command()(query)
app.command()(measures)
app.command()(accounts)
app.command()(backtest)
app.command()(compare)
app.command()(migrate)
app.add_typer(alerts.app, name="alerts")
app.add_typer(customer.app, name="customer")
app.add_typer(dashboards.app, name="dashboards")
app.add_typer(dev.app, name="dev")
app.add_typer(keys.app, name="keys")
app.add_typer(rules.app, name="rules")
app.add_typer(schema.app, name="schema")


def _end_with(epilog: str, group: typer.Typer) -> None:
    """Have the help of each command end so."""
    for command in group.registered_commands:
        command.epilog = epilog
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            _end_with(epilog, inner.typer_instance)


_end_with("Exit codes: 0 done, 1 not done (standard error says why), 2 wrong usage.", app)


def run() -> None:
    """Entry point of the `touchline` command."""
    try:
        " ".join(sys.argv[1:]).encode()
    except UnicodeEncodeError as error:
        sys.exit(fail(f"the command line is not UTF-8: {error.object!r}", 2).exit_code)
    app()
