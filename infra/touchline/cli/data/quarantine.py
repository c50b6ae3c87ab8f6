"""`touchline quarantine`: the events that were refused, with the reason for each."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import WRONG_USAGE, fail
from touchline.cli.options import Data
from touchline.cli.output import literal, print_json_line, say, screen

if TYPE_CHECKING:
    from touchline.config.settings import Settings
    from touchline.measures import Ask

app = typer.Typer(help="Refused events: list them with their reasons, show one whole.", no_args_is_help=True)

_COLUMNS = ("id", "received_at", "producer", "reason", "field", "message", "body")
_SELECT = (
    "SELECT id, toUnixTimestamp64Milli(received_at), producer, reason, field, message, body "
    "FROM quarantine FINAL "
)
_LIST = """
WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})
    AND ({reason:String} = '' OR reason = {reason:String})
    AND ({producer:String} = '' OR producer = {producer:String})
ORDER BY received_at DESC, id
LIMIT {limit:UInt32}
"""

Entry = dict[str, Any]
"""A row of the table `quarantine`: its columns, `received_at` in ms."""


@app.command("list")
def list_entries(
    since: Annotated[str, typer.Option(metavar="7d|TIME", help="How far back, or from when.")] = "7d",
    reason: Annotated[str, typer.Option(help="Only this reason, such as unknown_type.")] = "",
    producer: Annotated[str, typer.Option(help="Only this producer.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many, the newest.")] = 50,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List refused events, newest first: when, which producer, why.

    Example: touchline quarantine list --since 1d --reason unknown_type
    """
    from touchline.cli.spans import since as start_of
    from touchline.config.settings import load_settings
    from touchline.vocabulary.refusal import Reason

    if reason and reason not in list(Reason):
        raise fail(f"--reason {reason}: write one of {', '.join(Reason)}", WRONG_USAGE)
    settings = load_settings(data=data)
    start = start_of(since, int(time.time() * 1000), settings.zone)
    parameters = {"since": str(start), "reason": reason, "producer": producer, "limit": str(limit)}
    entries = _entries(_LIST, parameters, settings)
    if as_json:
        for entry in entries:
            print_json_line(entry)
    else:
        _show_table(entries, limit, settings.zone)


@app.command()
def show(
    entry: Annotated[str, typer.Argument(metavar="ID", help="An id that `quarantine list` prints.")],
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show one refused event: why it was refused, and its body as it arrived.

    Example: touchline quarantine show 0199c1de-6a0f-7000-8000-5d1f3c1b2a90
    """
    from touchline.config.settings import load_settings

    settings = load_settings(data=data)
    entries = _entries("WHERE id = {id:String}", {"id": entry}, settings)
    if not entries:
        raise fail(f"no entry {entry} in quarantine: see `touchline quarantine list`")
    found = entries[0]
    if as_json:
        print_json_line(found)
        return
    from touchline.vocabulary.moments import in_words

    say(f"received  {in_words(found['received_at'], settings.zone)}")
    say(f"producer  {found['producer']}")
    say(f"reason    {found['reason']}")
    say(f"field     {found['field'] or '(the whole event)'}")
    say(f"message   {found['message']}")
    say(f"\n{found['body']}")


def _entries(condition: str, parameters: dict[str, str], settings: "Settings") -> list[Entry]:
    """Read entries from the store that the settings name."""
    from touchline.cli.spans import query_function
    from touchline.config.stores import readable_store

    with readable_store(settings) as reader:
        ask: Ask = query_function(reader)
        return [dict(zip(_COLUMNS, row, strict=True)) for row in ask(_SELECT + condition, parameters)]


def _show_table(entries: list[Entry], limit: int, zone: str) -> None:
    from rich.table import Table

    from touchline.vocabulary.moments import in_words
    from touchline.vocabulary.wording import counted

    table = Table("received", "producer", "reason", "field", "message", "id")
    for entry in entries:
        cells = (entry[name] for name in ("producer", "reason", "field", "message", "id"))
        table.add_row(in_words(entry["received_at"], zone), *map(literal, cells))
    console = screen()
    console.print(table)
    more = "; --limit shows more" if len(entries) == limit else ""
    refused = counted(len(entries), "refused event")
    console.print(f"{refused}{more}", style="dim")
