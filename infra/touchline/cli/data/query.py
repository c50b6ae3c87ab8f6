"""`touchline query`: SQL on the store, for reading."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import literal, screen, write_raw

if TYPE_CHECKING:
    from touchline.store import Answer

SHOWN = 100
"""Rows that the table shows."""


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement; - reads standard input.")],
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A value for {NAME:Type} in the SQL; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a line of names.")] = False,
) -> None:
    """Query the store in ClickHouse's SQL, read-only.

    `touchline up` may be running on the store.

    Example: touchline query "SELECT rule, count() FROM current_frictions GROUP BY rule"
    """
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.store import parse_answer

    if as_json and as_csv:
        raise fail("give --json or --csv, not both", 2)
    parameters = _parameters(param or [])
    text = sys.stdin.read() if sql == "-" else sql
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise fail(f"the SQL is not UTF-8 at character {error.start + 1}", 2) from None
    if not text.strip():
        raise fail("there is no SQL: write a statement, or - and one on standard input", 2)
    fmt = "JSONEachRow" if as_json else "CSVWithNames" if as_csv else "JSONCompact"
    with readable_store(load_settings(data=data)) as reader:
        reply = reader.reply(text, fmt, parameters)
    if reply.format == "JSONCompact":
        _show(parse_answer(reply.body))
    else:
        write_raw(reply.body)


def _parameters(given: list[str]) -> dict[str, str]:
    parameters = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.isidentifier():
            raise fail(f"--param {one}: write NAME=VALUE", 2)
        parameters[name] = value
    return parameters


def _show(answer: "Answer") -> None:
    from rich.table import Table

    table = Table()
    for name in answer.column_names:
        table.add_column(literal(name))
    for row in answer.result_rows[:SHOWN]:
        table.add_row(*(literal("" if value is None else str(value)) for value in row))
    console = screen()
    console.print(table)
    rows = len(answer.result_rows)
    note = f", the first {SHOWN} are shown: --json or --csv print all" if rows > SHOWN else ""
    console.print(f"{rows} row{'' if rows == 1 else 's'}{note}", style="dim")
