"""`touchline alerts`: incidents, channels, and simulations of alert rules."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.configure import alert_acts
from touchline.cli.configure.alerts_shown import (
    ledger_as_json,
    plain_alerts,
    rules_as_json,
    show_alerts,
    show_ledger,
    show_rules,
    show_simulations,
    simulations_as_json,
)
from touchline.cli.errors import fail
from touchline.cli.options import Health
from touchline.cli.output import print_json

if TYPE_CHECKING:
    from touchline.tables import AlertRow

app = typer.Typer(help="Incidents of alert rules, and the channels that are notified.")
app.command("ack")(alert_acts.acknowledge)
app.command("verdict")(alert_acts.judge)
app.command()(alert_acts.snooze)
app.command()(alert_acts.mute)

Data = Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")]
AlertsFile = Annotated[
    Path | None,
    typer.Option("--alerts", metavar="ALERTS.yaml", help="The settings' alerts file if not given."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]

_SAMPLE_SUMMARY = "A test message: nothing is wrong. If you can read it, alerts reach you here"


@app.command("list")
def list_(
    since: Annotated[str, typer.Option(metavar="7d|TIME", help="Also incidents that ended since.")] = "7d",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show open and recent incidents, and which channels were notified.

    Example: touchline alerts list --since 30d
    """
    from touchline.alerts.life.reading import acts_since
    from touchline.cli.spans import since as began
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.runtime.alerting.outbox import outbox_rows
    from touchline.runtime.alerting.queries import query_of
    from touchline.runtime.alerting.rows import alerts_since

    settings = load_settings(data=data)
    now = int(time.time() * 1000)
    start = began(since, now, settings.zone)
    with readable_store(settings) as reader:
        ask = query_of(reader)
        alerts = alerts_since(ask, start)
        outbox = outbox_rows(ask)
        acts = acts_since(ask, min([start, *(alert.opened_at for alert in alerts)]))
    if as_json:
        print_json(plain_alerts(alerts, outbox, acts))
    else:
        show_alerts(alerts, outbox, acts, settings.zone, now)


@app.command()
def rules(
    since: Annotated[str, typer.Option(metavar="90d|TIME", help="Incidents that ended since.")] = "90d",
    data: Data = None,
    alerts: AlertsFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the alert rules, their incidents, and how many of them people judged to be noise.

    Example: touchline alerts rules --since 30d
    """
    from touchline.alerts.life.precision import precisions
    from touchline.alerts.life.reading import acts_since
    from touchline.cli.spans import since as began
    from touchline.config.alerts_files import load_alerts
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.runtime.alerting.queries import query_of
    from touchline.runtime.alerting.rows import alerts_since

    settings = load_settings(data=data, alerts=alerts)
    file = load_alerts(settings.alerts)
    start = began(since, int(time.time() * 1000), settings.zone)
    with readable_store(settings) as reader:
        ask = query_of(reader)
        found = precisions(alerts_since(ask, start), acts_since(ask, start))
    if as_json:
        print_json(rules_as_json(file.rules, found))
    else:
        show_rules(file.rules, found)


@app.command()
def ledger(
    since: Annotated[str, typer.Option(metavar="30d|TIME", help="What was held since.")] = "30d",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show which notifications were held, by what, and how many customers met friction meanwhile.

    Example: touchline alerts ledger --since 7d
    """
    from touchline.alerts.life.reading import held_rows
    from touchline.cli.spans import since as began
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.runtime.alerting.queries import query_of

    settings = load_settings(data=data)
    start = began(since, int(time.time() * 1000), settings.zone)
    with readable_store(settings) as reader:
        rows = held_rows(query_of(reader), start)
    if as_json:
        print_json(ledger_as_json(rows))
    else:
        show_ledger(rows, settings.zone)


@app.command("test")
def try_channel(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel of the alerts file.")],
    alerts: AlertsFile = None,
) -> None:
    """Send a test message and its resolution over a channel. Exit code 1, with the reason, if it is refused.

    Example: touchline alerts test on_call --alerts alerts.yaml
    """
    from touchline.alerts.channels import Undelivered, send
    from touchline.alerts.messages.message import Origin, message
    from touchline.config.alerts_files import load_alerts
    from touchline.config.settings import load_settings

    settings = load_settings(alerts=alerts)
    file = load_alerts(settings.alerts)
    if channel not in file.channels:
        known = ", ".join(file.channels) or "none: write them under 'channels' in an alerts file"
        raise fail(f"there is no channel '{channel}'; there are {known}", 2)
    now = int(time.time() * 1000)
    row = _sample(now)
    if not settings.public_url:
        typer.echo("No links: set public_url to the address of the live page", err=True)
    origin = Origin(settings.public_url.rstrip("/"), file.labels, settings.zone, templates=file.messages)
    reference = ""
    for status in ("firing", "resolved"):
        try:
            reference = send(file.channels[channel], message(row, status, origin, now), reference)
        except Undelivered as error:
            raise fail(f"{channel}: {error}") from None
    typer.echo(f"{channel} took the message and its end")


@app.command()
def simulate(
    rules: Annotated[Path, typer.Argument(metavar="ALERTS.yaml", help="The alert rules to try.")],
    since: Annotated[str, typer.Option(metavar="7d|TIME", help="How far back, or from when.")] = "7d",
    suggest: Annotated[
        float | None,
        typer.Option(min=0, metavar="NUMBER", help="Suggest values with at most so many incidents a week."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show how many incidents alert rules would have opened over the stored data. Nothing is written or sent.

    For rules of kind `unusual`, it forecasts how many a week chance alone opens, and shows their budget.

    Example: touchline alerts simulate alerts.yaml --since 30d --suggest 1
    """
    from touchline.cli.spans import extent
    from touchline.cli.spans import since as began
    from touchline.config.alerts_files import load_alerts
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.runtime.alerting.queries import query_of
    from touchline.runtime.alerting.simulation import simulate

    file = load_alerts(rules)
    settings = load_settings(data=data)
    with readable_store(settings) as reader, _bar() as progress:
        ask = query_of(reader)
        oldest, until = extent(ask)
        start = max(oldest, began(since, until, settings.zone))
        found = simulate(ask, file.rules, start, until, progress, suggest)
    if as_json:
        print_json(simulations_as_json(found, start, until))
    else:
        show_simulations(found, start, until, settings.zone, suggest)


@app.command()
def schema() -> None:
    """Print the JSON Schema (2020-12) of what a channel of the kind webhook gets.

    Example: touchline alerts schema
    """
    from touchline.alerts.messages.webhook_body import webhook_schema

    print_json(webhook_schema())


@app.command()
def run(alerts: AlertsFile = None, health: Health = None) -> None:
    """Evaluate alert rules over a shared store and notify the channels, until Ctrl-C.

    `touchline up` does this by itself; run this for a store that several workers share. One process evaluates
    at a time. Others stand by, and one of them takes over within ten seconds if it dies.

    Example: touchline alerts run --alerts alerts.yaml --health 9300
    """
    from touchline.services.ending import ending

    with ending() as end:
        from touchline.config.alerts_files import load_alerts
        from touchline.config.settings import load_settings
        from touchline.services.alerting import run_alerts
        from touchline.services.logs import configure_logs

        configure_logs()
        settings = load_settings(alerts=alerts)
        file = load_alerts(settings.alerts)
        if settings.store_address is None:
            raise fail("there is no shared store: set `store` to its address, or run `touchline up`", 2)
        run_alerts(settings, file, end, health)


def _sample(now: int) -> "AlertRow":
    from touchline.tables import AlertRow
    from touchline.vocabulary.ids import derived_id

    return AlertRow(
        id=derived_id(f"alert:test:{now}"),
        fingerprint=derived_id("alert:test"),
        rule="test",
        kind="threshold",
        title="Test message",
        severity="info",
        labels=(),
        opened_at=now - 1_000,
        detected_at=now,
        resolved_at=now,
        status="resolved",
        count=0,
        customers=0,
        usual=None,
        evidence=(),
        summary=_SAMPLE_SUMMARY,
        version=1,
    )


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; yields a function that sets the done and all parts."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("evaluating"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("evaluating", total=None)
        yield lambda done, parts: bar.update(task, completed=done, total=parts)
