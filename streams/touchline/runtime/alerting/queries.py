"""How alerting queries a store: SQL with text parameters, as in ClickHouse's HTTP protocol."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from touchline.store import Reply, parse_answer

Query = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs SQL with parameters, and returns the rows; 64-bit numbers are numbers."""

Insert = Callable[[str, dict[str, Sequence[Any]], str], None]
"""Appends rows, by column, to a table; a repeat with the same token adds nothing."""


class Queryable(Protocol):
    """A store, or a reader of a store that another process has open."""

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply: ...


def query_of(store: Queryable) -> Query:
    """Return a function that queries a store."""

    def query(sql: str, parameters: Mapping[str, str]) -> Sequence[Sequence[Any]]:
        return parse_answer(store.reply(sql, "JSONCompact", parameters).body).result_rows

    return query


def list_parameter(values: Sequence[str] | Sequence[Sequence[str]]) -> str:
    """A list of texts, or of lists of texts, as one parameter."""
    return orjson.dumps(values).decode().replace("\\", "\\\\")


def shown(rows: str, columns: Iterable[str], ids: Collection[str], times: Collection[str]) -> str:
    """SQL for these columns of rows, in their order, whichever else there are: ids as text, times in ms."""
    chosen = ", ".join(
        f"toString({column}) AS {column}"
        if column in ids
        else f"toUnixTimestamp64Milli({column}) AS {column}"
        if column in times
        else column
        for column in columns
    )
    return f"SELECT {chosen} FROM ({rows})"  # noqa: S608 - names of columns
