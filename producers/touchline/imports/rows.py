"""Rows of a file, as every reader yields them, and positions at which reading can resume."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Values = dict[str, Any]
"""One row: column name → value. CSV gives text; NDJSON and Parquet give typed values."""

LONGEST_ROW = 1024 * 1024
"""The longest row of a text file, in bytes; a longer one is a bad row."""


class Position(NamedTuple):
    """A position between two rows: the number of the next row, and its offset.

    `row` counts from 1: lines of text, rows of Parquet. `offset` is in bytes of the decompressed text, or in
    rows of Parquet.
    """

    row: int
    offset: int


START = Position(1, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One readable row. `after` is the position after it."""

    row: int
    values: Values
    after: Position


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be used: what is wrong, and its text (cut to 64 KiB). `after` follows it."""

    row: int
    what: str
    body: str
    after: Position


class Reader(Protocol):
    """An open file. Iterate it once, then close it."""

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns, if the file has a header or a schema."""

    @property
    def progress(self) -> int:
        """Bytes of the file on the disk that have been read."""

    def __iter__(self) -> Iterator[Row | BadRow]:
        """The rows, in order.

        Raises:
            FileError: the file is damaged from here on.
        """

    def close(self) -> None:
        """Close the file."""
