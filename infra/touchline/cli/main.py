"""The `touchline` command: one table of its commands, by the panel of `--help`."""

import sys
from collections.abc import Callable
from typing import Annotated, Final

import typer

from touchline.cli.analyze.audit import audit
from touchline.cli.analyze.backtest import backtest
from touchline.cli.analyze.calibrate import calibrate
from touchline.cli.analyze.compare import compare
from touchline.cli.analyze.explain import explain
from touchline.cli.analyze.impact import impact
from touchline.cli.analyze.measures import measures
from touchline.cli.analyze.replay import replay
from touchline.cli.analyze.report import app as report
from touchline.cli.analyze.segments import app as segments
from touchline.cli.analyze.voice import app as voice
from touchline.cli.analyze.walk import app as walk
from touchline.cli.cases import frictions
from touchline.cli.configure import (
    alerts,
    dashboards,
    dev,
    doctor,
    keys,
    plan,
    privacy,
    rules,
    schema,
    webhooks,
)
from touchline.cli.customer.app import app as customer
from touchline.cli.data import quarantine
from touchline.cli.data.accounts import accounts
from touchline.cli.data.imports import import_
from touchline.cli.data.migrate import migrate
from touchline.cli.data.query import query
from touchline.cli.errors import WRONG_USAGE, Commands, fail
from touchline.cli.run.collector import collector
from touchline.cli.run.demo import demo
from touchline.cli.run.identity import identity
from touchline.cli.run.ingest import ingest
from touchline.cli.run.live import live
from touchline.cli.run.store import store
from touchline.cli.run.up import up
from touchline.cli.run.worker import worker

PANELS: Final[dict[str, dict[str, Callable[..., None] | typer.Typer]]] = {
    "Run": {
        "up": up,
        "demo": demo,
        "collector": collector,
        "ingest": ingest,
        "worker": worker,
        "identity": identity,
        "store": store,
        "live": live,
    },
    "Data": {
        "import": import_,
        "query": query,
        "customer": customer,
        "friction": frictions.app,
        "quarantine": quarantine.app,
        "accounts": accounts,
        "migrate": migrate,
    },
    "Analyze": {
        "audit": audit,
        "walk": walk,
        "report": report,
        "measures": measures,
        "segments": segments,
        "impact": impact,
        "explain": explain,
        "voice": voice,
        "compare": compare,
        "backtest": backtest,
        "calibrate": calibrate,
        "replay": replay,
    },
    "Configure": {
        "rules": rules.app,
        "plan": plan.app,
        "privacy": privacy.app,
        "alerts": alerts.app,
        "webhooks": webhooks.app,
        "dashboards": dashboards.app,
        "keys": keys.app,
        "schema": schema.app,
        "doctor": doctor.app,
        "dev": dev.app,
    },
}
"""Every command, in the order of `--help`."""

app = typer.Typer(
    name="touchline",
    cls=Commands,
    help="Stitch customer journeys and detect friction, live, from the events of every touchpoint.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _panel, _commands in PANELS.items():
    for _name, _command in _commands.items():
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, name=_name, rich_help_panel=_panel)
        else:
            app.command(_name, rich_help_panel=_panel)(_command)


@dev.app.command("reference", hidden=True)
def _reference() -> None:
    """Print the page docs/reference/commands.md.

    Example: touchline dev reference
    """
    from touchline.cli.reference import commands_page

    typer.echo(commands_page(app, PANELS), nl=False)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version
    from platform import python_version

    typer.echo(f"touchline {version('touchline')} (Python {python_version()})")
    raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


def _end_with(epilog: str, group: typer.Typer) -> None:
    """End the help of each command of a group with a text."""
    for command in group.registered_commands:
        command.epilog = epilog
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            _end_with(epilog, inner.typer_instance)


_end_with("Exit codes: 0 done, 1 not done (standard error says why), 2 wrong usage.", app)


def run() -> None:
    """Run the `touchline` command."""
    try:
        " ".join(sys.argv[1:]).encode()
    except UnicodeEncodeError as error:
        sys.exit(fail(f"the command line is not UTF-8: {error.object!r}", WRONG_USAGE).exit_code)
    try:
        app()
    except SystemExit as end:
        _end(end.code)
        raise


def _end(code: object) -> None:
    """End without the interpreter's teardown, if a store was open.

    Every file is closed by now. The teardown takes seconds once the page is loaded, and crashes under a query
    that could not be interrupted.
    """
    if "touchline.store.connect" in sys.modules and not isinstance(code, str):
        from touchline.services.ending import end_now

        end_now(code if isinstance(code, int) else int(code is not None))
