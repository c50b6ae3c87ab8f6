"""One call of a client to a native event."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import orjson

from touchline.collector.dialects.custom_types import custom_type
from touchline.collector.dialects.dialect import Received, Translated
from touchline.collector.dialects.segment.bodies import NOT_A_VALUE, Calls, calls_of, object_of
from touchline.collector.dialects.segment.circumstances import (
    channel_of,
    context_of,
    kept_context,
    library_of,
    source_of,
)
from touchline.collector.dialects.segment.fields import target
from touchline.collector.dialects.segment.identities import (
    identifiers,
    without_identifiers,
)
from touchline.collector.dialects.segment.times import moment
from touchline.collector.dialects.segment.tracks import TRACKS, UNKNOWN_CART, UNLISTED
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.normaliser import is_placeholder
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.registry import EVENT_TYPES
from touchline.vocabulary.validation import InvalidEvent

_PAGE: Final = target("page.viewed", {"page": "path page name"})
_SCREEN: Final = target("page.viewed", {"page": "name page path"})
_ON_PAGE = ("path", "url", "title", "referrer")
_LONGEST_ID = 64
_BIGGEST, _SMALLEST = 2**64 - 1, -(2**63)


def translate(received: Received) -> list[Translated]:
    """The events of a request to Segment's API.

    Raises:
        Unsplittable: the body is not JSON, or not a batch where a batch belongs.
    """
    calls = calls_of(received)
    return [
        _translated(raw, calls, f"{received.received_at_ms}:{number}", received)
        for number, raw in enumerate(calls.raws)
    ]


def _translated(raw: bytes, calls: Calls, place: str, received: Received) -> Translated:
    try:
        call = object_of(raw)
    except NOT_A_VALUE as error:
        reason = Reason.MALFORMED_JSON if raw.startswith(b"{") else Reason.NOT_AN_OBJECT
        return Translated(raw, InvalidEvent(reason, "", f"no call: {error}. Send one JSON object a call"))
    try:
        event = _event(call, calls, received)
        event["id"] = _event_id(call, raw, place)
        return Translated(raw, _json(event))
    except InvalidEvent as invalid:
        return Translated(raw, invalid)


def _event(call: Mapping[str, Any], calls: Calls, received: Received) -> dict[str, Any]:
    """The native event of a call, without its id."""
    kind = _kind(call, calls.type)
    context = context_of(call, calls.context)
    library = library_of(context)
    traits: tuple[dict[str, Any], ...] = (_object(context, "traits"),)
    name, channel = kind, None
    match kind:
        case "track":
            name = _name(call)
            event_type, data, channel = _track(name, call)
        case "page" | "screen":
            event_type, data = _page(kind, call, context)
        case "identify":
            traits = (_object(call, "traits"), *traits)
            event_type, data = "identity.linked", without_identifiers({**traits[1], **traits[0]})
            context.pop("traits", None)
        case "alias":
            event_type, data = "identity.linked", {}
        case _:
            # The traits of a group are not the customer's.
            event_type, data = custom_type(kind), _object(call, "properties") | _object(call, "traits")
            if call.get("groupId") is not None:
                data["group_id"] = call["groupId"]
    time, sent_at = moment(call, calls.sent_at, library, received.received_at_ms)
    event = {
        "type": event_type,
        "time": time,
        "channel": channel_of(kind, call, context, library, channel),
        "source": source_of(context, received.producer),
        "identifiers": identifiers(call, *traits),
        "data": data,
        "context": kept_context(kind, call, context, name),
    }
    if sent_at is not None:
        event["sent_at"] = sent_at
    return event


def _kind(call: Mapping[str, Any], by_path: str) -> str:
    kind = call.get("type") or by_path or ("track" if "event" in call else "")
    if not isinstance(kind, str) or not kind:
        raise InvalidEvent(
            Reason.INVALID_ENVELOPE,
            "type",
            "`type` is required: track, identify, page, screen, group or alias",
        )
    return kind


def _name(call: Mapping[str, Any]) -> str:
    name = call.get("event")
    if not isinstance(name, str) or not name.strip():
        raise InvalidEvent(
            Reason.INVALID_ENVELOPE,
            "event",
            "`event` is required: the name of the event, such as Order Completed",
        )
    return name


def _track(name: str, call: Mapping[str, Any]) -> tuple[str, dict[str, Any], str | None]:
    """The type and data of a track event, and the channel if its name says that."""
    properties = _object(call, "properties")
    if name in EVENT_TYPES:
        return name, properties, None
    own = custom_type(name)
    row = TRACKS.get(own, UNLISTED)
    found, channel = row.target, row.channel
    if found is None:
        return own, properties, channel
    data = found.data(properties)
    if data is None and "cart_id" in found.required:
        data = found.data({**properties, "cart_id": UNKNOWN_CART})
    return (own, properties, channel) if data is None else (found.type, data, channel)


def _page(kind: str, call: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    properties = _object(call, "properties")
    for field in ("name", "category"):
        if call.get(field) is not None:
            properties.setdefault(field, call[field])
    if kind == "screen":
        data = _SCREEN.data(properties)
    else:
        shown = _object(context, "page")
        data = _PAGE.data({name: shown[name] for name in _ON_PAGE if name in shown} | properties)
    return (custom_type(kind), properties) if data is None else ("page.viewed", data)


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A copy of the object of that name; a value that is no object is kept as its only field."""
    value = parent.get(name)
    if isinstance(value, dict):
        return dict(value)
    return {} if value is None else {name: value}


def _event_id(call: Mapping[str, Any], raw: bytes, place: str) -> str:
    """The client's own id, so that a repeated call is known; a digest of it if it is long.

    A call without an id has one by its content if that has a time, else by when and where it came: two of
    the same content may be two events.
    """
    given = call.get("messageId")
    if type(given) is int:
        given = str(given)
    if isinstance(given, str) and given and not is_placeholder(given):
        return given if len(given) <= _LONGEST_ID else str(derived_id(f"segment:{given}"))
    if call.get("timestamp") or call.get("originalTimestamp"):
        content = {name: value for name, value in call.items() if name not in ("sentAt", "messageId")}
        return str(derived_id(f"segment:{_json(content).decode()}"))
    return str(derived_id(f"segment:{place}:{raw.decode(errors='backslashreplace')}"))


def _json(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        with suppress(orjson.JSONEncodeError, RecursionError):
            return orjson.dumps(_portable(value))
        raise InvalidEvent(Reason.INVALID_DATA, "", "nested too deeply: use at most 100 levels") from None


def _portable(value: Any) -> Any:
    """The value with whole numbers that need more than 64 bits as text."""
    match value:
        case dict():
            return {name: _portable(each) for name, each in value.items()}
        case list():
            return [_portable(each) for each in value]
        case int() if not _SMALLEST <= value <= _BIGGEST:
            return str(value)
    return value
