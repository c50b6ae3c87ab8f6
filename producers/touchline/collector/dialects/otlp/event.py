"""From log records to native events, with ids from their content."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from touchline.collector.dialects.dialect import Received, Translated
from touchline.collector.dialects.envelope_fields import channel_asked, rfc_3339
from touchline.collector.dialects.otlp.conventions import conventional
from touchline.collector.dialects.otlp.identifiers import SESSION, take_consent, take_identifiers
from touchline.collector.dialects.otlp.record import Read, Record, Unreadable
from touchline.collector.dialects.otlp.resource import take_channel
from touchline.collector.dialects.vocabulary_names import Named, fault_of, named
from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

_encoder = msgspec.json.Encoder(order="deterministic")


def translated(records: Iterable[Read], received: Received) -> list[Translated]:
    """The events of the records of one request.

    The id of an event is derived from its content, so a request that comes again has the same ids. Records
    of one request with equal content are different events: their number goes into the id. So does the time
    of receipt, if a record has no time at all: equal content is then no sign of the same event.
    """
    seen: Counter[bytes] = Counter()
    events: list[Translated] = []
    for record in records:
        match record:
            case None:
                events.append(Translated(b"", no_event()))
            case Unreadable(original, why):
                events.append(Translated(original, why))
            case _:
                events.append(_translated(record, received, seen))
    return events


def no_event() -> InvalidEvent:
    """Why a record without an event name is not kept."""
    message = "a line of a log, not an event: give log records that are events an event name"
    return InvalidEvent(Reason.INVALID_ENVELOPE, "eventName", message, "reject")


def _translated(record: Record, received: Received, seen: Counter[bytes]) -> Translated:
    content = _encoder.encode(record._asdict() | {"resource": record.resource.attributes})
    number = seen[content]
    seen[content] += 1
    time_ms = (record.time_ns or record.observed_ns) // 1_000_000
    about = "" if time_ms else f":{received.received_at_ms}"
    event = _native(record, received)
    event["id"] = str(derived_id(f"otlp:{number}{about}:{content.decode()}"))
    event["time"] = rfc_3339(time_ms or received.received_at_ms)
    return Translated(content, event)


def _native(record: Record, received: Received) -> dict[str, Any]:
    """The native event of a record, without id and time. Takes what it uses out of the attributes."""
    attributes, resource = record.attributes, record.resource
    attributes.pop("event.name", None)
    identifiers = resource.identifiers | take_identifiers(attributes)
    channel = take_channel(attributes) or resource.channel or channel_asked(received.query)
    about = {
        "session_id": attributes.pop(SESSION, None) or resource.session,
        "consent": resource.consent | take_consent(attributes),
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "scope": record.scope,
        "severity": record.severity,
        "resource": resource.rest,
    }
    found = _named(record.name, _merged(attributes, record.body))
    return {
        "type": found.type,
        "channel": channel or (Channel.APP if resource.is_app else Channel.WEB),
        "source": resource.source or received.producer,
        "identifiers": identifiers,
        "data": found.data,
        "context": found.context | {name: value for name, value in about.items() if value},
    }


def _named(name: str, values: dict[str, Any]) -> Named:
    by_convention = conventional(name, values)
    if by_convention is not None:
        event_type, data = by_convention
        if fault_of(event_type, data) is None:
            return Named(event_type, _underscored(data), {"name": name})
    return named(name, _underscored(values))


def _merged(attributes: dict[str, Any], body: Any) -> dict[str, Any]:
    """The attributes and the body in one object; the body as a whole, if it is no object or they clash."""
    if body is None:
        return attributes
    if isinstance(body, dict) and not body.keys() & attributes.keys():
        return attributes | body
    return attributes | {"body": body}


def _underscored(values: dict[str, Any]) -> dict[str, Any]:
    """The values by names without dots, which rules and queries read as steps of a path."""
    renamed = {name.replace(".", "_"): value for name, value in values.items()}
    return renamed if len(renamed) == len(values) else values
