"""From log records to native events, with ids from their content."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import orjson

from touchline.collector.dialects.dialect import Received, Translated
from touchline.collector.dialects.envelope_fields import (
    LONGEST_SOURCE,
    channel_asked,
    is_channel,
    rfc_3339,
)
from touchline.collector.dialects.otlp.conventions import conventional
from touchline.collector.dialects.otlp.identifiers import identify
from touchline.collector.dialects.otlp.record import Read, Record, Unreadable
from touchline.collector.dialects.vocabulary_names import Named, fault_of, named
from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

NO_EVENT: Final = InvalidEvent(
    Reason.INVALID_ENVELOPE,
    "eventName",
    "a line of a log, not an event: give log records that are events an event name",
    "reject",
)
"""Why a record without an event name is not kept."""

SERVICE: Final = "service.name"
SESSION: Final = "session.id"
CHANNEL: Final = "channel"
EVENT_NAME: Final = "event.name"

_UNKNOWN_SERVICE: Final = "unknown_service"
_APP_SYSTEMS: Final = frozenset({"android", "ios", "ipados"})
_LINE: Final = Translated(b"", NO_EVENT)


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
                events.append(_LINE)
            case Unreadable(original, why):
                events.append(Translated(original, why))
            case _:
                events.append(_translated(record, received, seen))
    return events


def _translated(record: Record, received: Received, seen: Counter[bytes]) -> Translated:
    try:
        whole = record._asdict() | {"scope": record.scope._asdict()}
        content = orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        message = "nested too deeply: use at most 100 levels"
        return Translated(record.name.encode(), InvalidEvent(Reason.INVALID_DATA, "body", message))
    number = seen[content]
    seen[content] += 1
    time_ms = (record.time_ns or record.observed_ns) // 1_000_000
    about = "" if time_ms else f":{received.received_at_ms}"
    event_id = derived_id(f"otlp:{number}{about}:{content.decode()}")
    event = _native(record, received) | {
        "id": str(event_id),
        "time": rfc_3339(time_ms or received.received_at_ms),
    }
    return Translated(content, event)


def _native(record: Record, received: Received) -> dict[str, Any]:
    """The native event of a record, without id and time."""
    attributes, resource = record.attributes, record.scope.resource
    attributes.pop(EVENT_NAME, None)
    identifiers = identify(attributes, resource)
    session = attributes.pop(SESSION, None) or resource.get(SESSION)
    channel = _channel(attributes, resource, received)
    found = _named(record.name, _merged(attributes, record.body))
    about = {
        "session_id": session,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "scope": record.scope.name,
        "severity": record.severity,
        "resource": resource,
    }
    service = resource.get(SERVICE)
    if not isinstance(service, str) or not service or service.startswith(_UNKNOWN_SERVICE):
        service = received.producer
    return {
        "type": found.type,
        "channel": channel,
        "source": service[:LONGEST_SOURCE],
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


def _channel(attributes: dict[str, Any], resource: dict[str, Any], received: Received) -> str:
    if is_channel(attributes.get(CHANNEL)):
        return str(attributes.pop(CHANNEL))
    if is_channel(resource.get(CHANNEL)):
        return str(resource[CHANNEL])
    asked = channel_asked(received.query)
    if asked is not None:
        return asked
    if any(name.startswith("browser.") for name in resource):
        return Channel.WEB.value
    system = resource.get("os.name")
    if isinstance(system, str) and system.lower() in _APP_SYSTEMS:
        return Channel.APP.value
    if any(name.startswith(("device.", "app.")) for name in resource):
        return Channel.APP.value
    return Channel.WEB.value
