"""What `touchline import` prints: a progress bar, what was done, and what would be done."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from touchline.cli.output import literal, screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from touchline.imports.refusals import Tally
    from touchline.services.importing.files import Imported, Job, Progress
    from touchline.services.importing.rehearsal import Rehearsal, ShownRow
    from touchline.services.importing.watching import FileReport

_WHY = "SELECT reason, message, body FROM quarantine FINAL ORDER BY received_at DESC LIMIT 20"
_FOUND = "SELECT rule, count() AS found FROM current_frictions GROUP BY rule ORDER BY found DESC"


def summary(done: "Imported", data: Path, rules: Path | None) -> str:
    """What an import did, and what to look at next; `rules` is the file that was named for it."""
    from touchline.vocabulary.wording import counted

    lines = [f"{path}: imported before, nothing to do (--again replaces it)" for path in done.already]
    lines += [f"{path}: continued at row {row:,}" for path, row in done.resumed.items()]
    lines += [f"warning: {path} has no rows" for path in done.empty]
    for path, chosen in done.detected.items():
        if chosen and path not in done.already:
            lines.append(f"{path}: detected {', '.join(f'{name} {value}' for name, value in chosen.items())}")
    if done.withdrawn:
        lines.append(f"{counted(done.withdrawn, 'event')} of an earlier import withdrawn")
    if done.unrefused:
        lines.append(f"{counted(done.unrefused, 'refused row')} of an earlier import removed from quarantine")
    if done.files:
        counts = (counted(done.files, "file"), counted(done.rows, "row"), counted(done.events, "event"))
        rate = f", {done.events / done.seconds:,.0f} events/s" if done.seconds else ""
        lines.append(f"{', '.join(counts)} in {done.seconds:.1f} s{rate}")
        if done.stored is not None:
            lines.append(f"{done.stored:,} stored, {done.duplicates:,} were there already")
    if done.conflicting:
        lines.append(
            f"{done.conflicting:,} of these differ from the first event with their id, which stands: give"
            " each event an id of its own; after a change of the file or the mapping, import with --again"
        )
    if done.ambiguous:
        lines.append(_ambiguous(done.ambiguous))
    if done.national:
        lines.append(_national(done.national))
    if done.suppressed:
        lines.append(f"{counted(done.suppressed, 'event')} not stored: the customer refused the purpose")
    query = f"touchline query --data {data}"
    if done.quarantined:
        lines.append(f"{done.quarantined:,} in quarantine; why: {query} '{_WHY}'")
    if done.frictions is None:
        lines.append("the server that runs on the data folder folds what was imported")
    else:
        lines.append(f"{counted(done.frictions, 'friction')} in the store; which: {query} '{_FOUND}'")
        by = f" --rules {rules}" if rules else ""
        lines.append(f"see them in a browser: touchline up --data {data}{by}")
    return "\n".join(lines)


def file_line(report: "FileReport") -> str:
    """What became of a file of a folder that is watched, on one line."""
    from touchline.vocabulary.wording import counted

    match report.status:
        case "already":
            return f"{report.file}: imported before"
        case "refused" | "waiting":
            return f"{report.file}: {report.status}: {report.why}"
    parts = [counted(report.rows, "row"), counted(report.events, "event")]
    if report.stored is not None:
        parts.append(f"{report.stored:,} stored, {report.duplicates:,} were there already")
    if report.quarantined:
        parts.append(f"{report.quarantined:,} in quarantine")
    if report.why:
        parts.append(f"warning: {report.why}")
    return f"{report.file}: imported in {report.seconds:.1f} s: {', '.join(parts)}"


def show_rehearsals(rehearsals: "Sequence[Rehearsal]", job: "Job", zone: str) -> None:
    """Print what an import would do with each file."""
    from touchline.imports.refusals import line, percent
    from touchline.vocabulary.wording import counted

    console = screen()
    for rehearsal in rehearsals:
        tally = rehearsal.tally
        console.print(f"[bold]{tally.file}[/bold]", highlight=False)
        for choice in rehearsal.detected:
            console.print(f"  {choice}", highlight=False, markup=False)
        console.print(_table(rehearsal.shown, zone))
        counts = f"{counted(tally.rows, 'row')}, {counted(tally.events, 'event')}"
        refused = f"{tally.refused:,} refused ({percent(tally.share)})"
        console.print(f"{counts}, {refused}. Nothing was imported.", highlight=False)
        if rehearsal.ambiguous:
            console.print(f"  {_ambiguous(rehearsal.ambiguous)}", highlight=False)
        if rehearsal.national:
            console.print(f"  {_national(rehearsal.national)}", highlight=False, markup=False)
        if not tally.rows:
            console.print("  warning: the file has no rows", highlight=False, style="yellow")
        for reason in tally.reasons:
            console.print(f"  {line(reason)}", highlight=False, markup=False)
        if stops(tally, job):
            why = (
                f"more than {percent(job.most_refused)} of the rows are refused" if tally.rows else "no rows"
            )
            console.print(f"An import would stop here: {why}.", highlight=False, style="red")


def stops(tally: "Tally", job: "Job") -> bool:
    """Whether an import of a file would stop after its check."""
    return tally.exceeds(job.most_refused) or (job.strict and not tally.rows)


def as_json(rehearsal: "Rehearsal", job: "Job") -> dict[str, Any]:
    """A rehearsal as a JSON object."""
    tally = rehearsal.tally
    return {
        "file": tally.file,
        "detected": {choice.option: choice.value for choice in rehearsal.detected},
        "rows": tally.rows,
        "events": tally.events,
        "refused": tally.refused,
        "ambiguous": rehearsal.ambiguous,
        "national": rehearsal.national,
        "stops": stops(tally, job),
        "reasons": [
            {"reason": reason.why, "rows": reason.rows, "first_rows": reason.at} for reason in tally.reasons
        ],
        "shown": [
            {"row": shown.row, "refused": shown.refused or None, "events": shown.events}
            for shown in rehearsal.shown
        ],
    }


def _ambiguous(times: int) -> str:
    from touchline.vocabulary.wording import counted

    return f"{counted(times, 'time')} in an hour that a clock change repeats: read in the order of the rows"


def _national(numbers: int) -> str:
    from touchline.vocabulary.wording import counted

    return (
        f"{counted(numbers, 'phone number')} without country code kept as written, since no region is set:"
        ' the same number with its code is another customer. Write your country, such as region = "GB", in'
        " touchline.toml, then import with --again"
    )


def _table(rows: "Sequence[ShownRow]", zone: str) -> Any:
    from rich.table import Table

    from touchline.vocabulary.moments import in_words

    table = Table("row", "time", "type", "channel", "identifiers", "data")
    for row in rows:
        for event in row.events:
            data = ", ".join(f"{name} {_shown(value)}" for name, value in event["data"].items())
            cells = (event["type"], event["channel"], ", ".join(event["identifiers"]), data)
            table.add_row(str(row.row), in_words(event["time"], zone), *map(literal, cells))
        if row.refused:
            table.add_row(str(row.row), literal("refused", "red"), "", "", "", literal(row.refused))
        elif not row.events:
            table.add_row(str(row.row), literal("no event", "dim"), "", "", "", "")
    return table


def _shown(value: Any) -> str:
    """A value as in JSON, but texts as they are."""
    import orjson

    return value if isinstance(value, str) else orjson.dumps(value).decode()


@contextmanager
def bar() -> "Iterator[Progress]":
    """A progress bar on standard error for each file that is checked or imported."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as shown:
        tasks: dict[tuple[str, Path], TaskID] = {}

        def move(what: str, path: Path, done: int) -> None:
            if (what, path) not in tasks:
                tasks[what, path] = shown.add_task(f"{what} {path.name}", total=path.stat().st_size)
            shown.update(tasks[what, path], completed=done)

        yield move
