"""`touchline import`: files of history, into the store."""

import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Data, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from touchline.services.history import Imported

_WHY = "SELECT reason, message, body FROM quarantine FINAL ORDER BY received_at DESC LIMIT 20"
_FOUND = "SELECT rule, count() AS found FROM current_frictions GROUP BY rule ORDER BY found DESC"


def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="NDJSON, CSV (both also .gz) or Parquet.")
    ],
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map", help="A mapping from rows to events: a .yaml or .py file, or a shipped one's name."
        ),
    ] = None,
    data: Data = None,
    rules: Rules = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read files again that were imported before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Import files of events into the data folder. A server may be running on it.

    Without --map, each line of an NDJSON file is a native event; docs/import.md explains mappings. An
    interrupted import continues where it stopped; importing twice adds nothing. Rows that are not events go
    to quarantine, with their file and row.

    Example: touchline import events.jsonl.gz

    Example: touchline import calls-*.csv.gz --map calls.yaml --data ./touchline-data
    """
    import orjson

    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.imports import load_mapping
    from touchline.services.history import import_files
    from touchline.store.reader import running_server

    settings = load_settings(data=data, rules=rules)
    if settings.kafka:
        raise fail(
            "an import folds by itself, and workers on Kafka would not notice: end them, import with the"
            " setting kafka empty (TOUCHLINE_KAFKA=), and start them again",
            2,
        )
    if rules and running_server(settings.data):
        raise fail(
            f"a server runs on {settings.data} and folds by the rules it was started with: leave --rules"
            " out, or end the server first",
            2,
        )
    ready = load_rules(settings.rules)
    found = load_mapping(mapping) if mapping else None
    with bar() as progress:
        done = import_files(files, found, settings, ready, again=again, progress=progress)
    if as_json:
        sys.stdout.write(orjson.dumps(asdict(done)).decode() + "\n")
    else:
        typer.echo(_said(done, settings.data))


def _said(done: "Imported", data: Path) -> str:
    from touchline.vocabulary.wording import counted

    lines = [f"{path}: imported before, nothing to do (--again reads it again)" for path in done.already]
    lines += [f"{path}: went on at row {row:,}, where it was cut off" for path, row in done.resumed.items()]
    if done.files:
        counts = (counted(done.files, "file"), counted(done.rows, "row"), counted(done.events, "event"))
        rate = f", {done.events / done.seconds:,.0f} events/s" if done.seconds else ""
        lines.append(f"{', '.join(counts)} in {done.seconds:.1f} s{rate}")
        if done.stored is not None:
            lines.append(f"{done.stored:,} stored, {done.duplicates:,} were there already")
    ask = f"touchline query --data {data}"
    if done.quarantined:
        lines.append(f"{done.quarantined:,} in quarantine; why: {ask} '{_WHY}'")
    if done.frictions is None:
        lines.append("the server that runs on the data folder folds what was imported")
    else:
        lines.append(f"{counted(done.frictions, 'friction')} in the store; which: {ask} '{_FOUND}'")
        lines.append(f"see them in a browser: touchline up --data {data}")
    return "\n".join(lines)


@contextmanager
def bar() -> "Iterator[Callable[[Path, int], None]]":
    """A progress bar for each file that is begun, on standard error; gives what moves it, to a byte."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        tasks: dict[Path, TaskID] = {}

        def move(path: Path, done: int) -> None:
            if path not in tasks:
                tasks[path] = bar.add_task(path.name, total=path.stat().st_size)
            bar.update(tasks[path], completed=done)

        yield move
