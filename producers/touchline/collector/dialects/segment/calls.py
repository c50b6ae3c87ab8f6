"""One call of a client to a native event."""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.custom_types import custom_type
from touchline.collector.dialects.dialect import Received, Translated, Unsplittable, limited
from touchline.collector.dialects.segment.bodies import NOT_A_VALUE, Calls, as_json, calls_of, object_of
from touchline.collector.dialects.segment.circumstances import (
    channel_of,
    context_of,
    kept_context,
    library_of,
    source_of,
)
from touchline.collector.dialects.segment.fields import target
from touchline.collector.dialects.segment.identities import (
    event_id,
    identifiers,
    without_identifiers,
)
from touchline.collector.dialects.segment.times import moment
from touchline.collector.dialects.segment.tracks import TRACKS, UNLISTED
from touchline.vocabulary.envelope import EVENT_BYTES
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.registry import EVENT_TYPES
from touchline.vocabulary.validation import InvalidEvent

_PAGE: Final = target("page.viewed", {"page": "path page name"})
_SCREEN: Final = target("page.viewed", {"page": "name page path"})
_ON_PAGE = ("path", "url", "title", "referrer")
_MOST_BYTES = 4 * EVENT_BYTES
"""Larger calls are not read: even without escapes and blanks, their events are too large."""


def translate(received: Received) -> list[Translated]:
    """The events of a request to Segment's API.

    Raises:
        Unsplittable: the body is no JSON object, or no batch where a batch belongs.
        TooManyEvents: there are more than the dialect's `most_events`.
    """
    calls = calls_of(received)
    return [
        _translated(raw, calls, f"{received.received_at_ms}:{number}", received)
        for number, raw in enumerate(limited(calls.raws))
    ]


def _translated(raw: bytes, calls: Calls, place: str, received: Received) -> Translated:
    if len(raw) > _MOST_BYTES:
        return Translated(raw, _too_large(raw))
    try:
        call = object_of(raw)
    except NOT_A_VALUE as error:
        if calls.type:
            raise Unsplittable(f"no call: {error}. Send one JSON object") from None
        reason = Reason.MALFORMED_JSON if raw.startswith(b"{") else Reason.NOT_AN_OBJECT
        return Translated(raw, InvalidEvent(reason, "", f"no call: {error}. Send one JSON object a call"))
    try:
        event = _event(call, calls, received)
        event["id"] = event_id(call, raw, place)
        return Translated(raw, as_json(event))
    except InvalidEvent as invalid:
        return Translated(raw, invalid)


def _too_large(raw: bytes) -> InvalidEvent:
    return InvalidEvent(
        Reason.TOO_LARGE,
        "",
        f"the call has {len(raw)} bytes: send at most {EVENT_BYTES}, with fewer properties",
    )


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
