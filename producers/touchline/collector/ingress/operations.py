"""The operations of the OpenAPI description that come of dialects: paths, bodies, and every answer."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from touchline.collector.dialects.dialect import Answer, Dialect, Received, Refusal, error
from touchline.vocabulary.envelope import EVENT_BYTES

CALL_METHODS: Final = ("GET", "POST")
"""The methods of what clients ask beside sending."""

_ERROR: Final = {"$ref": "#/components/schemas/Error"}
_WRONG_METHOD: Final = {
    "description": "The path does not take this method; see Allow.",
    "content": {"application/json": {"schema": _ERROR}},
}
_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")

_REFUSALS: Final = {
    400: "The body cannot be read (then it is in quarantine), is empty, or is broken gzip or deflate.",
    401: "No key, or an unknown key.",
    403: "The key has ended, is for something else, or the page may not use it.",
    408: "The body took too long.",
    413: "More than {bytes} bytes (decompressed), or more than {events} events.",
    415: "The Content-Encoding is neither gzip nor deflate.",
    429: "Too many events per second, or too many wrong keys; see Retry-After.",
    503: "The log is full, down or busy. Send the request again after Retry-After; nothing is lost.",
}
"""Why a request is refused, by the status that the native dialect has for it."""


def dialect_paths(dialects: Iterable[Dialect]) -> dict[str, Any]:
    """The paths of dialects, and of what their clients ask beside sending."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for dialect in dialects:
        for path in dialect.paths:
            for method in dialect.methods:
                paths[_PARAMETER.sub(r"{\1}", path)][method.lower()] = _sending(dialect, path, method)
        for path, answer in dialect.calls.items():
            for method in CALL_METHODS:
                paths[_PARAMETER.sub(r"{\1}", path)][method.lower()] = _asking(dialect, path, answer)
    return paths


def _sending(dialect: Dialect, path: str, method: str) -> dict[str, Any]:
    described = dialect.described
    operation: dict[str, Any] = {
        "summary": described.summary,
        "description": f"An event has at most {EVENT_BYTES} bytes. 200 means that every event is durable:"
        " stored, or quarantined with the reason. An invalid event never affects the others.",
        "tags": [dialect.name],
        "security": [{}] if dialect.admit else [{"key": []}, {"basic_key": []}, {"browser_key": []}, {}],
        "parameters": [*_path_parameters(path), *described.parameters],
        "responses": {
            "200": {
                "description": "Every event is durable.",
                "content": {
                    media_type: {"schema": schema} for media_type, schema in described.answers.items()
                },
            },
            **_without_news(dialect, path, method),
            **_refusals(dialect),
        },
    }
    if described.accepts and method == "POST":
        content = {media_type: {"schema": schema} for media_type, schema in described.accepts.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _without_news(dialect: Dialect, path: str, method: str) -> dict[str, Any]:
    """The answer where there is nothing to say of any event, if it has another status than 200."""
    received = Received(b"", 0, "", _PARAMETER.sub("x", path), method=method)
    status = dialect.answer(received, []).status
    return {} if status == 200 else {str(status): {"description": "Every event is stored."}}


def _refusals(dialect: Dialect) -> dict[str, Any]:
    """Each status by which the dialect refuses a request, with the reasons."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for status, reason in {**_REFUSALS, **dialect.described.refuses}.items():
        text = reason.format(bytes=dialect.most_bytes, events=dialect.most_events)
        reasons[dialect.refuse(Refusal(status, "", "")).status].append(text)
        if status == 429:
            # The guard against guesses answers before the dialect.
            reasons[status] = reasons[status] or [text]
    schema = _ERROR if dialect.refuse is error else {}
    media_types = {"application/json", *dialect.described.answers} if schema == {} else {"application/json"}
    content = {media_type: {"schema": schema} for media_type in sorted(media_types)}
    refusals = {
        str(status): {"description": " ".join(texts), "content": content}
        for status, texts in sorted(reasons.items())
    }
    return refusals | {"405": _WRONG_METHOD}


def _asking(dialect: Dialect, path: str, answer: Callable[[Received], Answer]) -> dict[str, Any]:
    """What a client asks beside sending; the answer does not depend on more than the path."""
    example = answer(Received(b"", 0, "", _PARAMETER.sub("x", path)))
    return {
        "summary": f"What clients of {dialect.name} ask beside sending; the answer is constant.",
        "tags": [dialect.name],
        "parameters": _path_parameters(path),
        "responses": {
            str(example.status): {"description": "The answer.", "content": {example.media_type: {}}},
            "405": _WRONG_METHOD,
        },
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(path)
    ]
