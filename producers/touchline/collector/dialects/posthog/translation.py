"""Translation of the events of a request to native events."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from touchline.collector.dialects.dialect import Received, Translated, limited
from touchline.collector.dialects.posthog.answers import V1
from touchline.collector.dialects.posthog.libraries import channel_of, library_of
from touchline.collector.dialects.posthog.mapping import (
    CIRCUMSTANCES,
    CIRCUMSTANCES_BY_START,
    COPIED,
    FIELDS,
    IDS,
    typed,
)
from touchline.collector.dialects.posthog.people import ALIASES, TRAITS, person_of, traits_of
from touchline.collector.dialects.posthog.request import event_of, flat, read, secret_of
from touchline.collector.dialects.posthog.times import before, read_time, sent_at_of, time_of
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.normaliser import is_placeholder
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

LONGEST_NAME: Final = 200
"""PostHog cuts off what the name of an event has beyond this."""
LONGEST_SOURCE: Final = 128

_OF_PERSON: Final = ("$set", "$set_once")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_READ: Final = frozenset(
    {"event", "uuid", "distinct_id", "timestamp", "properties", "options", "session_id", "window_id"}
    | {"api_key", "token", "sent_at", "offset", "historical_migration", *_OF_PERSON}
)
"""What an event has beside its properties. Anything else there tells circumstances."""


class _Sender(NamedTuple):
    """What holds for all events of a request."""

    received: Received
    received_at: datetime
    key: str
    sent_at: datetime | None
    is_v1: bool
    is_history: bool


class _Event(NamedTuple):
    """An event as it came.

    Attributes:
        raw: The event, as JSON.
        place: Its place in the request.
        name: What happened.
        fields: The fields of the JSON object; `properties` is one of them.
        properties: Its properties, wherever the client puts them, without those of the person.
        of_person: `$set` and `$set_once`.
    """

    raw: bytes
    place: int
    name: str
    fields: Mapping[str, Any]
    properties: Mapping[str, Any]
    of_person: Mapping[str, object]


def translate(received: Received) -> list[Translated]:
    """The native events of a request, in order.

    Raises:
        Unsplittable: the body is not a request of PostHog's.
        TooManyEvents: there are more than the dialect's `most_events`.
    """
    request = read(received)
    sender = _Sender(
        received=received,
        received_at=datetime.fromtimestamp(received.received_at_ms / 1000, UTC),
        key=secret_of(received),
        sent_at=read_time(request.sent_at),
        is_v1=received.path.startswith(V1),
        is_history=request.is_history,
    )
    translated = []
    for place, raw in enumerate(limited(request.events)):
        try:
            event: dict[str, Any] | InvalidEvent = _native(_parse(raw, place, sender), sender)
        except InvalidEvent as invalid:
            event = invalid
        translated.append(Translated(raw, event))
    return translated


def _parse(raw: bytes, place: int, sender: _Sender) -> _Event:
    try:
        fields = event_of(raw)
    except ValueError as error:
        raise InvalidEvent(Reason.MALFORMED_JSON, "", f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise InvalidEvent(
            Reason.NOT_AN_OBJECT, "", "expected an object with `event`, `distinct_id` and `properties`"
        )
    name = fields.get("event")
    if not isinstance(name, str) or not name:
        raise InvalidEvent(
            Reason.INVALID_ENVELOPE, "event", "`event` is required: the name of what happened, as text"
        )
    if not isinstance(fields.get("properties"), dict | None):
        raise InvalidEvent(Reason.INVALID_ENVELOPE, "properties", "expected an object")
    properties = flat(fields, sender.received.headers.get("posthog-sdk-info", "") if sender.is_v1 else "")
    of_person = {each: _joined(fields.get(each), properties.pop(each, None)) for each in _OF_PERSON}
    return _Event(raw, place, name[:LONGEST_NAME], fields, properties, of_person)


def _joined(one: object, other: object) -> object:
    """Properties of a person that stand beside the event's properties and among them."""
    return one | other if isinstance(one, dict) and isinstance(other, dict) else one or other


def _native(event: _Event, sender: _Sender) -> dict[str, Any]:
    properties, library = event.properties, library_of(event.properties)
    time, is_by_client = time_of(event.fields.get("timestamp"), properties, sender.received_at)
    if not is_by_client:
        time = before(time, event.fields.get("offset"))
    traits = traits_of(*event.of_person.values())
    person = person_of(event.name, event.fields.get("distinct_id"), properties, traits)
    event_type, data = typed(event.name, properties)
    context = _sort_in(data, event, event_type, sender.key)
    data |= {
        name: kept for name, value in event.of_person.items() if (kept := _without(value, person.identifiers))
    }
    event_id = _id_of(event, sender, is_by_client=is_by_client)
    if person.is_nobody:
        # Gives the event an identifier of its own, which links nobody.
        context.setdefault("session_id", event_id)
    native: dict[str, Any] = {
        "id": event_id,
        "type": event_type,
        "time": time.isoformat(),
        "channel": channel_of(event.name, library),
        "source": _source(properties, sender.received.producer),
        "identifiers": person.identifiers,
        "data": data,
        "context": context,
    }
    if is_by_client and not sender.is_history and properties.get("$ignore_sent_at") is not True:
        sent_at = sender.sent_at or read_time(event.fields.get("sent_at"))
        sent_at = sent_at_of(sent_at, library, sender.received_at, is_renewed=sender.is_v1)
        if sent_at is not None:
            native["sent_at"] = sent_at.isoformat()
    return native


def _sort_in(data: dict[str, Any], event: _Event, event_type: str, key: str) -> dict[str, Any]:
    """Add the properties that no field of the type has to `data`, and return those that are circumstances."""
    context: dict[str, Any] = {"name": event.name}
    fields = FIELDS.get(event_type, frozenset())
    others: dict[str, Any] = {}
    for name, value in event.properties.items():
        if value is None or name in IDS or (name == "token" and value == key):
            continue
        if circumstance := CIRCUMSTANCES.get(name):
            context[circumstance] = value
        elif name.startswith(CIRCUMSTANCES_BY_START):
            context[name] = value
        elif name in COPIED and data.get(COPIED[name]) == value:
            continue
        elif name == "$elements" and "$elements_chain" in event.properties:
            continue  # The same elements in another form, which is long.
        elif name == "alias" and event.name in ALIASES:
            continue
        elif name in fields:
            others[name] = value
        else:
            data[name] = value
    if others:
        data["properties"] = others
    for name, value in event.fields.items():
        if value is not None and name not in _READ:
            context.setdefault(name, value)
    return context


def _without(value: object, identifiers: Mapping[str, list[str]]) -> object:
    """Properties of a person without those that became identifiers, and without what is not set."""
    if not isinstance(value, dict):
        return value
    return {
        name: each
        for name, each in value.items()
        if each is not None and not (name in TRAITS and each in identifiers.get(TRAITS[name], ()))
    }


def _source(properties: Mapping[str, Any], producer: str) -> str:
    for name in ("$app_name", "service_name"):
        value = properties.get(name)
        if isinstance(value, str) and value:
            return value[:LONGEST_SOURCE]
    return producer


def _id_of(event: _Event, sender: _Sender, *, is_by_client: bool) -> str:
    """The id: the same whenever the client sends the event again."""
    given = event.fields.get("uuid")
    if isinstance(given, str) and _UUID.fullmatch(given) and not is_placeholder(given):
        return given
    insert_id = event.properties.get("$insert_id")
    if isinstance(insert_id, str) and insert_id:
        distinct_id = event.fields.get("distinct_id") or event.properties.get("distinct_id")
        return str(derived_id(f"posthog:{distinct_id}:{event.name}:{insert_id}"))
    content = sha256(event.raw).hexdigest()
    if is_by_client:
        return str(derived_id(f"posthog:{content}"))
    # Equal events without a time are different events: nothing says that one repeats another.
    return str(derived_id(f"posthog:{content}:{sender.received.received_at_ms}:{event.place}"))
