"""Native envelopes from the events of a mapping: ids, times and values as JSON."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import uuid5

from touchline.vocabulary.ids import NAMESPACE

_LONGEST_ID = 64


def event_id(mapping: str, key: str) -> str:
    """The id of an event, `<mapping>:<key>`, or a UUIDv5 of that if it is too long."""
    text = f"{mapping}:{key}"
    return text if len(text) <= _LONGEST_ID else str(uuid5(NAMESPACE, text))


def to_envelope(event: Mapping[str, Any], mapping: str, default_key: Callable[[], str]) -> dict[str, Any]:
    """The native envelope of an event from a mapping, with plain JSON values.

    The id becomes `<mapping>:<id>`; `source` defaults to the mapping's name. Fields of `data`, `context` and
    `identifiers` that are None are left out. Times may be aware datetimes.

    Raises:
        ValueError: a datetime has no time zone.
    """
    envelope = {name: _plain(value) for name, value in event.items()}
    key = envelope.get("id")
    envelope["id"] = event_id(mapping, default_key() if key is None else str(key))
    envelope.setdefault("source", mapping)
    identifiers = envelope.get("identifiers")
    if isinstance(identifiers, dict):
        # A number identifies as well as its digits.
        envelope["identifiers"] = {
            kind: str(value) if isinstance(value, int) else value for kind, value in identifiers.items()
        }
    return envelope


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"the time {value.isoformat()} has no time zone: add one in the mapping")
            return value.isoformat()
        case date():
            return value.isoformat()
        case dict():
            return {name: _plain(part) for name, part in value.items() if part is not None}
        case list() | tuple():
            return [_plain(part) for part in value]
    return value
