"""The OpenAPI 3.1 description of the collector."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, get_args

from touchline.collector.dialects import DIALECTS
from touchline.collector.dialects.dialect import Dialect
from touchline.collector.ingress.operations import dialect_paths
from touchline.collector.results import Status
from touchline.vocabulary.envelope import Envelope
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.registry import EVENT_TYPES, EventType

_EVENT = {"$ref": "#/components/schemas/Event"}


def event_schemas(types: Mapping[str, EventType]) -> dict[str, Any]:
    """JSON Schemas of a document's components: `Event`, and one for each type of a tracking plan."""
    event = Envelope.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = event.pop("$defs", {})
    # The collector sets both; it ignores the values of a producer.
    for field in ("received_at", "producer"):
        event["properties"].pop(field, None)
    event["properties"]["type"]["examples"] = list(types)
    declared = (one for name, one in types.items() if EVENT_TYPES.get(name) is not one)
    return {"Event": event, **definitions, **{one.name: type_schema(one) for one in declared}}


def type_schema(event_type: EventType) -> dict[str, Any]:
    """JSON Schema of the events of one type, beside the component `Event`."""
    data = event_type.model.model_json_schema()
    properties: dict[str, Any] = {"type": {"const": event_type.name}, "data": data}
    if event_type.channels:
        properties["channel"] = {"enum": sorted(event_type.channels)}
    own = {"type": "object", "properties": properties}
    if data.get("required"):
        own["required"] = ["data"]
    return {"description": event_type.doc, "allOf": [_EVENT, own]}


def description(
    types: Mapping[str, EventType] = EVENT_TYPES,
    *,
    dialects: Sequence[Dialect] = DIALECTS,
    beside: Mapping[str, Any] = {},
) -> dict[str, Any]:
    """The response of `/openapi.json`.

    Args:
        types: The types in force.
        dialects: The dialects that are accepted.
        beside: Other paths of the same server.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "Touchline collector", "version": version("touchline")},
        "paths": {
            **dialect_paths(dialects),
            **beside,
            "/healthz": {"get": _get("The process is alive.")},
            "/readyz": {
                "get": _get(
                    "Ready to accept events.",
                    {"503": {"description": "Not ready, and why.", "content": {"application/json": {}}}},
                )
            },
            "/metrics": {"get": _get("Metrics in Prometheus' text format.", media_type="text/plain")},
            "/openapi.json": {"get": _get("This description.")},
            "/asyncapi.json": {"get": _get("AsyncAPI 3 description: a message for each event type.")},
            **{
                f"/{name}": {"get": _get(about, {"304": {"description": "It did not change."}}, media_type)}
                for name, about, media_type in (
                    ("touchline.js", "The browser script.", "text/javascript"),
                    ("touchline.mjs", "The browser script as a module.", "text/javascript"),
                    ("touchline.d.mts", "The types of the module.", "text/plain"),
                )
            },
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "basic_key": {"type": "http", "scheme": "basic"},
                "browser_key": {"type": "apiKey", "in": "query", "name": "key"},
            },
            "schemas": {
                **event_schemas(types),
                "Results": _results(),
                "Error": _object(error=_object(code={"type": "string"}, message={"type": "string"})),
            },
        },
    }


def _results() -> dict[str, Any]:
    result = _object(
        id={"type": ["string", "null"]},
        status={"enum": list(get_args(Status))},
        reason={"enum": [*(reason.value for reason in Reason), None]},
    )
    result["properties"] |= {
        "message": {"type": "string", "description": "what is wrong, and what to write instead"},
        "field": {"type": "string", "description": "the path of the field in the event"},
        "conflicting": {
            "type": "boolean",
            "description": "true of a duplicate whose content differs from the first event with its id",
        },
    }
    return _object(results={"type": "array", "items": result})


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _get(
    text: str, more: dict[str, Any] | None = None, media_type: str = "application/json"
) -> dict[str, Any]:
    return {
        "summary": text,
        "responses": {"200": {"description": text, "content": {media_type: {}}}, **(more or {})},
    }
