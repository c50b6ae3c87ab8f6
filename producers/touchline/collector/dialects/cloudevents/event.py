"""From the attributes and the data of a CloudEvent to a native event."""

from typing import Any, Final

import orjson

from touchline.collector.dialects.cloudevents.identifiers import identify
from touchline.collector.dialects.dialect import Received
from touchline.collector.dialects.envelope_fields import (
    LONGEST_SOURCE,
    channel_asked,
    is_channel,
    rfc_3339,
)
from touchline.collector.dialects.vocabulary_names import named
from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

_REQUIRED: Final = {
    "id": "id of the event; the same whenever it is sent again",
    "source": "the system that recorded it, such as https://shop.example",
    "type": "what happened, such as com.example.checkout.started",
}


def native_event(
    attributes: dict[str, Any], data: dict[str, Any], received: Received
) -> dict[str, Any] | InvalidEvent:
    """The native event, or why there is none. Takes what it uses out of `attributes` and `data`."""
    invalid = _fault(attributes)
    if invalid is not None:
        return invalid
    event_id, source, name = attributes["id"], attributes["source"], attributes.pop("type")
    identifiers = identify(attributes, data)
    consent = data.pop("consent") if isinstance(data.get("consent"), dict) else None
    found = named(name, data)
    channel = _channel(attributes, received)
    time = attributes.pop("time", None) or rfc_3339(received.received_at_ms)
    context = _context(attributes)
    if consent is not None:
        context["consent"] = consent
    return {
        "id": str(derived_id(f"cloudevent:{orjson.dumps([source, event_id]).decode()}")),
        "type": found.type,
        "time": time,
        "channel": channel,
        "source": source[:LONGEST_SOURCE],
        "identifiers": identifiers,
        "data": found.data,
        "context": found.context | context,
    }


def _fault(attributes: dict[str, Any]) -> InvalidEvent | None:
    version = attributes.pop("specversion", None)
    if version != "1.0":
        message = 'expected "1.0": send CloudEvents in version 1.0'
        return InvalidEvent(Reason.INVALID_ENVELOPE, "specversion", message)
    for name, meaning in _REQUIRED.items():
        value = attributes.get(name)
        if not isinstance(value, str) or not value:
            message = f"`{name}` is required, as text: {meaning}"
            return InvalidEvent(Reason.INVALID_ENVELOPE, name, message)
    return None


def _channel(attributes: dict[str, Any], received: Received) -> str:
    if is_channel(attributes.get("channel")):
        return str(attributes.pop("channel"))
    return channel_asked(received.query) or Channel.WEB.value


def _context(attributes: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if session := attributes.pop("sessionid", None):
        context["session_id"] = session
    parent = attributes.get("traceparent")
    if isinstance(parent, str) and len(parent) >= 55:
        context["trace_id"] = parent[3:35]
    if len(attributes["source"]) <= LONGEST_SOURCE:
        del attributes["source"]
    context["cloudevent"] = attributes
    return context
