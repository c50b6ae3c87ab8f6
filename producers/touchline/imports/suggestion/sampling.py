"""The first rows of a file, read with the options that its text needs."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from touchline.imports.errors import FileError
from touchline.imports.readers.formats import open_rows
from touchline.imports.readers.options import FileOptions
from touchline.imports.readers.rows import START, Row

SAMPLED: Final = 1_000
"""Rows that are looked at."""

# Tried if the text is not UTF-8: what spreadsheets and older systems of Western Europe write.
_OTHER_ENCODING: Final = "cp1252"
_DEEPEST: Final = 3


class Sample(NamedTuple):
    """The first rows of a file.

    Attributes:
        file: The file's name.
        columns: The names of its columns, each once; fields of objects as `user.id`.
        rows: The rows, each with a value for every column, or None.
        options: How the text was read, where that is not the default.
        twice: Names that several columns have.
    """

    file: str
    columns: list[str]
    rows: list[dict[str, Any]]
    options: dict[str, str]
    twice: list[str]


def take_sample(path: Path, options: FileOptions) -> Sample:
    """The first rows of a file; rows that cannot be read are left out.

    Raises:
        FileError: the file cannot be opened, or has no readable row.
    """
    try:
        return _taken(path, options)
    except FileError:
        if options.encoding is not None:
            raise
        # If that is not its encoding either, the message is about what the user gave.
        try:
            return _taken(path, options.model_copy(update={"encoding": _OTHER_ENCODING}))
        except FileError:
            pass
        raise


def _taken(path: Path, options: FileOptions) -> Sample:
    reader = open_rows(path, START, options)
    try:
        names = list(reader.columns or [])
        twice = sorted({name for name in names if names.count(name) > 1})
        found = islice((row for row in reader if isinstance(row, Row)), SAMPLED)
        rows = [dict(_cells(row.values, twice)) for row in found]
        detected = {choice.option: choice.value for choice in reader.detected}
    finally:
        reader.close()
    if not rows:
        raise FileError(f"{path} has no row that can be read: a mapping cannot be suggested")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    given = {name: str(value) for name, value in options.model_dump(exclude_none=True).items()}
    if "delimiter" in detected:
        given.setdefault("delimiter", detected["delimiter"].strip("'"))
    return Sample(path.name, columns, rows, given, twice)


def _cells(values: dict[str, Any], twice: list[str], depth: int = 1) -> Iterator[tuple[str, Any]]:
    """The columns of a row and their values; objects by their fields."""
    for name in dict.keys(values):
        if name in twice:
            continue
        try:
            value = values[name]
        except ValueError:
            # A cell that cannot be read says nothing about its column.
            value = None
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from ((f"{name}.{inner}", found) for inner, found in _cells(value, [], depth + 1))
        else:
            yield name, value
