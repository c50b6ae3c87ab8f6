"""`touchline replay`: the results of a log, on standard output; no store is touched."""

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json, say, screen

if TYPE_CHECKING:
    from touchline.vocabulary.event import Event
    from touchline.vocabulary.normaliser import Normaliser

SHOWN = 50
"""Signals that the table shows."""


def replay(
    events: Annotated[
        list[str],
        typer.Argument(
            metavar="EVENTS", help="NDJSON files of native events, also .gz; - reads standard input."
        ),
    ],
    rules: Annotated[Path | None, typer.Option(help="Rules file; the default pack if not given.")] = None,
    now: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Evaluation time, as 2026-11-21T10:00:00Z or in milliseconds since 1970; the latest"
            " received_at if not given.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
) -> None:
    """Fold a log of events and print its customers, signals and journeys.

    Only the envelope of each event is checked, so any log works. Lines that are not events are reported on
    standard error and skipped.

    Example: touchline replay events.jsonl --rules rules.yaml --now 2026-11-21T10:00:00Z

    Example: zcat events.jsonl.gz | touchline replay - --json
    """
    from touchline.analysis.replay import replay as fold_all
    from touchline.config.rule_packs import rules_in_force
    from touchline.config.settings import load_settings
    from touchline.identity import Policy

    settings = load_settings(rules=rules)
    ready = rules_in_force(settings)
    at = None if now is None else _time(now)
    counts: Counter[str] = Counter()
    policy = Policy(settings.limits)
    result = fold_all(_read(events, settings.normaliser, counts), ready, at, settings.journey_gap, policy)
    if as_json:
        print_json(result)
    else:
        _show(result, counts["events"], settings.zone)
    if refused := counts["refused"]:
        say(f"{refused} of {counts.total()} lines are no events and were left out", err=True)
        if refused == counts.total():
            raise typer.Exit(1)


def _time(text: str) -> int:
    from datetime import datetime

    from touchline.vocabulary.envelope import milliseconds

    if text.isdecimal():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise fail(f"--now {text}: write a time with its zone, such as 2026-11-21T10:00:00Z", 2)
    return milliseconds(time)


def _read(names: Iterable[str], normaliser: "Normaliser", counts: Counter[str]) -> Iterator["Event"]:
    """The events of the files; counts `events` and `refused` lines, and says of these what is wrong."""
    from pydantic import ValidationError

    from touchline.vocabulary.envelope import Envelope, to_event
    from touchline.vocabulary.refusal import explain

    for name in names:
        for number, line in enumerate(_lines(name), start=1):
            if not line.strip():
                continue
            try:
                event = to_event(Envelope.model_validate_json(line), normaliser=normaliser)
            except ValidationError as error:
                event, (field, message) = None, explain(error, Envelope)
            else:
                field, message = (
                    "identifiers",
                    "none that is no placeholder, and no contact, cart, order or session id",
                )
            if event is None:
                counts["refused"] += 1
                say(f"{name}:{number}: {field + ': ' if field else ''}{message}", err=True)
            else:
                counts["events"] += 1
                yield event


def _lines(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from sys.stdin.buffer
        return
    try:
        with gzip.open(name) if name.endswith(".gz") else Path(name).open("rb") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise fail(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _show(result: dict[str, Any], read: int, zone: str) -> None:
    from rich.table import Column, Table

    from touchline.vocabulary.moments import in_words
    from touchline.vocabulary.wording import counted

    def written(ms: int | None) -> str:
        return "" if ms is None else in_words(ms, zone, seconds=True)

    signals = sorted(result["signals"], key=lambda one: (one["opened_at"], one["id"]))
    table = Table(
        Column("opened", no_wrap=True),
        Column("rule", overflow="fold"),
        Column("customer", overflow="fold"),
        Column("resolved", overflow="fold"),
        Column("events", justify="right"),
    )
    for one in signals[:SHOWN]:
        table.add_row(
            written(one["opened_at"]),
            one["rule"],
            one["customer"],
            written(one["resolved_at"]),
            str(len(one["evidence"])),
        )
    console = screen()
    console.print(table)
    if len(signals) > SHOWN:
        console.print(f"… and {len(signals) - SHOWN} more; --json prints them all")
    events = len(result["customers"])
    duplicates = f" and {counted(read - events, 'duplicate')}" if read > events else ""
    counts = (
        counted(events, "event") + duplicates,
        counted(len(set(result["customers"].values())), "customer"),
        counted(len(result["journeys"]), "journey"),
        counted(len(signals), "signal"),
    )
    console.print(", ".join(counts))
