"""The `touchline` command: one table of its parts."""

import sys

import typer

from touchline.cli.analyze.backtest import backtest
from touchline.cli.analyze.compare import compare
from touchline.cli.analyze.measures import measures
from touchline.cli.analyze.replay import replay
from touchline.cli.configure import alerts, dashboards, dev, keys, rules, schema
from touchline.cli.data import customer
from touchline.cli.data.accounts import accounts
from touchline.cli.data.imports import import_
from touchline.cli.data.migrate import migrate
from touchline.cli.data.query import query
from touchline.cli.errors import fail
from touchline.cli.run.collector import collector
from touchline.cli.run.demo import demo
from touchline.cli.run.identity import identity
from touchline.cli.run.live import live
from touchline.cli.run.store import store
from touchline.cli.run.up import up
from touchline.cli.run.worker import worker

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
