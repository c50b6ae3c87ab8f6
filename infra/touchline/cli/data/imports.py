"""`touchline import`: files of history, into the store."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import FAILED, WRONG_USAGE, fail
from touchline.cli.options import Data, Rules
from touchline.cli.output import print_json_line, say
from touchline.cli.refold_bar import refold_bar

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.imports import FileOptions, Mapping
    from touchline.services.importing.files import Job


def import_(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="NDJSON, CSV (both also .gz) or Parquet.")
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map", help="A mapping from rows to events: a .yaml or .py file, or a shipped one's name."
        ),
    ] = None,
    data: Data = None,
    rules: Rules = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print a mapping to start from; store nothing.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the first rows as events and what is refused; store nothing."),
    ] = False,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="As --dry-run, with a suggested mapping if none is given."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Store nothing if any row is refused, or a file has no rows.")
    ] = False,
    most_refused: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT", help="Store nothing if more of a file's rows are refused; 5% by default."
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Replace the events that these files gave before, with a mapping of this name."
        ),
    ] = False,
    watch: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Import each file of a folder once, and each that comes."),
    ] = None,
    settle: Annotated[
        str | None,
        typer.Option(metavar="5s", help="With --watch: how long a file must stay as it is to be read."),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the text, such as cp1252.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What separates the fields of CSV, such as ';' or tab.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of numbers: '.' or ','.")] = None,
    thousands: Annotated[str | None, typer.Option(help="Mark between thousands of numbers.")] = None,
    skip_rows: Annotated[int | None, typer.Option(help="Lines before the header of CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Import files of events into the data folder. A server may be running on it.

    Without --map, each line of an NDJSON file is a native event; docs/import.md explains mappings. An
    interrupted import continues where it stopped; importing twice adds nothing. Rows that are not events go
    to quarantine, with their file and row; too many of them stop the import before anything is stored.
    Options for reading override those of the mapping.

    Example: touchline import events.jsonl.gz

    Example: touchline import --suggest calls.csv > calls.yaml

    Example: touchline import --preview calls.csv

    Example: touchline import calls.csv --map calls.yaml --dry-run

    Example: touchline import calls-*.csv.gz --map calls.yaml --data ./touchline-data

    Example: touchline import --watch exports --map calls.yaml
    """
    from touchline.cli.data.import_report import bar, summary
    from touchline.config.settings import load_settings
    from touchline.imports import given_options
    from touchline.services.importing.files import Job, import_files

    reading = {
        "encoding": encoding,
        "delimiter": delimiter,
        "decimal": decimal,
        "thousands": thousands,
        "skip_rows": skip_rows,
    }
    files = files or []
    if bool(files) == (watch is not None):
        raise fail("name files, or a folder with --watch", WRONG_USAGE)
    if watch is None and settle is not None:
        raise fail("--settle belongs to --watch", WRONG_USAGE)
    if watch is not None and (suggest or dry_run or preview):
        raise fail("--watch imports: leave --suggest, --dry-run and --preview out", WRONG_USAGE)
    options = given_options({name: value for name, value in reading.items() if value is not None}, "option")
    if suggest:
        if len(files) != 1 or mapping or dry_run or as_json:
            raise fail("--suggest takes one file, and options for reading", WRONG_USAGE)
        _suggest(files[0], options)
        return
    limit = _limit(strict, most_refused)
    settings = load_settings(data=data, rules=rules)
    if preview and not mapping and len(files) != 1:
        raise fail("--preview without --map suggests a mapping for one file: name one", WRONG_USAGE)
    chosen = _suggested(files[0], options) if preview and not mapping else _mapping(mapping, options)
    job = Job(files, chosen, limit, again, strict)
    if dry_run or preview:
        _rehearse(job, settings, as_json)
        return
    _check_can_fold(settings, rules)
    from touchline.config.rule_packs import rules_in_force

    if watch is not None:
        _watch(watch, job, settings, settle, as_json)
        return
    with bar() as progress, refold_bar() as refolding:
        done = import_files(job, settings, rules_in_force(settings), progress, refolding)
    if as_json:
        print_json_line(asdict(done))
    else:
        say(summary(done, settings.data, rules))


def _watch(folder: Path, job: "Job", settings: "Settings", settle: str | None, as_json: bool) -> None:
    """Import what is in a folder and what comes, until a signal ends it."""
    import threading

    from touchline.cli.data.import_report import file_line
    from touchline.config.rule_packs import rules_in_force
    from touchline.services.ending import ending
    from touchline.services.importing.watching import SETTLE_SECONDS, FileReport, watch
    from touchline.vocabulary.durations import parse_duration

    try:
        seconds = SETTLE_SECONDS if settle is None else parse_duration(settle) / 1000
    except ValueError as error:
        raise fail(f"--settle {settle}: {error}", WRONG_USAGE) from None

    def show(report: FileReport) -> None:
        if as_json:
            print_json_line(report._asdict())
        else:
            say(file_line(report), err=report.status in ("refused", "waiting"))
        sys.stdout.flush()

    if not folder.is_dir():
        raise fail(f"--watch {folder}: there is no such folder", WRONG_USAGE)
    stop = threading.Event()
    with ending() as end:
        end.on_signal(stop.set)
        if not as_json:
            typer.echo(f"Files in {folder} are imported into {settings.data}   (Ctrl-C ends it)")
        watch(folder, job, settings, rules_in_force(settings), stop=stop, report=show, settle=seconds)


def _suggest(file: Path, options: "FileOptions") -> None:
    from touchline.imports.suggestion.document import suggest
    from touchline.imports.suggestion.sampling import take_sample

    typer.echo(suggest(take_sample(file, options)), nl=False)


def _suggested(file: Path, options: "FileOptions") -> "Mapping":
    """The mapping that `--suggest` prints for a file."""
    from touchline.imports.suggestion.document import suggest
    from touchline.imports.suggestion.sampling import take_sample
    from touchline.imports.yaml_mapping.document import load_yaml

    return load_yaml(Path(f"{file.stem}.yaml"), suggest(take_sample(file, options)))


def _limit(strict: bool, most_refused: str | None) -> float:
    from touchline.imports.refusals import MOST_REFUSED, share_of

    if most_refused is None:
        return 0.0 if strict else MOST_REFUSED
    if strict:
        raise fail("--strict allows no refused row: leave --most-refused out", WRONG_USAGE)
    try:
        return share_of(most_refused)
    except ValueError as error:
        raise fail(f"--most-refused: {error}", WRONG_USAGE) from None


def _mapping(name: str | None, options: "FileOptions") -> "Mapping | None":
    from touchline.imports import load_mapping

    given = options.model_dump(exclude_none=True)
    if name is None:
        if given:
            raise fail(f"--{next(iter(given)).replace('_', '-')} needs a mapping: pass --map", WRONG_USAGE)
        return None
    return load_mapping(name).with_options(options) if given else load_mapping(name)


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
    from touchline.cli.data.import_report import as_json, bar, show_rehearsals, stops
    from touchline.config.validator_in_force import load_validator
    from touchline.imports import check_file
    from touchline.services.importing.rehearsal import rehearse

    for path in job.files:
        check_file(path, job.mapping)
    validator = load_validator(settings)
    with bar() as progress:
        rehearsals = [rehearse(path, job.mapping, validator, progress) for path in job.files]
    if json:
        print_json_line([as_json(rehearsal, job) for rehearsal in rehearsals])
    else:
        show_rehearsals(rehearsals, job, settings.zone)
    if any(stops(rehearsal.tally, job) for rehearsal in rehearsals):
        raise typer.Exit(FAILED)
