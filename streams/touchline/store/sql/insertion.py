"""Parsing an INSERT that arrives over HTTP: one line of SQL, followed by rows in a ClickHouse format."""

import re
from dataclasses import dataclass
from itertools import pairwise

from touchline.store.errors import QueryError
from touchline.store.sql.tokens import syntax_error, tokens

FORMATS = frozenset(
    {"Native", "RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Arrow", "ArrowStream"}
    | {"Parquet", "JSONEachRow", "JSONCompactEachRow", "NDJSON", "CSV", "CSVWithNames", "TabSeparated"}
    | {"TSV", "TSVWithNames", "TabSeparatedWithNames", "Values"}
)
"""Self-contained row formats: none of them refers to another file or schema."""

_NAME = rb'(?:[A-Za-z_][A-Za-z0-9_]*|`[^`\\]+`|"[^"\\]+")'
_HEAD = re.compile(
    rb"\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?:(?P<database>" + _NAME + rb")\s*\.\s*)?(?P<table>" + _NAME + rb")"
    rb"\s*(?:\(\s*(?P<columns>" + _NAME + rb"(?:\s*,\s*" + _NAME + rb")*)\s*\))?"
    # The rows begin after the first line end if there is one, else after the blanks.
    rb"\s*(?:FORMAT\s+(?P<format>[A-Za-z]+)[ \t\r]*\n?|(?P<values>VALUES)\b\s*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows for a table. `columns` None means all columns, `database` None the current database."""

    database: str | None
    table: str
    columns: list[str] | None
    format: str
    rows: bytes


def read_insertion(body: bytes) -> Insertion:
    """Parse an INSERT with its rows.

    Raises:
        QueryError: 62 where it is not a supported INSERT, 73 where the format is not supported.
    """
    head = _HEAD.match(body)
    if head is None:
        raise syntax_error(
            "write INSERT INTO table (columns) FORMAT name, followed by the rows; send settings in the URL"
        )
    name = (head["format"] or b"Values").decode()
    row_format = next((known for known in FORMATS if known.lower() == name.lower()), None)
    if row_format is None:
        raise QueryError(
            f"Code: 73. DB::Exception: Format {name} is not supported: send {', '.join(sorted(FORMATS))}. "
            "(UNKNOWN_FORMAT)",
            73,
        )
    rows = body[head.end() :]
    if row_format == "Values":
        _check_values(rows)
    columns = re.findall(_NAME, head["columns"]) if head["columns"] else None
    return Insertion(
        database=_unquoted(head["database"]) if head["database"] else None,
        table=_unquoted(head["table"]),
        columns=None if columns is None else [_unquoted(column) for column in columns],
        format="JSONEachRow" if row_format == "NDJSON" else row_format,
        rows=rows,
    )


def _check_values(rows: bytes) -> None:
    """Refuse function calls among the values: the engine would evaluate them."""
    for token, following in pairwise(tokens(rows.decode(errors="replace"))):
        if token.is_name and following.is_sign("("):
            raise syntax_error(f"{token.text[:30]}() is not a value")


def _unquoted(name: bytes) -> str:
    return name.decode().strip('`"')
