"""Mappings in YAML: their format, and the conversion of a row to events."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from touchline.imports.errors import MappingError
from touchline.imports.readers.options import FileOptions
from touchline.imports.readers.rows import Values, two_columns
from touchline.imports.readers.values import as_text
from touchline.imports.yaml_mapping.cells import (
    Column,
    Constant,
    PlainRow,
    Reading,
    Scalar,
    Strict,
    Time,
)
from touchline.imports.yaml_mapping.zones import Clock

Condition = dict[str, Scalar | list[Scalar]]

_BRACES = re.compile(r"\{([^{}]+)\}")


class PlainEvent(Strict):
    """One event of a row, if all conditions of `where` hold and none of `skip`."""

    files: str = "*"
    where: Condition = Field(default={})
    skip: Condition = Field(default={})
    id: str | None = None
    type: Constant
    time: Time
    channel: Constant
    source: Constant | None = None
    identifiers: dict[str, Column] = Field(default={})
    data: dict[str, Column] = Field(default={})

    @field_validator("id")
    @classmethod
    def _names_columns(cls, template: str | None) -> str | None:
        if template is not None and not _BRACES.search(template):
            raise ValueError('an id must differ from row to row: put columns in braces, such as "{order_no}"')
        return template

    @cached_property
    def columns(self) -> set[str]:
        """The columns that the event reads."""
        cells = [self.type, self.time, self.channel, *self.identifiers.values(), *self.data.values()]
        named = {name for cell in (*cells, *([self.source] if self.source else [])) for name in cell.columns}
        return named | set(self.where) | set(self.skip) | set(_BRACES.findall(self.id or ""))

    @cached_property
    def _conditions(self) -> tuple[list[tuple[str, set[str | None]]], list[tuple[str, set[str | None]]]]:
        return [(c, _words(w)) for c, w in self.where.items()], [(c, _words(w)) for c, w in self.skip.items()]

    def applies(self, row: PlainRow) -> bool:
        """Whether the row gives this event."""
        where, skip = self._conditions
        return all(row.text(column) in wanted for column, wanted in where) and not any(
            row.text(column) in wanted for column, wanted in skip
        )

    def event(self, row: PlainRow, number: int) -> dict[str, Any]:
        """The event of a row; `number` is its own in the mapping, for the order of its times."""
        time = self.time.read(row, number)
        if time is None:
            empty = next(name for name in self.time.columns if row[name] is None)
            raise ValueError(f"column {empty} is empty: the time needs a value")
        event: dict[str, Any] = {
            "type": self.type.read(row),
            "time": time,
            "channel": self.channel.read(row),
            "identifiers": {kind: cell.read(row) for kind, cell in self.identifiers.items()},
            "data": {field: cell.read(row) for field, cell in self.data.items()},
        }
        if self.id is not None:
            # Without the type, two events of one row would have the same id.
            event["id"] = f"{event['type']}:{_BRACES.sub(lambda match: self._key(row, match[1]), self.id)}"
        if self.source is not None:
            event["source"] = self.source.read(row)
        return event

    def _key(self, row: PlainRow, column: str) -> str:
        if row[column] is None:
            raise ValueError(f"column {column} is empty: the id needs a value")
        return as_text(row[column])


class PlainMapping(FileOptions):
    """A mapping. `nulls` lists the words that mean no value; an empty field always does."""

    name: str = Field(default="", pattern=r"^[a-z0-9_.-]{0,40}$")
    source: str | None = None
    nulls: list[str] = Field(default=[])
    events: list[PlainEvent] = Field(min_length=1)

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        self.check_marks()
        return self

    @property
    def group(self) -> str | None:
        """None: each row is mapped by itself."""
        return None

    @property
    def options(self) -> FileOptions:
        """How to read the file."""
        return self

    def with_options(self, options: FileOptions) -> "PlainMapping":
        """The mapping with other options, where they are set.

        Raises:
            MappingError: they do not go with those of the mapping.
        """
        merged = self.model_copy(update=options.given)
        try:
            merged.check_marks()
        except ValueError as error:
            raise MappingError(f"mapping {self.name}: {error}") from None
        return merged

    def check(self, file: Path, columns: Sequence[str]) -> None:
        """Check that the file has each column once.

        Raises:
            MappingError: a column is missing or exists twice, or no event is for this file.
        """
        self.check_name(file.name)
        known = set(columns)
        for number, event in self._meant(file.name):
            missing = sorted(event.columns - known)
            if missing:
                raise MappingError(
                    f"mapping {self.name}, event {number}: {file.name} has no column {missing[0]!r};"
                    f" it has {', '.join(columns)}"
                )
            twice = next((name for name in sorted(event.columns) if columns.count(name) > 1), None)
            if twice is not None:
                raise MappingError(
                    f"mapping {self.name}, event {number}: in {file.name} {two_columns(twice)}"
                )

    def check_name(self, file: str) -> None:
        """Check that an event is for files, or topics, of this name.

        Raises:
            MappingError: none is.
        """
        if not self._meant(file):
            patterns = ", ".join(sorted({event.files for event in self.events}))
            raise MappingError(f"mapping {self.name} has no event for {file} (files: {patterns})")

    def names(self, column: str) -> bool:
        """Whether an event reads a column."""
        return any(column in event.columns for event in self.events)

    def reads(self, file: Path) -> frozenset[str] | None:
        """The columns that the mapping reads from a file; None if it needs the whole row."""
        meant = self._meant(file.name)
        # Without a key of its own, an event gets its id from the whole row.
        if any(event.id is None for _, event in meant):
            return None
        return frozenset().union(*(event.columns for _, event in meant))

    def produce(self, rows: list[Values], file: Path, clock: Clock) -> Iterator[dict[str, Any]]:
        """The events of a row; `rows` has one."""
        reading = Reading(self._nulls, self, clock)
        for values in rows:
            row = PlainRow(values, reading)
            for number, event in self._meant(file.name):
                if event.applies(row):
                    made = event.event(row, number)
                    if self.source:
                        made.setdefault("source", self.source)
                    yield made

    @cached_property
    def _nulls(self) -> frozenset[str]:
        return frozenset(self.nulls)

    @cached_property
    def _by_file(self) -> dict[str, list[tuple[int, PlainEvent]]]:
        return {}

    def _meant(self, file: str) -> list[tuple[int, PlainEvent]]:
        """The events for a file, with their numbers."""
        if file not in self._by_file:
            self._by_file[file] = [
                (number, event) for number, event in enumerate(self.events, 1) if fnmatch(file, event.files)
            ]
        return self._by_file[file]


def _words(wanted: Scalar | list[Scalar]) -> set[str | None]:
    """The values of a condition as text; None stays None."""
    values = wanted if isinstance(wanted, list) else [wanted]
    return {None if value is None else as_text(value) for value in values}
