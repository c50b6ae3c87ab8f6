"""How alerting queries a store: SQL with text parameters, as in ClickHouse's HTTP protocol."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from touchline.store import Reply, parse_answer

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Gives the rows of an answer; 64-bit numbers are numbers."""

Insert = Callable[[str, dict[str, Sequence[Any]], str], None]
"""Appends rows, by column, to a table; a repeat with the same token adds nothing."""


class Replying(Protocol):
    """A store, or what reads one that another process has open."""

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply: ...


def asking(store: Replying) -> Ask:
    """What asks a store."""

    def ask(sql: str, parameters: Mapping[str, str]) -> Sequence[Sequence[Any]]:
        return parse_answer(store.reply(sql, "JSONCompact", parameters).body).result_rows

    return ask


def listed(values: Sequence[str]) -> str:
    """A list as one parameter."""
    return orjson.dumps(values).decode().replace("\\", "\\\\")
