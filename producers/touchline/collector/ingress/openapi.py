"""The collector's own description, OpenAPI 3.1."""

from functools import cache
from importlib.metadata import version
from typing import Any

from touchline.vocabulary.envelope import EVENT_BYTES, REQUEST_BYTES, REQUEST_EVENTS, Envelope
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.registry import EVENT_TYPES

_EVENT = {"$ref": "#/components/schemas/Event"}
_ERROR = {"$ref": "#/components/schemas/Error"}

_PROBLEMS = {
    "400": "Not JSON at all (kept in quarantine whole), an empty body, or broken gzip.",
    "401": "No key, or an unknown one.",
    "403": "A revoked key.",
    "405": "Not a POST.",
    "408": "The body took too long.",
    "413": f"More than {REQUEST_BYTES} bytes unpacked, or more than {REQUEST_EVENTS} events.",
    "415": "A Content-Encoding other than gzip.",
    "429": "Too many events a second; see Retry-After.",
    "503": "The log is full, away or busy; nothing is lost if it is sent again after Retry-After.",
}


@cache
def description() -> dict[str, Any]:
    """What `/openapi.json` answers."""
    event = Envelope.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = event.pop("$defs", {})
    # Both are stamped by the collector; what a producer writes there is not read.
    for stamped in ("received_at", "producer"):
        event["properties"].pop(stamped, None)
    event["properties"]["type"]["examples"] = list(EVENT_TYPES)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Touchline collector", "version": version("touchline")},
        "paths": {
            "/v1/events": {"post": _post_events()},
            "/healthz": {"get": _get("The process is alive.")},
            "/readyz": {"get": _get("Ready to take events.", {"503": {"description": "Not ready; why."}})},
            "/metrics": {"get": _get("Counters in Prometheus' text format.")},
            "/openapi.json": {"get": _get("This description.")},
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Event": event,
                "Results": _results(),
                "Error": _object(error=_object(code={"type": "string"}, message={"type": "string"})),
                **definitions,
            },
        },
    }


def _post_events() -> dict[str, Any]:
    return {
        "summary": "Send events: one, an array, or one a line; gzip by Content-Encoding.",
        "description": f"An event may have {EVENT_BYTES} bytes. 200 means that every event is durable:"
        " stored, or quarantined with the reason. One bad event never fails its neighbours.",
        "security": [{"key": []}, {}],
        "parameters": [
            {
                "name": "Touchline-Lost",
                "in": "header",
                "description": "events dropped before sending, by reason: queue_full=3, closed=1",
                "schema": {"type": "string"},
            },
            {
                "name": "Touchline-Account",
                "in": "header",
                "description": "the client's account of itself, counted since it began: client=ID, batch=7, "
                "first=600, emitted=712, queued=709, lost.queue_full=3; with it the body may be empty",
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
            **{
                status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
                for status, text in _PROBLEMS.items()
            },
        },
    }


def _results() -> dict[str, Any]:
    result = _object(
        id={"type": ["string", "null"]},
        status={"enum": ["stored", "duplicate", "quarantined"]},
        reason={"enum": [*(reason.value for reason in Reason), None]},
    )
    result["properties"] |= {
        "message": {"type": "string", "description": "what was wrong, and what to do"},
        "field": {"type": "string", "description": "where: a path into the event"},
    }
    return _object(results={"type": "array", "items": result})


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _get(text: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"summary": text, "responses": {"200": {"description": text}, **(more or {})}}
