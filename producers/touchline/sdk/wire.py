"""The native wire format: one event as a JSON object in UTF-8."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson


class NaiveTimeError(ValueError):
    """A time has no time zone."""

    def __init__(self) -> None:
        super().__init__("the time has no time zone: pass an aware datetime, such as datetime.now(UTC)")


def rfc3339(milliseconds: int) -> str:
    """Milliseconds since 1970 as `2026-11-21T10:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def zoned(time: datetime) -> str:
    """An aware time as `2026-11-21T10:00:00.000Z`, truncated to milliseconds.

    Raises:
        NaiveTimeError: the time has no time zone.
    """
    if time.tzinfo is None:
        raise NaiveTimeError
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def encode(event: Mapping[str, Any]) -> bytes:
    """An event as JSON. Beyond JSON's own types: datetime, date, UUID, enum, dataclass, Decimal, mappings.

    Raises:
        orjson.JSONEncodeError: a value has another type; the message names the type, not the value.
    """
    return orjson.dumps(event, _plain)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError
