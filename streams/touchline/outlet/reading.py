"""How changes are read from the store: from a cursor on, in portions."""

import re
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

import msgspec

from touchline.tables.rows import FrictionChangeRow

_COLUMNS = FrictionChangeRow.__struct_fields__
_UUIDS = ("id", "subject", "customer", "friction", "journey")
_CURSOR = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18})-([0-9a-f-]{36}))?")
_TIMES = ("opened_at", "detected_at", "resolved_at")


class Cursor(NamedTuple):
    """A place among the changes: behind the one with these values."""

    position: int
    version: int = 0
    id: UUID = UUID(int=0)

    def __str__(self) -> str:
        return f"{self.position}-{self.version}-{self.id}"

    @classmethod
    def after(cls, change: FrictionChangeRow) -> Self:
        """The place behind a change."""
        return cls(change.position, change.version, change.id)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that a text names: a cursor as text, or a time (RFC 3339, or ms since 1970).

        Raises:
            ValueError: it names none; the message says what to write.
        """
        try:
            if found := _CURSOR.fullmatch(text):
                position, version, change = found.groups()
                return (
                    cls(int(position)) if version is None else cls(int(position), int(version), UUID(change))
                )
            at = datetime.fromisoformat(text)
            if at.tzinfo is not None:
                return cls(max(0, int(at.timestamp() * 1000)))
        except (ValueError, OverflowError):
            # Neither.
            pass
        raise ValueError(
            f"{text[:80]!r} is no place in the stream: write the `id` of an event of this stream, or a time"
            " such as 2026-11-30T10:00:00Z"
        )


class Selection(NamedTuple):
    """Which changes a program gets: those of these rules, and of this customer; all where none is named."""

    rules: tuple[str, ...] = ()
    customer: UUID | None = None


class Statement(NamedTuple):
    """SQL with the values of its parameters as text."""

    sql: str
    parameters: dict[str, str]


def page(selection: Selection, after: Cursor, most: int) -> Statement:
    """The next changes behind a cursor, in order, `most` at most."""
    return _select(
        selection,
        "position >= {position:UInt64} AND (position, version, id) > "
        "({position:UInt64}, {version:UInt64}, {id:UUID})",
        {"position": str(after.position), "version": str(after.version), "id": str(after.id)},
        most,
    )


def window(selection: Selection, since: int, until: Cursor, most: int) -> Statement:
    """The changes from a position on and up to a cursor, in order, `most` at most."""
    return _select(
        selection,
        "position >= {since:UInt64} AND position <= {position:UInt64} AND (position, version, id) <= "
        "({position:UInt64}, {version:UInt64}, {id:UUID})",
        {
            "since": str(max(0, since)),
            "position": str(until.position),
            "version": str(until.version),
            "id": str(until.id),
        },
        most,
    )


def head(since: int) -> Statement:
    """How many changes there are from a position on, and the highest position of all."""
    return Statement(
        "SELECT count(), max(position) FROM friction_changes WHERE position >= {since:UInt64}",
        {"since": str(max(0, since))},
    )


LAST = Statement(
    "SELECT position, version, id FROM friction_changes "
    "ORDER BY position DESC, version DESC, id DESC LIMIT 1",
    {},
)
"""The last change."""


def changes(rows: list[list[Any]]) -> list[FrictionChangeRow]:
    """The rows of `page` and `window` as changes."""
    named = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    return msgspec.convert(named, list[FrictionChangeRow], strict=False)


def _select(selection: Selection, where: str, parameters: dict[str, str], most: int) -> Statement:
    columns = ", ".join(_column(name) for name in _COLUMNS)
    if selection.rules:
        where += " AND rule IN {rules:Array(String)}"
        parameters["rules"] = _array(selection.rules)
    if selection.customer is not None:
        where += " AND customer = {customer:UUID}"
        parameters["customer"] = str(selection.customer)
    sql = (
        f"SELECT {columns} FROM friction_changes AS change WHERE {where} "  # noqa: S608 - constants
        f"ORDER BY change.position, change.version, change.id LIMIT {most:d}"
    )
    return Statement(sql, parameters)


def _column(name: str) -> str:
    if name in _TIMES:
        return f"toUnixTimestamp64Milli(change.{name})"
    return f"toString(change.{name})" if name in _UUIDS else f"change.{name}"


def _array(values: tuple[str, ...]) -> str:
    """Texts as a parameter of type Array(String), in the text format of ClickHouse."""
    quoted = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values)
    return "[" + ", ".join(f"'{value}'" for value in quoted) + "]"
