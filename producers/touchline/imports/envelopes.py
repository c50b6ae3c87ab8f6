"""Parts of an event as mappings give them, made ready for the wire: ids, times, values."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import uuid5

from touchline.vocabulary.ids import NAMESPACE

_LONGEST_ID = 64


def event_id(mapping: str, key: str) -> str:
    """The id of an event: the mapping's name and the event's key; as a UUIDv5 where that is too long."""
    text = f"{mapping}:{key}"
    return text if len(text) <= _LONGEST_ID else str(uuid5(NAMESPACE, text))


def finished(event: Mapping[str, Any], mapping: str, key_if_none: Callable[[], str]) -> dict[str, Any]:
    """An event as a mapping gave it, as a native envelope of plain JSON values.

    Its id becomes `<mapping>:<id>`; its `source`, unless given, the mapping's name. Fields of `data`,
    `context` and `identifiers` that are None are left out; times may be aware datetimes.

    Raises:
        ValueError: a datetime is without a time zone.
    """
    envelope = {name: _plain(value) for name, value in event.items()}
    key = envelope.get("id")
    envelope["id"] = event_id(mapping, key_if_none() if key is None else str(key))
    envelope.setdefault("source", mapping)
    identifiers = envelope.get("identifiers")
    if isinstance(identifiers, dict):
        # A number is as good a name as its digits.
        envelope["identifiers"] = {
            kind: str(value) if isinstance(value, int) else value for kind, value in identifiers.items()
        }
    return envelope


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"the time {value.isoformat()} has no zone; give it one")
            return value.isoformat()
        case date():
            return value.isoformat()
        case dict():
            return {name: _plain(part) for name, part in value.items() if part is not None}
        case list() | tuple():
            return [_plain(part) for part in value]
    return value
