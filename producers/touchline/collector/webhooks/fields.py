"""Reading the fields of a provider's event: the small functions that tables of mapping are made of.

None of them raises: what is missing or of another kind gives None.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from math import isfinite
from typing import Any, NamedTuple

Object = Mapping[str, Any]
Take = Callable[[Object], Any]
"""Takes one value from an event; None if the event has none."""

_LATEST_SECONDS = 253_402_300_799
_LONGEST_IDENTIFIER = 256


class Rule(NamedTuple):
    """What an event becomes: a type of the vocabulary, and the fields of its data."""

    type: str
    data: Mapping[str, Take]


def at(value: Any, path: str) -> Any:
    """The value at a path such as `customer.id`; digits are positions in a list."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text(*paths: str) -> Take:
    """Takes the first non-empty value as text: a string, or a whole number as its digits."""

    def take(event: Object) -> str | None:
        return next((found for path in paths if (found := as_text(at(event, path))) is not None), None)

    return take


def number(*paths: str) -> Take:
    """Takes the first value that is a number, or a text of one, such as "19.90"."""

    def take(event: Object) -> float | None:
        return next((found for path in paths if (found := as_number(at(event, path))) is not None), None)

    return take


def constant(value: Any) -> Take:
    """Takes the same value from every event."""
    return lambda event: value


def upper(path: str) -> Take:
    """Takes a text in capitals, such as a currency."""

    def take(event: Object) -> str | None:
        found = as_text(at(event, path))
        return None if found is None else found.upper()

    return take


def moment(*paths: str) -> Take:
    """Takes the first value that is a time, as RFC 3339."""

    def take(event: Object) -> str | None:
        return next((found for path in paths if (found := as_time(at(event, path))) is not None), None)

    return take


def seconds_between(begin: str, end: str) -> Take:
    """Takes the seconds from one time to another, if they are not negative."""

    def take(event: Object) -> float | None:
        first, last = as_time(at(event, begin)), as_time(at(event, end))
        if first is None or last is None:
            return None
        seconds = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
        return seconds if seconds >= 0 else None

    return take


def taken(table: Mapping[str, Take], event: Object) -> dict[str, Any]:
    """The fields of a table that the event has."""
    return {name: value for name, take in table.items() if (value := take(event)) is not None}


def as_text(value: Any) -> str | None:
    """A non-empty string, or the digits of a whole number; else None."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def as_number(value: Any) -> float | None:
    """A finite number, or a text of one; else None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) else None


def as_time(value: Any) -> str | None:
    """A time in RFC 3339: from that, from RFC 2822, or from seconds or milliseconds since 1970; else None."""
    seconds = as_number(value)
    try:
        if seconds is not None:
            # Seconds do not reach this number before the year 5138.
            seconds = seconds / 1000 if abs(seconds) >= 1e11 else seconds
            return _rfc3339(datetime.fromtimestamp(seconds, UTC)) if 0 < seconds < _LATEST_SECONDS else None
        if not isinstance(value, str):
            return None
        found = parsedate_to_datetime(value) if value[:1].isalpha() else datetime.fromisoformat(value)
        return None if found.tzinfo is None else _rfc3339(found.astimezone(UTC))
    except (ValueError, OverflowError, OSError):
        return None


def digest(body: bytes) -> str:
    """What identifies an event that has no id of its own: its content, which is the same in a repeat."""
    return sha256(body).hexdigest()[:32]


def identifiers(found: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Identifiers by kind: those that are texts or whole numbers, and lists of them; the rest is left out."""
    kept: dict[str, str | list[str]] = {}
    for kind, given in found.items():
        values = [value for one in _listed(given) if (value := as_text(one)) is not None]
        usable = [value for value in dict.fromkeys(values) if len(value) <= _LONGEST_IDENTIFIER][:5]
        if usable:
            kept[kind] = usable[0] if len(usable) == 1 else usable
    return kept


def _listed(given: Any) -> Iterable[Any]:
    return given if isinstance(given, list | tuple) else (given,)


def _rfc3339(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
