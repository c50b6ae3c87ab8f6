"""Cells of a mapping: the source of one value of an event, and how it is converted."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from touchline.imports.rows import Values

Scalar = str | int | float | bool | None

_TRUE = {"true", "yes", "y", "t", "1"}
_FALSE = {"false", "no", "n", "f", "0"}


class PlainRow:
    """A row whose null words are None, and in which `a.b` reads field b of object a."""

    def __init__(self, values: Values, nulls: frozenset[str]) -> None:
        self._values = values
        self._nulls = nulls

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


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


class Strict(BaseModel):
    """A part of a mapping file. Unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Cell(Strict):
    """The source of a value: a column (or several, joined by a space), or a constant `value`.

    `as` converts the text to another type. `words` translates the column's words. A time is parsed with
    `format` (strptime, or `iso`, `unix`, `unix_ms`), in `zone` if it has no time zone.
    """

    column: str | list[str] | None = None
    value: Scalar = None
    cast: Literal["str", "int", "float", "bool", "time"] | None = Field(default=None, alias="as")
    words: dict[str, Scalar] | None = None
    format: str = "iso"
    zone: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("write either column: NAME or value: CONSTANT")
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
        return [self.column] if isinstance(self.column, str) else self.column or []

    @cached_property
    def _zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.zone) if self.zone else None

    def read(self, row: PlainRow) -> Any:
        """The value in a row, or None if the row has none.

        Raises:
            ValueError: the column's value cannot be converted.
        """
        if self.column is None:
            return self.value
        parts = [row[name] for name in self.columns]
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
            return self._cast(value)
        except (ValueError, OverflowError, OSError) as error:
            hint = f" ({error})" if self.cast == "time" else ""
            raise ValueError(f"column {self._name}: cannot read {value!r} as {self.cast}{hint}") from None

    @property
    def _name(self) -> str:
        return " ".join(self.columns)

    def _cast(self, value: Any) -> Any:
        match self.cast:
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "bool":
                text = as_text(value).lower()
                if text not in _TRUE | _FALSE:
                    raise ValueError
                return text in _TRUE
            case "time":
                return self._time(value)
        return as_text(value)

    def _time(self, value: Any) -> datetime:
        if isinstance(value, datetime):
            time = value
        elif self.format in ("unix", "unix_ms"):
            time = datetime.fromtimestamp(float(value) / (1000 if self.format == "unix_ms" else 1), UTC)
        elif self.format == "iso":
            time = datetime.fromisoformat(str(value))
        else:
            time = datetime.strptime(str(value), self.format)
        if time.tzinfo is None:
            if self._zone is None:
                raise ValueError("the time has no time zone: set zone in the mapping")
            time = time.replace(tzinfo=self._zone)
        return time


def _as_column(value: object) -> object:
    return {"column": value} if isinstance(value, str | list) else value


def _as_constant(value: object) -> object:
    return value if isinstance(value, dict) else {"value": value}


def _as_time(value: object) -> object:
    value = _as_column(value)
    return {"as": "time", **value} if isinstance(value, dict) else value


Column = Annotated[Cell, BeforeValidator(_as_column)]
Constant = Annotated[Cell, BeforeValidator(_as_constant)]
Time = Annotated[Cell, BeforeValidator(_as_time)]
