"""Mappings in YAML: their format, and the conversion of a row to events."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from touchline.imports.cells import Column, Constant, PlainRow, Scalar, Strict, Time, as_text
from touchline.imports.errors import MappingError
from touchline.imports.rows import Values

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
    identifiers: dict[str, Column] = Field(min_length=1)
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

    def event(self, row: PlainRow) -> dict[str, Any]:
        """The event of a row."""
        event: dict[str, Any] = {
            "type": self.type.read(row),
            "time": self.time.read(row),
            "channel": self.channel.read(row),
            "identifiers": {
                kind: as_text(value)
                for kind, cell in self.identifiers.items()
                if (value := cell.read(row)) is not None
            },
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


class PlainMapping(Strict):
    """A mapping. `nulls` lists the words that mean no value; an empty field always does."""

    name: str = Field(default="", pattern=r"^[a-z0-9_.-]{0,40}$")
    source: str | None = None
    nulls: list[str] = Field(default=[])
    events: list[PlainEvent] = Field(min_length=1)

    @property
    def group(self) -> str | None:
        """None: each row is mapped by itself."""
        return None

    def check(self, file: Path, columns: list[str]) -> None:
        """Check that the file has the columns.

        Raises:
            MappingError: a column is missing, or no event is for this file.
        """
        meant = self._meant(file.name)
        if not meant:
            patterns = ", ".join(sorted({event.files for event in self.events}))
            raise MappingError(f"mapping {self.name} has no event for {file.name} (files: {patterns})")
        for number, event in meant:
            missing = sorted(event.columns - set(columns))
            if missing:
                raise MappingError(
                    f"mapping {self.name}, event {number}: {file.name} has no column {missing[0]!r};"
                    f" it has {', '.join(columns)}"
                )

    def produce(self, rows: list[Values], file: Path) -> Iterator[dict[str, Any]]:
        """The events of a row; `rows` has one."""
        nulls = frozenset(self.nulls)
        for values in rows:
            row = PlainRow(values, nulls)
            for _, event in self._meant(file.name):
                if event.applies(row):
                    made = event.event(row)
                    if self.source:
                        made.setdefault("source", self.source)
                    yield made

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
