"""Reads a file through a mapping and yields native events, which the import puts into the log."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid5

import orjson

from touchline.imports.envelopes import to_envelope
from touchline.imports.errors import MappingError, Unmapped
from touchline.imports.mapping import Mapping
from touchline.imports.readers.formats import open_rows
from touchline.imports.readers.options import Choice
from touchline.imports.readers.rows import BODY, START, BadRow, Position, Reader, Row, Values
from touchline.imports.yaml_mapping.zones import Clock
from touchline.vocabulary.ids import NAMESPACE

MOST_GROUPED = 10_000
"""The most rows of one group; a longer group is split."""


@dataclass(frozen=True, slots=True)
class ImportItem:
    """The result of one row or one group of rows: events, none (the mapping skipped it), or a bad row.

    Args:
        file: Name of the file.
        row: Number of the first row.
        rows: Number of rows.
        position: Where an import resumes after this item is stored.
        progress: Bytes of the file on the disk that were read so far.
        events: The events.
        bad: The bad row.
        repeated: How many times of the events fall in the hour that a clock change repeats.
    """

    file: str
    row: int
    rows: int
    position: Position
    progress: int
    events: tuple[dict[str, Any], ...] = ()
    bad: BadRow | None = None
    repeated: int = 0


def read_events(path: Path, mapping: Mapping | None = None, start: Position = START) -> Iterator[ImportItem]:
    """The events of a file in the order of its rows, as native envelopes that are not validated yet.

    Without a mapping each line of an NDJSON file is a native event. The same file and mapping give the same
    ids, wherever reading starts.

    Raises:
        FileError: the file cannot be opened, or is damaged.
        MappingError: the mapping does not fit the file.
    """
    reader = _open(path, mapping, start)
    try:
        _check(reader, path, mapping)
        if mapping is None or mapping.group is None:
            yield from _one_by_one(reader, path, mapping, start)
        else:
            yield from _grouped(reader, path, mapping, mapping.group, start)
    finally:
        reader.close()


def check_file(path: Path, mapping: Mapping | None = None) -> tuple[Choice, ...]:
    """What reading a file detects in it, if it can be opened and fits the mapping. Its rows are not read.

    Raises:
        FileError, MappingError: as `read_events`.
    """
    reader = _open(path, mapping, START)
    try:
        _check(reader, path, mapping)
        return reader.detected
    finally:
        reader.close()


def _open(path: Path, mapping: Mapping | None, start: Position) -> Reader:
    if mapping is None:
        return open_rows(path, start)
    return open_rows(path, start, mapping.options, mapping.reads(path))


def _check(reader: Reader, path: Path, mapping: Mapping | None) -> None:
    if reader.columns is None:
        return
    if mapping is None:
        raise MappingError(
            f"{path} needs a mapping from its columns to events: pass --map with the path of a .yaml or .py"
            " file, or the name of a shipped mapping; --suggest prints one to start from. The columns are"
            f" {', '.join(reader.columns)}"
        )
    mapping.check(path, reader.columns)


def _one_by_one(reader: Reader, path: Path, mapping: Mapping | None, start: Position) -> Iterator[ImportItem]:
    clock = Clock(start.clocks)
    for row in reader:
        if isinstance(row, BadRow):
            yield ImportItem(path.name, row.row, 1, row.after, reader.progress, bad=row)
        elif mapping is None:
            yield ImportItem(path.name, row.row, 1, row.after, reader.progress, (_native(row),))
        else:
            yield _mapped([row], row.after, reader.progress, path, mapping, clock)


def _grouped(
    reader: Reader, path: Path, mapping: Mapping, column: str, start: Position
) -> Iterator[ImportItem]:
    clock = Clock(start.clocks)
    held: list[Row] = []
    group: Any = None
    # `begin` is where reading must resume to get the current group whole.
    begin = behind = start
    for row in reader:
        value = _group(row, column)
        if isinstance(row, BadRow) or isinstance(value, BadRow):
            behind = row.after
            yield ImportItem(path.name, row.row, 1, begin if held else behind, reader.progress, bad=value)
            continue
        # A row without a value is a group of its own.
        if held and (value in (None, "") or value != group or len(held) == MOST_GROUPED):
            yield _mapped(held, behind, reader.progress, path, mapping, clock)
            held, begin = [], behind
        elif not held:
            begin = behind
        held.append(row)
        group = value
        behind = row.after
    if held:
        yield _mapped(held, behind, reader.progress, path, mapping, clock)


def _group(row: Row | BadRow, column: str) -> Any:
    """The value by which a row belongs to a group, or a bad row if it cannot be read."""
    if isinstance(row, BadRow):
        return row
    try:
        return row.values.get(column)
    except ValueError as error:
        return BadRow(row.row, str(error), _json(row.values)[:BODY], row.after)


def mapped(
    rows: list[Values], file: Path, mapping: Mapping, clock: Clock, key: Callable[[int], str]
) -> tuple[dict[str, Any], ...]:
    """The native envelopes that a mapping makes of a row, or of a group of rows; not validated yet.

    `key` gives the id of an event for which the mapping names none, by the event's number from 1.

    Raises:
        Unmapped: the mapping fails; the message names it.
    """
    try:
        events = tuple(
            to_envelope(event, mapping.name, partial(key, number))
            for number, event in enumerate(mapping.produce(rows, file, clock), 1)
        )
        _check_ids(events)
    except Exception as error:  # A mapping is the user's code: any exception makes the row a bad row.
        raise Unmapped(f"mapping {mapping.name}: {_message(error)}") from error
    return events


def _mapped(
    rows: list[Row], after: Position, progress: int, path: Path, mapping: Mapping, clock: Clock
) -> ImportItem:
    first = rows[0]
    values = [row.values for row in rows]
    repeated = clock.repeated
    bad: BadRow | None = None
    events: tuple[dict[str, Any], ...] = ()
    try:
        events = mapped(values, path, mapping, clock, partial(_position_key, first))
    except Unmapped as error:
        bad = BadRow(first.row, str(error), _json(values[0] if len(values) == 1 else values)[:BODY], after)
    if state := clock.state:
        after = Position(after.row, after.offset, state)
    return ImportItem(
        path.name, first.row, len(rows), after, progress, events, bad, 0 if bad else clock.repeated - repeated
    )


def _check_ids(events: tuple[dict[str, Any], ...]) -> None:
    if len({event["id"] for event in events}) < len(events):
        raise ValueError("two events of one row have the same id: give each event its own id")


def _native(row: Row) -> dict[str, Any]:
    if row.values.get("id") is not None:
        return row.values
    return row.values | {"id": _position_key(row, 1)}


def _position_key(row: Row, number: int) -> str:
    """A key for an event without an id: from the row's content and number, but not the file's name."""
    return str(uuid5(NAMESPACE, f"{row.row}:{number}:{_json(row.values)}"))


def _json(values: Values | list[Values]) -> str:
    return orjson.dumps(values, default=_as_text, option=orjson.OPT_SORT_KEYS).decode()


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _message(error: Exception) -> str:
    match error:
        case KeyError():
            return f"the row has no column {error}"
        case ValueError():
            return str(error)
    return f"{type(error).__name__}: {error}"
