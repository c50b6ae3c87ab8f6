"""`touchline accounts`: where every event is that a producer emitted."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.output import literal, print_json, screen

if TYPE_CHECKING:
    from touchline.analysis.accounts import ProducerAccount


def accounts(
    since: Annotated[
        str | None, typer.Option(metavar="7d|TIME", help="Only producers that sent something since.")
    ] = None,
    silent: Annotated[
        str, typer.Option(metavar="15m", help="A client that sent nothing for this long counts as gone.")
    ] = "15m",
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Reconcile what each producer emitted with the outcome of its events, and report what is missing.

    For each producer: emitted = stored + duplicate + quarantined + suppressed + dropped + in flight +
    unexplained. The exit code is 1 if anything is unexplained.

    Example: touchline accounts --since 7d
    """
    from touchline.analysis.accounts import reconcile
    from touchline.analysis.reading.accounts import read_accounts
    from touchline.cli.spans import since as began
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.vocabulary.durations import parse_duration

    try:
        silence = parse_duration(silent)
    except ValueError as error:
        raise fail(f"--silent {silent}: {error}", 2) from None
    now = int(time.time() * 1000)
    settings = load_settings(data=data)
    first = 0 if since is None else began(since, now, settings.zone)
    # A log elsewhere counts as processed once nothing has arrived for a while.
    elsewhere = bool(settings.kafka or settings.store)
    processed = _position(settings.data, lambda log: log.committed())
    with readable_store(settings) as reader:
        totals, gaps = read_accounts(reader)
    end = _position(settings.data, lambda log: log.end())
    newest = max((client.heard_at for client in totals), default=0)
    at_rest = newest < now - silence if elsewhere or processed is None else processed == end
    found = [
        one
        for one in reconcile(totals, gaps, now=now, at_rest=at_rest, silent=silence)
        if one.heard_at >= first
    ]
    if as_json:
        plain = {"at": now, "at_rest": at_rest, "producers": [_plain(one) for one in found]}
        print_json(plain)
    else:
        _show(found)
    if any(one.unexplained for one in found):
        raise typer.Exit(1)


def _position(data: Path, of: Callable[[Any], int]) -> int | None:
    """A position in the log of a data folder; None where it has no log."""
    from touchline.log.sqlite import SqliteLog

    path = data / "log.sqlite"
    if not path.exists():
        return None
    with closing(SqliteLog(path)) as log:
        return of(log)


def _plain(one: "ProducerAccount") -> dict[str, Any]:
    return {
        "producer": one.producer,
        "heard_at": one.heard_at,
        "clients": one.clients,
        "emitted": one.emitted,
        "stored": one.stored,
        "duplicate": one.duplicate,
        "conflicting": one.conflicting,
        "quarantined": one.quarantined,
        "suppressed": one.suppressed,
        "dropped": dict(one.dropped),
        "in_flight": {"memory": one.in_memory, "log": one.in_log},
        "unexplained": one.unexplained,
        "resent": one.resent,
        "findings": [
            {"kind": each.kind, "client": each.client, "events": each.events, "text": each.text}
            for each in one.findings
        ],
    }


def _show(found: "list[ProducerAccount]") -> None:
    from rich.table import Table
    from rich.text import Text

    from touchline.vocabulary.wording import counted

    console = screen()
    console.width = max(console.width, 110)
    if not found:
        console.print("no producer was heard of")
        return
    names = ("emitted", "stored", "duplicate", "quarantined", "suppressed")
    table = Table("producer", *names, "dropped", "in flight", "unexplained", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found:
        table.add_row(
            literal(one.producer or "(unknown)"),
            *(f"{getattr(one, name):,}" for name in names),
            f"{one.dropped.total():,}",
            f"{one.in_memory + one.in_log:,}",
            f"{one.unexplained:,}",
            style="red" if one.unexplained else None,
        )
    console.print(table)
    for one in found:
        name = one.producer or "(unknown)"
        if one.dropped:
            by_reason = ", ".join(f"{count:,} {reason}" for reason, count in one.dropped.most_common())
            console.print(Text(f"{name}: dropped by its own account: {by_reason}"))
        if one.conflicting:
            console.print(
                Text(
                    f"{name}: {counted(one.conflicting, 'duplicate')} with other content than the first event"
                    " with the id: give each event an id of its own"
                ),
                style="yellow",
            )
        for each in one.findings:
            client = f", client {each.client}" if each.client else ""
            console.print(Text(f"{name}{client}: {each.text}"), style="red")
