"""Values of an application as JSON: one table, type → JSON, or no JSON with the reason.

| Type | JSON |
|---|---|
| str, and subclasses | text; U+FFFD for a lone surrogate |
| bool, int within 64 bits, finite float, None | as they are |
| int beyond 64 bits | text as an identifier, else no JSON |
| a number that is not finite, NaT | no JSON |
| Decimal | a number |
| UUID | text |
| datetime, date, time, and subclasses | ISO 8601 |
| timedelta | seconds |
| bytes | text, if they are UTF-8 |
| Enum | its value |
| dataclass, named tuple, Mapping | an object |
| list, tuple, deque, dictionary view | a list |
| set | a sorted list |
| a scalar with `item()`, such as NumPy's | its value |
| anything else | no JSON |

A value without JSON costs the innermost field of an object that holds it; the rest of the event stands.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence, ValuesView
from collections.abc import Set as AnySet
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import uuid_utils

MOST_DEPTH = 64
"""The deepest nesting of objects and lists in an event."""

_LEAST, _MOST = -(2**63), 2**64 - 1


class NoJson(ValueError):
    """A value has no JSON. The message says why, and holds nothing of the value."""


class Omitted(NamedTuple):
    """A field that was left out of an event: its path, such as `data.value`, and why."""

    field: str
    why: str


def convert(value: object) -> object:
    """One step from a value that is not of JSON's own types towards one that is.

    Raises:
        NoJson: the value has no JSON.
    """
    for kinds, step in _STEPS:
        if isinstance(value, kinds):
            return step(value)
    item = getattr(value, "item", None)
    if item is None or getattr(value, "ndim", 0) != 0 or _is_numpy_time(value):
        raise NoJson(f"a {type(value).__name__} has no JSON form")
    return item()


def plain(event: Mapping[str, Any]) -> tuple[dict[str, Any], list[Omitted]]:
    """The event in JSON's own types, and the fields that were left out of it."""
    omitted: list[Omitted] = []
    return _object(event, "", omitted, 0), omitted


def _plain(value: Any, path: str, omitted: list[Omitted], depth: int) -> Any:
    if depth > MOST_DEPTH:
        raise NoJson(f"nested more than {MOST_DEPTH} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _plain(value.value, path, omitted, depth + 1)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _whole(value, path)
    if type(value) is float:
        return _finite(value)
    if is_dataclass(value) and not isinstance(value, type):
        # orjson leaves out the private fields of a dataclass, too.
        value = {field.name: getattr(value, field.name) for field in fields(value) if field.name[0] != "_"}
    if isinstance(value, Mapping):
        return _object(value, path, omitted, depth)
    if isinstance(value, list) or type(value) is tuple:
        return [_plain(part, path, omitted, depth + 1) for part in value]
    return _plain(convert(value), path, omitted, depth + 1)


def _object(value: Mapping[Any, Any], path: str, omitted: list[Omitted], depth: int) -> dict[str, Any]:
    kept = {}
    for key, part in value.items():
        field = f"{path}.?"
        try:
            name = _name(key)
            field = f"{path}.{name}" if path else name
            kept[name] = _plain(part, field, omitted, depth + 1)
        except NoJson as error:
            omitted.append(Omitted(field, str(error)))
        except Exception as error:
            # A property or an iterator of the application raised: its message may hold a value.
            omitted.append(Omitted(field, f"reading a {type(part).__name__} raised {type(error).__name__}"))
    return kept


def _name(key: object) -> str:
    """The key of an object as text."""
    name = _plain(key, "", [], 0)
    if isinstance(name, str):
        return name
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    raise NoJson(f"a {type(key).__name__} cannot be the name of a field")


def _text(text: str) -> str:
    """The text with U+FFFD for each lone surrogate; two that make a pair become their character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _whole(number: int, path: str) -> int | str:
    if _LEAST <= number <= _MOST:
        return int(number)
    if path.startswith("identifiers."):
        return str(number)
    raise NoJson("a whole number beyond 64 bits: send it as text")


def _finite(number: float) -> float:
    if not isfinite(number):
        raise NoJson("a number is NaN or infinite: leave the field out, or send None")
    return float(number)


def _moment(kind: type[datetime | date | time]) -> Callable[[Any], str]:
    """Writes a subclass of a time; orjson writes the others itself."""

    def written(value: Any) -> str:
        if value != value:
            raise NoJson("a time is NaT: leave the field out, or send None")
        # The subclass may write more digits than ISO 8601 readers take.
        return kind.isoformat(value)

    return written


def _utf8(value: bytes | bytearray | memoryview) -> str:
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        raise NoJson("bytes that are not UTF-8: send them as text, such as base64") from None


def _sorted(value: AnySet[Any]) -> list[Any]:
    """A set has no order; its list must have one, so that the same event is written the same way."""
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=lambda part: (type(part).__name__, str(part)))


def _tuple(value: tuple[Any, ...]) -> object:
    as_dict = getattr(value, "_asdict", None)
    return list(value) if as_dict is None else as_dict()


def _is_numpy_time(value: object) -> bool:
    # Their item() is a bare number of some unit, or a time without a zone.
    return getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M")


_STEPS: Sequence[tuple[type | tuple[type, ...], Callable[[Any], object]]] = (
    ((float, Decimal), lambda value: _finite(float(value))),
    (datetime, _moment(datetime)),
    (date, _moment(date)),
    (time, _moment(time)),
    (timedelta, lambda value: _finite(value.total_seconds())),
    ((UUID, uuid_utils.UUID), str),
    ((bytes, bytearray, memoryview), _utf8),
    (tuple, _tuple),
    (Mapping, dict),
    (AnySet, _sorted),
    ((deque, ValuesView), list),
)
