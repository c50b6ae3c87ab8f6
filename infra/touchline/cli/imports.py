"""`touchline import`: files of history, into the store."""

import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.failure import reported
from touchline.cli.up import Data, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from touchline.cli.history import Imported

_WHY = "SELECT reason, message, count() FROM quarantine FINAL GROUP BY ALL ORDER BY 3 DESC"


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
    again: Annotated[bool, typer.Option(help="Read files again that were imported before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Import files of events into the data folder, whether a server runs on it or not.

    Without --map each line of an NDJSON file is a native event. An import that was cut off goes on
    where it was; importing twice adds nothing. Rows that are no events go to quarantine.

    Example: touchline import calls.csv.gz --map calls.yaml --data ./touchline-data
    """
    import orjson

    from touchline.cli.history import import_files
    from touchline.cli.process import expected_errors
    from touchline.cli.settings import load_settings
    from touchline.collector.files import FileError, MappingError, load_mapping
    from touchline.pipeline.packs import load_rules

    with reported(*expected_errors(), FileError, MappingError):
        settings = load_settings(data=data, rules=rules)
        ready = load_rules(settings.rules)
        found = load_mapping(mapping) if mapping else None
        with bar(files) as progress:
            done = import_files(files, found, settings, ready, again=again, progress=progress)
    if as_json:
        sys.stdout.write(orjson.dumps(asdict(done)).decode() + "\n")
    else:
        typer.echo(_said(done, settings.data))


def _said(done: "Imported", data: Path) -> str:
    lines = [f"{path}: imported before, nothing to do (--again reads it again)" for path in done.already]
    if done.files:
        rate = f", {done.events / done.seconds:,.0f} events/s" if done.seconds else ""
        lines.append(
            f"{done.files} files, {done.rows:,} rows, {done.events:,} events in {done.seconds:.1f} s{rate}"
        )
        if done.stored is None:
            lines.append("the server that runs on the data folder is folding them now")
        else:
            lines.append(f"{done.stored:,} stored, {done.duplicates:,} were there already")
    if done.quarantined:
        lines.append(
            f"{done.quarantined:,} in quarantine; see why with: touchline query --data {data} '{_WHY}'"
        )
    return "\n".join(lines)


@contextmanager
def bar(files: "Sequence[Path]") -> "Iterator[Callable[[Path, int], None]]":
    """A progress bar for each file, on standard error; gives what moves them, to so many bytes."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        tasks = {
            path: bar.add_task(path.name, total=path.stat().st_size if path.is_file() else None)
            for path in files
        }
        yield lambda path, done: bar.update(tasks[path], completed=done)
