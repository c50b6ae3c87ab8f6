"""`touchline import`: files of history, into the store."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import FAILED, WRONG_USAGE, fail
from touchline.cli.options import Data, Rules
from touchline.cli.output import say

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.services.importing.files import Job


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
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the first rows as events and what is refused; store nothing."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Store nothing if any row is refused.")] = False,
    most_refused: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT", help="Store nothing if more of a file's rows are refused; 5% by default."
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Replace what these files gave before, by a mapping of this name."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Import files of events into the data folder. A server may be running on it.

    Without --map, each line of an NDJSON file is a native event; docs/import.md explains mappings. An
    interrupted import continues where it stopped; importing twice adds nothing. Rows that are not events go
    to quarantine, with their file and row; too many of them stop the import before anything is stored.

    Example: touchline import events.jsonl.gz

    Example: touchline import calls.csv --map calls.yaml --dry-run

    Example: touchline import calls-*.csv.gz --map calls.yaml --data ./touchline-data
    """
    from touchline.cli.data.import_report import bar, summary
    from touchline.config.settings import load_settings
    from touchline.imports import load_mapping
    from touchline.imports.refusals import MOST_REFUSED, share_of
    from touchline.services.importing.files import Job, import_files

    if strict and most_refused is not None:
        raise fail("--strict allows no refused row: leave --most-refused out", WRONG_USAGE)
    try:
        limit = 0.0 if strict else MOST_REFUSED if most_refused is None else share_of(most_refused)
    except ValueError as error:
        raise fail(f"--most-refused: {error}", WRONG_USAGE) from None
    settings = load_settings(data=data, rules=rules)
    job = Job(files, load_mapping(mapping) if mapping else None, limit, again)
    if dry_run:
        _rehearse(job, settings, as_json)
        return
    _check_can_fold(settings, rules)
    from touchline.config.rule_packs import load_rules

    with bar() as progress:
        done = import_files(job, settings, load_rules(settings.rules), progress)
    if as_json:
        _print_json(asdict(done))
    else:
        say(summary(done, settings.data))


def _check_can_fold(settings: "Settings", rules: Path | None) -> None:
    from touchline.store.reader import running_server

    if settings.kafka:
        raise fail(
            "an import folds by itself, and workers on Kafka would not notice: end them, import with the"
            " setting kafka empty (TOUCHLINE_KAFKA=), and start them again",
            WRONG_USAGE,
        )
    if rules and running_server(settings.data):
        raise fail(
            f"a server runs on {settings.data} and folds by the rules it was started with: leave --rules"
            " out, or end the server first",
            WRONG_USAGE,
        )


def _rehearse(job: "Job", settings: "Settings", json: bool) -> None:
    """Show what the import would do; the exit code is what the import's would be."""
    from touchline.cli.data.import_report import as_json, bar, show_rehearsals
    from touchline.imports import check_file
    from touchline.services.importing.rehearsal import rehearse

    for path in job.files:
        check_file(path, job.mapping)
    with bar() as progress:
        rehearsals = [rehearse(path, job.mapping, settings.normaliser, progress) for path in job.files]
    if json:
        _print_json([as_json(rehearsal, job.most_refused) for rehearsal in rehearsals])
    else:
        show_rehearsals(rehearsals, job.most_refused)
    if any(rehearsal.tally.exceeds(job.most_refused) for rehearsal in rehearsals):
        raise typer.Exit(FAILED)


def _print_json(content: Any) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))
