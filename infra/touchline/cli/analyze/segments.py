"""`touchline segments`: saved filters over customers, and how many are in each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.output import literal, print_json, say, screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchline.segments.definition import Segment
    from touchline.segments.saved import Saved

app = typer.Typer(
    help="Segments: list and show those that people saved on the page, check a file.", no_args_is_help=True
)

DataOption = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of the table.")]

_RUNS = """
SELECT segment, toInt64(customers), toInt64(journeys), toInt64(toUnixTimestamp64Milli(computed_at)), error
FROM current_segment_runs
"""


@app.command("list")
def list_segments(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the saved segments with the number of their customers.

    Example: touchline segments list
    """
    from touchline.cli.spans import query_function
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.segments.saved import SEGMENTS_SQL, saved_segments
    from touchline.vocabulary.moments import in_words

    settings = load_settings(data=data)
    with readable_store(settings) as reader:
        ask = query_function(reader)
        saved = saved_segments(ask(SEGMENTS_SQL, {}))
        runs = {row[0]: row[1:] for row in ask(_RUNS, {})}
    if as_json:
        print_json([_plain(one) | _computed(runs.get(one.id)) for one in saved])
        return
    if not saved:
        say("No segment is saved yet. Save one on the live page, under Segments.")
        return
    from rich.table import Column, Table

    customers = Column("customers", justify="right")
    table = Table(Column("id", no_wrap=True), "title", "owner", customers, "computed")
    for one in saved:
        run, known = runs.get(one.id), one.definition
        computed = in_words(run[2], settings.zone) if run else "not yet"
        table.add_row(
            literal(one.id),
            literal(known.title if known else one.error),
            literal(known.owner if known else ""),
            f"{run[0]:,}" if run else "",
            computed,
        )
    screen().print(table)


@app.command()
def show(
    saved_id: Annotated[str, typer.Argument(metavar="ID", help="A saved segment or funnel.")],
    data: DataOption = None,
) -> None:
    """Show a saved segment or funnel as YAML, ready to be changed and saved again.

    Example: touchline segments show loyal
    """
    from touchline.cli.spans import query_function
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.documents import suggestion
    from touchline.segments.saved import FUNNELS_SQL, SEGMENTS_SQL, saved_funnels, saved_segments

    with readable_store(load_settings(data=data)) as reader:
        ask = query_function(reader)
        texts = {one.id: one.text for one in saved_funnels(ask(FUNNELS_SQL, {}))}
        texts |= {one.id: one.text for one in saved_segments(ask(SEGMENTS_SQL, {}))}
    if saved_id not in texts:
        raise fail(
            f"no segment or funnel is called '{saved_id}'{suggestion(saved_id, texts)}; see `touchline "
            "segments list`"
        )
    say(texts[saved_id].rstrip("\n"))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The definition of one segment.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a segment, and count its customers in the store. Saves nothing; exit code 1 if it is invalid.

    Example: touchline segments check loyal.yaml
    """
    from time import time

    from touchline.cli.spans import query_function
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.segments.definition import DefinitionError, read_segment
    from touchline.segments.membership import members_sql
    from touchline.vocabulary.wording import counted

    try:
        segment = read_segment(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}") from None
    except (DefinitionError, UnicodeDecodeError) as error:
        raise fail(str(error)) from None
    members = members_sql(segment, int(time() * 1000))
    with readable_store(load_settings(data=data)) as reader:
        sql = (
            "SELECT toInt64(uniqExact(customer)), toInt64(countIf(journey != toUUIDOrZero(''))) "  # noqa: S608
            f"FROM ({members})"
        )
        ((customers, journeys),) = query_function(reader)(sql, {})
    if as_json:
        print_json({"id": segment.id, "title": segment.title, "customers": customers, "journeys": journeys})
        return
    of_journeys = f"{counted(journeys, 'journey')} of " if segment.of == "journeys" else ""
    say(f"{segment.title}: {of_journeys}{counted(customers, 'customer')}")


def _plain(saved: "Saved[Segment]") -> dict[str, object]:
    known = saved.definition
    return {
        "id": saved.id,
        "title": known.title if known else None,
        "owner": known.owner if known else None,
        "author": saved.author,
        "written_at": saved.written_at,
        "error": saved.error,
    }


def _computed(run: "Sequence[Any] | None") -> dict[str, object]:
    if run is None:
        return {"customers": None, "journeys": None, "computed_at": None}
    customers, journeys, computed, error = run
    found = {"customers": customers, "journeys": journeys, "computed_at": computed}
    return found | ({"error": error} if error else {})
