"""Rows of a file: what every reader yields, and where reading can be taken up again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Values = dict[str, Any]
"""One row: column name → value. CSV gives text; NDJSON and Parquet give what they hold."""

LONGEST_ROW = 1024 * 1024
"""The longest row of a text file, in bytes; a longer one is a bad row."""


class Position(NamedTuple):
    """A place between two rows: the number of the next row, and how far into the file it is.

    `row` counts from 1: the line for text, the row for Parquet. `offset` is in bytes of the unpacked
    text, in rows for Parquet.
    """

    row: int
    offset: int


START = Position(1, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One row that could be read. `after` is the place behind it."""

    row: int
    values: Values
    after: Position


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that could not be used: what is wrong with it, and its text as it came (cut to 64 KiB).

    `after` is the place behind it.
    """

    row: int
    what: str
    body: str
    after: Position


class Reader(Protocol):
    """An open file. Iterate it once, then close it."""

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns, where the file says them once for all rows."""

    @property
    def progress(self) -> int:
        """Bytes of the file, as it lies on the disk, that have been read."""

    def __iter__(self) -> Iterator[Row | BadRow]:
        """The rows, in order.

        Raises:
            FileError: the file is damaged from here on.
        """

    def close(self) -> None:
        """Close the file."""
