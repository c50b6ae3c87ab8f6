"""CloudEvents 1.0 over HTTP: binary, structured and batched.

| CloudEvent | Touchline |
|---|---|
| `source` and `id` | `id`: UUIDv5 over both, which together identify a CloudEvent |
| `type` | `type`, if it is one of the vocabulary, also after a prefix; else `custom.…` (`vocabulary_names`) |
| `time` | `time`; without it, the time of receipt |
| `source` | `source`, cut to 128 characters |
| extension `channel` | `channel`; else the parameter `channel` of the URL; else `web` |
| extensions, data, `subject` | `identifiers` (`identifiers`) |
| extension `sessionid`, `traceparent` | `context.session_id`, `context.trace_id` |
| `consent` in the data | `context.consent` |
| data | `data`; what is no JSON object is in `data.data` or `data.data_base64` |
| all other attributes | `context.cloudevent` |
"""

from typing import Final

from touchline.collector.dialects.cloudevents.binary import binary_event
from touchline.collector.dialects.cloudevents.media import utf8
from touchline.collector.dialects.cloudevents.structured import structured_event
from touchline.collector.dialects.dialect import (
    Answer,
    Described,
    Dialect,
    Received,
    Refusal,
    Translated,
    Unsplittable,
    error,
    limited,
    results,
)
from touchline.collector.dialects.native import split
from touchline.collector.results import Result

_FORMAT = "application/cloudevents"
_JSON = (f"{_FORMAT}+json", f"{_FORMAT}-batch+json", _FORMAT, f"{_FORMAT}-batch")


def translate(received: Received) -> list[Translated]:
    """The events of a request, in the mode that its headers say.

    Raises:
        Unsplittable: the body is in a format other than JSON, or not JSON, or the request has no CloudEvent.
        TooManyEvents: there are more than the dialect's `most_events`.
    """
    content_type = received.headers.get("content-type", "")
    media = content_type.partition(";")[0].strip().lower()
    if not media.startswith(_FORMAT):
        if any(name.startswith("ce-") for name in received.headers):
            return [binary_event(received)]
        if not received.body.lstrip().startswith((b"{", b"[")):
            raise Unsplittable(
                "no CloudEvent: send it with Content-Type: application/cloudevents+json, or its attributes as"
                " headers such as ce-id"
            )
    elif media not in _JSON:
        raise Unsplittable(f"the format {media[:60]!r} cannot be read: send {_JSON[0]} or {_JSON[1]}")
    return [structured_event(raw, received) for raw in limited(split(utf8(received.body, content_type)))]


def answer(received: Received, given: list[Result]) -> Answer:
    """204, unless events are in quarantine or rejected: then the native response, which says why.

    Clients read no body, and the Go client cannot use a connection again if there is one.
    """
    if any(result.status in ("quarantined", "rejected") for result in given):
        return results(received, given)
    return Answer(b"", 204)


def refuse(refusal: Refusal) -> Answer:
    """The native response, but 503 for a request that came too slowly: clients repeat no 408."""
    return error(refusal._replace(status=503) if refusal.status == 408 else refusal)


CLOUDEVENTS: Final = Dialect(
    name="cloudevents",
    described=Described(
        "Send CloudEvents 1.0: structured, as a batch, or binary with attributes in headers.",
        accepts={
            "application/cloudevents+json": {"type": "object"},
            "application/cloudevents-batch+json": {"type": "array"},
            "application/json": {},
        },
    ),
    paths=("/v1/cloudevents",),
    translate=translate,
    answer=answer,
    refuse=refuse,
)
