"""The time of a cell: its format, its zone, and the reading of local times."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from touchline.imports.readers.options import FileOptions
from touchline.imports.yaml_mapping.numbers import read_number
from touchline.imports.yaml_mapping.spelling import LONGEST, Order, read_spelling
from touchline.imports.yaml_mapping.zones import Clock, in_named_zone

_UNIX = {"unix": 1, "unix_ms": 1000, "unix_us": 1_000_000}
_ORDERS: dict[str, Order | None] = {"iso": None, "dmy": "dmy", "mdy": "mdy", "ymd": "ymd"}
_LETTERS = re.compile(r"[A-Za-z]{1,5}")


def read_time(
    value: object, format: str, zone: ZoneInfo | None, options: FileOptions, clock: Clock, cell: int | None
) -> datetime:
    """An aware time from a value.

    `cell` is the number by which `clock` knows the cell, None for one whose order it does not keep.

    Raises:
        ValueError: it is no time of the format, or its zone is not known.
    """
    time, letters = _read(value, format, options)
    if letters is not None:
        time = in_named_zone(time, letters, zone)
    elif time.tzinfo is None:
        if zone is None:
            raise ValueError("the time has no time zone: set zone in the mapping")
        time = clock.settle(cell, time.replace(tzinfo=zone))
    if cell is not None:
        clock.note(cell, time)
    return time


def _read(value: object, format: str, options: FileOptions) -> tuple[datetime, str | None]:
    """A time, and the letters of its zone if it has such."""
    if isinstance(value, datetime):
        return value, None
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day), None
    if format in _UNIX:
        return datetime.fromtimestamp(read_number(value, options) / _UNIX[format], UTC), None
    text = str(value)
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    if format in _ORDERS:
        return read_spelling(text, _ORDERS[format])
    if "%Z" not in format:
        return datetime.strptime(text, format), None
    return _with_letters(text, format)


def _with_letters(text: str, format: str) -> tuple[datetime, str]:
    """A time whose format has `%Z`, which `strptime` reads over."""
    wanted = " ".join(format.replace("%Z", " ").split())
    for letters in reversed(list(_LETTERS.finditer(text))):
        rest = f"{text[: letters.start()]} {text[letters.end() :]}"
        try:
            return datetime.strptime(" ".join(rest.split()), wanted), letters[0]
        except ValueError:
            pass
    raise ValueError(f"time data {text!r} does not match format {format!r}")
