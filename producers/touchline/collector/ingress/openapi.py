"""The OpenAPI 3.1 description of the collector."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, get_args

from touchline.collector.results import Status
from touchline.vocabulary.envelope import EVENT_BYTES, REQUEST_BYTES, REQUEST_EVENTS, Envelope
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.registry import EVENT_TYPES, EventType

_EVENT = {"$ref": "#/components/schemas/Event"}
_ERROR = {"$ref": "#/components/schemas/Error"}

_PROBLEMS = {
    "400": "The body is not JSON (then it is in quarantine), empty, or broken gzip.",
    "401": "No key, or an unknown key.",
    "403": "The key was revoked, or the page may not use it.",
    "405": "The method is not POST.",
    "408": "The body took too long.",
    "413": f"More than {REQUEST_BYTES} bytes (decompressed), or more than {REQUEST_EVENTS} events.",
    "415": "The Content-Encoding is not gzip.",
    "429": "Too many events per second; see Retry-After.",
    "503": "The log is full, down or busy. Send the request again after Retry-After; nothing is lost.",
}


_SOURCE = [
    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name in ("kind", "source")
]


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


def description(types: Mapping[str, EventType] = EVENT_TYPES) -> dict[str, Any]:
    """The response of `/openapi.json`; `types` are those in force."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Touchline collector", "version": version("touchline")},
        "paths": {
            "/v1/events": {"post": _post_events()},
            "/v1/webhooks/{kind}/{source}": {"post": _post_webhook(), "get": _get_webhook()},
            "/healthz": {"get": _get("The process is alive.")},
            "/readyz": {
                "get": _get("Ready to accept events.", {"503": {"description": "Not ready, and why."}})
            },
            "/metrics": {"get": _get("Metrics in Prometheus' text format.")},
            "/openapi.json": {"get": _get("This description.")},
            "/asyncapi.json": {"get": _get("AsyncAPI 3 description: a message for each event type.")},
            "/touchline.js": {"get": _get("The browser script; /touchline.mjs is the same as a module.")},
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "browser_key": {"type": "apiKey", "in": "query", "name": "key"},
            },
            "schemas": {
                **event_schemas(types),
                "Results": _results(),
                "Error": _object(error=_object(code={"type": "string"}, message={"type": "string"})),
            },
        },
    }


def _post_events() -> dict[str, Any]:
    return {
        "summary": "Send events: one event, an array, or one event per line; gzip with Content-Encoding.",
        "description": f"An event has at most {EVENT_BYTES} bytes. 200 means that every event is durable:"
        " stored, or quarantined with the reason. An invalid event never affects the others.",
        "security": [{"key": []}, {"browser_key": []}, {}],
        "parameters": [
            {
                "name": "Touchline-Lost",
                "in": "header",
                "description": "events lost before sending, by reason: queue_full=3, closed=1",
                "schema": {"type": "string"},
            },
            {
                "name": "Touchline-Account",
                "in": "header",
                "description": "the client's counters since its start: client=ID, batch=7, first=600, "
                "emitted=712, queued=709, lost.queue_full=3; with this header the body may be empty",
                "schema": {"type": "string"},
            },
            {
                "name": "lost",
                "in": "query",
                "description": "as Touchline-Lost, for beacons, which have no headers",
                "schema": {"type": "string"},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "responses": {
            "200": {
                "description": "A result for each event, in order.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Results"}}},
            },
            **_problems(_PROBLEMS),
        },
    }


def _post_webhook() -> dict[str, Any]:
    own = {"401": "The signature is wrong, missing or too old.", "404": "No source of this kind and name."}
    problems = {**_PROBLEMS, **own}
    del problems["403"]
    return {
        "summary": "Events of a provider in its own format, with its signature.",
        "description": "The file of webhook sources names the sources. The body is what the provider sends.",
        "security": [{}],
        "parameters": _SOURCE,
        "requestBody": {"content": {"*/*": {"schema": {}}}},
        "responses": {
            "200": {
                "description": "A result for each event, in order; or what a handshake asks for.",
                "content": {"*/*": {"schema": {}}},
            },
            **_problems(problems),
        },
    }


def _get_webhook() -> dict[str, Any]:
    return {
        "summary": "Test the address of a source, or answer a provider's handshake.",
        "parameters": _SOURCE,
        "responses": {
            "200": {"description": "The source exists.", "content": {"*/*": {"schema": {}}}},
            **_problems({status: _PROBLEMS[status] for status in ("400", "408", "413", "415", "429", "503")}),
            **_problems(
                {"401": "The handshake has a wrong secret.", "404": "No source of this kind and name."}
            ),
        },
    }


def _problems(texts: Mapping[str, str]) -> dict[str, Any]:
    return {
        status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
        for status, text in texts.items()
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


def _get(text: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"summary": text, "responses": {"200": {"description": text}, **(more or {})}}
