"""Cells of a mapping: the source of one value of an event, and how it is converted."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from touchline.imports.readers.options import FileOptions
from touchline.imports.readers.rows import Values
from touchline.imports.readers.values import as_text
from touchline.imports.yaml_mapping.durations import Unit, read_duration
from touchline.imports.yaml_mapping.numbers import read_number, read_whole
from touchline.imports.yaml_mapping.times import read_time
from touchline.imports.yaml_mapping.zones import Clock

Scalar = str | int | float | bool | None

_TRUE = {"true", "yes", "y", "t", "1"}
_FALSE = {"false", "no", "n", "f", "0"}
_SHOWN = 100


class Reading(NamedTuple):
    """How cells are read: the words that mean no value, the marks of numbers, and the times so far."""

    nulls: frozenset[str]
    options: FileOptions
    clock: Clock


class PlainRow:
    """A row whose null words are None, and in which `a.b` reads field b of object a."""

    __slots__ = ("_nulls", "_values", "reading")

    def __init__(self, values: Values, reading: Reading) -> None:
        self._values = values
        self._nulls = reading.nulls
        self.reading = reading

    def __getitem__(self, name: str) -> Any:
        value = self._values.get(name)
        if value is None and "." in name and name not in self._values:
            value = self._values
            for step in name.split("."):
                value = value.get(step) if isinstance(value, dict) else None
        return None if value == "" or (isinstance(value, str) and value in self._nulls) else value

    def text(self, name: str) -> str | None:
        """The value of a column as text."""
        value = self[name]
        return value if value is None else as_text(value)


class Strict(BaseModel):
    """A part of a mapping file. Unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Amount(Strict):
    """A column of durations that is added to a time, or subtracted. `unit` is what plain numbers count."""

    column: str
    unit: Unit | None = None

    def read(self, row: PlainRow) -> timedelta | None:
        """The duration in a row, or None if the row has none."""
        value = row[self.column]
        if value is None:
            return None
        try:
            return timedelta(seconds=read_duration(value, self.unit, row.reading.options))
        except (ValueError, OverflowError) as error:
            raise ValueError(cannot_read(self.column, value, "a duration", error)) from None


def _as_column(value: object) -> object:
    return {"column": value} if isinstance(value, str | list) else value


def _as_list(value: object) -> object:
    return [_as_column(part) for part in (value if isinstance(value, list) else [value])]


Amounts = Annotated[list[Amount], BeforeValidator(_as_list)]


class Cell(Strict):
    """The source of a value: a column (or several, joined by a space), or a constant `value`.

    `as` converts the text to another type. `words` translates the column's words. A time is parsed with
    `format` (strptime, or `iso`, `dmy`, `mdy`, `ymd`, `unix`, `unix_ms`, `unix_us`), in `zone` if it has no
    time zone; `plus` and `minus` move it by the durations in other columns. `unit` is what plain numbers of
    durations count.
    """

    column: str | list[str] | None = None
    value: Scalar = None
    cast: Literal["str", "int", "float", "bool", "time", "duration"] | None = Field(default=None, alias="as")
    words: dict[str, Scalar] | None = None
    format: str = "iso"
    zone: str | None = None
    unit: Unit | None = None
    plus: Amounts = Field(default=[])
    minus: Amounts = Field(default=[])

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("write either column: NAME or value: CONSTANT")
        if (self.plus or self.minus) and self.cast != "time":
            raise ValueError("plus and minus move a time: write as: time")
        if self.unit is not None and self.cast != "duration":
            raise ValueError("unit belongs to a duration: write as: duration, or put it under plus")
        return self

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        try:
            if zone is not None:
                ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone {zone!r}: write one such as Europe/Berlin or UTC") from None
        return zone

    @cached_property
    def columns(self) -> list[str]:
        """The columns that the cell reads."""
        return [*self._parts, *(amount.column for amount in (*self.plus, *self.minus))]

    @cached_property
    def _parts(self) -> list[str]:
        return [self.column] if isinstance(self.column, str) else self.column or []

    @cached_property
    def _zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.zone) if self.zone else None

    def read(self, row: PlainRow, number: int | None = None) -> Any:
        """The value in a row, or None if the row has none.

        `number` is the cell's number for the clock of the reading, if the times of the cell keep an order.

        Raises:
            ValueError: the column's value cannot be converted.
        """
        if self.column is None:
            return self.value
        parts = [row[name] for name in self._parts]
        if None in parts:
            return None
        value = parts[0] if len(parts) == 1 else " ".join(map(str, parts))
        if self.words is not None:
            text = as_text(value)
            if text not in self.words:
                raise ValueError(f"column {self._name}: {text!r} is not in words: add it to the mapping")
            return self.words[text]
        if self.cast is None:
            return value
        try:
            if self.cast != "time":
                return self._cast(value, row.reading)
            time = read_time(value, self.format, self._zone, row.reading.options, row.reading.clock, number)
        except (ValueError, OverflowError, OSError) as error:
            raise ValueError(cannot_read(self._name, value, self.cast, error)) from None
        return self._moved(time, row) if self.plus or self.minus else time

    @property
    def _name(self) -> str:
        return " ".join(self._parts)

    def _cast(self, value: Any, reading: Reading) -> Any:
        match self.cast:
            case "int":
                return read_whole(value, reading.options)
            case "float":
                return float(read_number(value, reading.options))
            case "duration":
                seconds = read_duration(value, self.unit, reading.options)
                return int(seconds) if seconds == int(seconds) else seconds
            case "bool":
                text = as_text(value).lower()
                if text not in _TRUE | _FALSE:
                    raise ValueError
                return text in _TRUE
        return as_text(value)

    def _moved(self, time: datetime, row: PlainRow) -> datetime | None:
        """The time with the durations added; None if one of them is empty."""
        moved = time.astimezone(UTC)
        for amounts, sign in ((self.plus, 1), (self.minus, -1)):
            for amount in amounts:
                duration = amount.read(row)
                if duration is None:
                    return None
                try:
                    moved += sign * duration
                except OverflowError:
                    raise ValueError(
                        f"column {amount.column}: {row[amount.column]!r} leads out of the years 1 to 9999"
                    ) from None
        return moved.astimezone(time.tzinfo)


def cannot_read(column: str, value: object, kind: str, error: Exception) -> str:
    """Why a column's value cannot be converted to a kind."""
    shown = repr(value)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}…"
    return f"column {column}: cannot read {shown} as {kind}{f' ({error})' if str(error) else ''}"


def _as_constant(value: object) -> object:
    return value if isinstance(value, dict) else {"value": value}


def _as_time(value: object) -> object:
    value = _as_column(value)
    return {"as": "time", **value} if isinstance(value, dict) else value


Column = Annotated[Cell, BeforeValidator(_as_column)]
Constant = Annotated[Cell, BeforeValidator(_as_constant)]
Time = Annotated[Cell, BeforeValidator(_as_time)]
