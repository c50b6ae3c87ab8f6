"""The AsyncAPI 3 description of the collector: a message for each event type."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from touchline.collector.dialects.native import NATIVE
from touchline.collector.ingress.openapi import event_schemas, type_schema
from touchline.vocabulary.registry import EVENT_TYPES, EventType

_CHANNEL: Final = "events"


def messages(types: Mapping[str, EventType] = EVENT_TYPES) -> dict[str, Any]:
    """The response of `/asyncapi.json`; `types` are those in force."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Touchline events",
            "version": version("touchline"),
            "description": "The events that producers send, one message for each type. An own field goes into"
            " `data`. Over Kafka, producers send the same messages to the topic `inbox`.",
        },
        "defaultContentType": "application/json",
        "channels": {
            _CHANNEL: {
                "address": NATIVE.paths[0],
                "description": "Over HTTP: one event, an array, or one event per line.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in types},
            }
        },
        "operations": {
            "receiveEvents": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{_CHANNEL}"},
                "summary": "The collector validates each event, and stores it or keeps it in quarantine.",
            }
        },
        "components": {
            "messages": {name: _message(event_type) for name, event_type in types.items()},
            "schemas": {
                **event_schemas(types),
                **{name: type_schema(event_type) for name, event_type in types.items()},
            },
        },
    }


def _message(event_type: EventType) -> dict[str, Any]:
    owner = f" Owner: {event_type.owner}." if event_type.owner else ""
    return {
        "name": event_type.name,
        "title": event_type.name,
        "summary": f"{event_type.doc}{owner}",
        "tags": [{"name": event_type.family}],
        "payload": {"$ref": f"#/components/schemas/{event_type.name}"},
    }
