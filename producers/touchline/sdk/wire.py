"""The native wire format: one event as a JSON object in UTF-8."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from math import isfinite
from typing import Any

import orjson


class NaiveTimeError(ValueError):
    """A time has no time zone."""

    def __init__(self) -> None:
        super().__init__("the time has no time zone: pass an aware datetime, such as datetime.now(UTC)")


class NoValueError(ValueError):
    """A number is not finite, or a time is NaT."""

    def __init__(self) -> None:
        super().__init__("a value is NaN, NaT or infinite: leave the field out, or send None")


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
    """An event as JSON.

    Beyond JSON's own types: datetime, date and time, UUID, enum, dataclass, Decimal, mappings, and scalars
    with `item()`, such as NumPy's. A lone surrogate in a text becomes U+FFFD.

    Raises:
        NoValueError: a number is not finite, or a time is NaT.
        orjson.JSONEncodeError: a value has another type; the message names the type, not the value.
    """
    try:
        line = orjson.dumps(event, _plain)
    except orjson.JSONEncodeError as error:
        if isinstance(error.__cause__, NoValueError):
            raise error.__cause__ from None
        if "surrogate" not in str(error):
            raise
        event = _mended(event)
        line = orjson.dumps(event, _plain)
    # orjson writes null for a number that is not finite. `find` is faster than `in`.
    if line.find(b"null") >= 0 and _has_no_value(event):
        raise NoValueError
    return line


def _plain(value: object) -> object:
    if isinstance(value, Decimal | float):
        return _finite(float(value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, date | time):  # a subclass; orjson writes the others itself
        if value != value:  # pandas.NaT
            raise NoValueError
        kind = datetime if isinstance(value, datetime) else date if isinstance(value, date) else time
        return kind.isoformat(value)  # type: ignore[arg-type]
    item = getattr(value, "item", None)
    if item is None or getattr(value, "ndim", 0) != 0 or _is_numpy_time(value):
        raise TypeError
    scalar = item()
    return _finite(scalar) if isinstance(scalar, float) else scalar


def _is_numpy_time(value: object) -> bool:
    # Their item() is a bare number of some unit, or a time without a zone.
    return getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M")


def _finite(number: float) -> float:
    if not isfinite(number):
        raise NoValueError
    return number


def _held(value: object) -> Mapping[Any, Any] | list[Any] | tuple[Any, ...] | None:
    """What a value holds, if it is a container, a dataclass or an enum."""
    if isinstance(value, Enum):
        return (value.value,)
    if isinstance(value, Mapping | list | tuple):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in fields(value)}
    return None


def _has_no_value(value: object) -> bool:
    """Whether a number in it is not finite."""
    if isinstance(value, float):
        return not isfinite(value)
    held = _held(value)
    return held is not None and any(map(_has_no_value, held.values() if isinstance(held, Mapping) else held))


def _mended(value: Any) -> Any:
    """The value with U+FFFD for each lone surrogate; two that make a pair become their character."""
    held = _held(value)
    if isinstance(held, Mapping):
        return {_mended(name): _mended(one) for name, one in held.items()}
    if held is not None:
        mended = [_mended(one) for one in held]
        return mended[0] if isinstance(value, Enum) else mended
    return (
        value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(value, str)
        else value
    )
