"""Native envelopes from the events of a mapping: ids, times and values as JSON."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from math import isnan
from types import NoneType
from typing import Any
from uuid import uuid5

from touchline.imports.readers.values import as_text, plain
from touchline.vocabulary.identifiers import InvalidIdentifier, identifier_values
from touchline.vocabulary.ids import NAMESPACE

_LONGEST_ID = 64
_JSON = frozenset({str, int, bool, NoneType})


def event_id(mapping: str, key: str) -> str:
    """The id of an event, `<mapping>:<key>`, or a UUIDv5 of that if it is too long."""
    text = f"{mapping}:{key}"
    return text if len(text) <= _LONGEST_ID else str(uuid5(NAMESPACE, text))


def to_envelope(event: Mapping[str, Any], mapping: str, default_key: Callable[[], str]) -> dict[str, Any]:
    """The native envelope of an event from a mapping, with plain JSON values.

    The id becomes `<mapping>:<id>`; `source` defaults to the mapping's name. Fields of `data`, `context` and
    `identifiers` that are None are left out. Times may be aware datetimes.

    Raises:
        ValueError: a datetime has no time zone, or a value cannot be an identifier.
    """
    envelope = {name: _json(value) for name, value in event.items() if name != "identifiers"}
    key = envelope.get("id")
    envelope["id"] = event_id(mapping, default_key() if key is None else as_text(key))
    envelope.setdefault("source", mapping)
    if "identifiers" in event:
        envelope["identifiers"] = _identifiers(event["identifiers"])
    return envelope


def _identifiers(given: Any) -> Any:
    # `isinstance` of a Mapping is slow, and nearly all are dictionaries.
    if type(given) is not dict and not isinstance(given, Mapping):
        return given
    found: dict[str, str | tuple[str, ...]] = {}
    for kind, value in given.items():
        try:
            values = identifier_values(value)
        except InvalidIdentifier as error:
            raise ValueError(f"identifier {kind}: {error}") from None
        if values:
            found[kind] = values[0] if len(values) == 1 else values
    return found


def _json(value: Any) -> Any:
    """A value of an event as JSON has it; times as ISO 8601, durations in seconds."""
    # The commonest types first: this runs for each field of each event.
    if type(value) in _JSON:
        return value
    if type(value) is dict:
        return _json_object(value)
    match value:
        case float():
            return None if isnan(value) else value
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"the time {value.isoformat()} has no time zone: add one in the mapping")
            return value.isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return _json_object(value)
        case list() | tuple():
            return [_json(part) for part in value]
    return plain(value)


def _json_object(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: made for name, part in value.items() if (made := _json(part)) is not None}
