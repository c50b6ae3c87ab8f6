"""Rows of a file, as every reader yields them, and positions at which reading can resume."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, Protocol

from touchline.imports.readers.options import Choice

Values = dict[str, Any]
"""One row: column name → value. CSV gives text; NDJSON and Parquet give typed values."""

LONGEST_ROW = 1024 * 1024
"""The longest row of a text file, in bytes; a longer one is a bad row."""

BODY = 64 * 1024
"""The most characters of a bad row that are kept."""


class Position(NamedTuple):
    """A position between two rows: the number of the next row, and its offset.

    `row` counts from 1: lines of text, rows of Parquet. `offset` is in bytes of the decompressed text, or in
    rows of Parquet. `clocks` is the state of `Clock`: what the mapping knows of the times before this row.
    """

    row: int
    offset: int
    clocks: tuple[tuple[int, float, int], ...] = ()


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


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The value of a cell that cannot be read, with the reason; `SpoiledRow` hides it from mappings."""

    what: str

    def __str__(self) -> str:
        return self.what


def two_columns(name: str) -> str:
    """What is wrong with a column whose name another column has, too."""
    return f"two columns are named {name!r}: rename one of them in the file"


class SpoiledRow(Values):
    """A row with unreadable cells. It is a dict, but access to such a cell raises ValueError."""

    def __getitem__(self, name: str) -> Any:
        return _readable(super().__getitem__(name))

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a column, or the default."""
        return _readable(super().get(name, default))

    def pop(self, name: str, *default: Any) -> Any:
        """Remove a column and return its value."""
        return _readable(super().pop(name, *default))

    def values(self) -> Any:
        """All values."""
        return [_readable(value) for value in super().values()]

    def items(self) -> Any:
        """All columns and values."""
        return [(name, _readable(value)) for name, value in super().items()]

    def copy(self) -> "SpoiledRow":
        """A copy in which the same cells are unreadable."""
        return SpoiledRow(super().items())

    # dict(row) and {**row} read the cells one by one if this is overridden.
    def __iter__(self) -> Iterator[str]:
        return super().__iter__()

    def __or__(self, other: Any) -> Any:
        return SpoiledRow([*super().items(), *other.items()])


def _readable(value: Any) -> Any:
    return _refuse(value) if isinstance(value, Unreadable) else value


def _refuse(cell: Unreadable) -> NoReturn:
    raise ValueError(cell.what)


class Reader(Protocol):
    """An open file. Iterate it once, then close it."""

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns, if the file has a header or a schema. A name may occur twice."""

    @property
    def detected(self) -> tuple[Choice, ...]:
        """What the reader chose because no option says it."""

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
