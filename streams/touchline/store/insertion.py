"""An INSERT as it comes over HTTP: a line of SQL, and the rows behind it in one of ClickHouse's formats."""

import re
from dataclasses import dataclass
from itertools import pairwise

from touchline.store.errors import QueryError
from touchline.store.statement import Kind, tokens

FORMATS = frozenset(
    {"Native", "RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Arrow", "ArrowStream"}
    | {"Parquet", "JSONEachRow", "JSONCompactEachRow", "NDJSON", "CSV", "CSVWithNames", "TabSeparated"}
    | {"TSV", "TSVWithNames", "TabSeparatedWithNames", "Values"}
)
"""Formats of rows that say all by themselves: no other file, no schema from elsewhere."""

_NAME = rb'(?:[A-Za-z_][A-Za-z0-9_]*|`[^`\\]+`|"[^"\\]+")'
_HEAD = re.compile(
    rb"\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?:(?P<database>" + _NAME + rb")\s*\.\s*)?(?P<table>" + _NAME + rb")"
    rb"\s*(?:\(\s*(?P<columns>" + _NAME + rb"(?:\s*,\s*" + _NAME + rb")*)\s*\))?"
    # The data begin after the first line end, if there is one, or after all blanks.
    rb"\s*(?:FORMAT\s+(?P<format>[A-Za-z]+)[ \t\r]*\n?|(?P<values>VALUES)\b\s*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows for a table; `columns` None stands for all of them, `database` None for the one in use."""

    database: str | None
    table: str
    columns: list[str] | None
    format: str
    rows: bytes


def read_insertion(whole: bytes) -> Insertion:
    """Read an INSERT.

    Raises:
        QueryError: 62 where it is none that is understood, 73 where the format is not taken.
    """
    head = _HEAD.match(whole)
    if head is None:
        raise QueryError(
            "Code: 62. DB::Exception: Syntax error: write INSERT INTO table (columns) FORMAT name, and the "
            "rows behind it; settings go into the address. (SYNTAX_ERROR)",
            62,
        )
    name = (head["format"] or b"Values").decode()
    known = next((one for one in FORMATS if one.lower() == name.lower()), None)
    if known is None:
        raise QueryError(
            f"Code: 73. DB::Exception: Format {name} is not taken here: send {', '.join(sorted(FORMATS))}. "
            "(UNKNOWN_FORMAT)",
            73,
        )
    rows = whole[head.end() :]
    if known == "Values":
        _check_values(rows)
    names = re.findall(_NAME, head["columns"]) if head["columns"] else None
    return Insertion(
        database=_plain(head["database"]) if head["database"] else None,
        table=_plain(head["table"]),
        columns=None if names is None else [_plain(one) for one in names],
        format="JSONEachRow" if known == "NDJSON" else known,
        rows=rows,
    )


def _check_values(rows: bytes) -> None:
    """Rows are values: the engine would also work out what a sender wrote instead of one."""
    found = list(tokens(rows.decode(errors="replace")))
    for token, after in pairwise(found):
        if token.kind in (Kind.WORD, Kind.QUOTED) and after.kind is Kind.SIGN and after.text == "(":
            raise QueryError(
                f"Code: 62. DB::Exception: Syntax error: {token.text[:30]}() is no value. (SYNTAX_ERROR)", 62
            )


def _plain(name: bytes) -> str:
    return name.decode().strip('`"')
