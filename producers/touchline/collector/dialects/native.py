"""The native dialect: one JSON object, an array of objects, or NDJSON.

The body is split into the bytes of each event before any event is parsed, so that an invalid event does not
affect the others.
"""

import re
from typing import Final

import msgspec

from touchline.collector.dialects.dialect import Described, Dialect, Received, Translated, Unsplittable

_elements = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The exceptions of msgspec for bytes that are not JSON."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)


def split(body: bytes) -> list[bytes]:
    """The events of a body. Blank lines of NDJSON are skipped.

    Each element of an array, and each line of NDJSON, is one event, even if it is not valid JSON.

    Raises:
        Unsplittable: the body is neither a JSON object, nor an array, nor lines of which one is an object.
    """
    text = body.removeprefix(_BYTE_ORDER_MARK).strip()
    try:
        if text.startswith(b"["):
            return [bytes(element) for element in _elements.decode(text)]
        return [bytes(_value.decode(text))]
    except NOT_JSON as error:
        events = _by_brackets(text) if text.startswith(b"[") else None
        if events is None:
            events = [line for raw in text.split(b"\n") if (line := raw.strip())]
            if len(events) < 2 or not any(map(_is_object, events)):
                raise Unsplittable(
                    f"not JSON: {error}. Send one JSON object, an array of objects, or one object per line"
                ) from error
        return events


def _by_brackets(text: bytes) -> list[bytes] | None:
    """The elements of an array of which some are not JSON (NaN, half an emoji); None if it has no end."""
    elements: list[bytes] = []
    depth = 0
    start = 1
    for token in _STRING_OR_BRACKET.finditer(text):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case b"," if depth == 1:
                elements.append(text[start : token.start()].strip())
                start = token.end()
        if depth == 0:
            elements.append(text[start : token.start()].strip())
            return elements if token.end() == len(text) else None
    return None


def _is_object(line: bytes) -> bool:
    try:
        _object.decode(line)
    except NOT_JSON:
        return False
    return True


def _translate(received: Received) -> list[Translated]:
    return [Translated(raw, raw) for raw in split(received.body)]


_EVENT: Final = {"$ref": "#/components/schemas/Event"}
_PARAMETERS: Final = (
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
)

NATIVE: Final = Dialect(
    name="native",
    described=Described(
        "Send events: one event, an array, or one event per line; gzip with Content-Encoding.",
        accepts={
            "application/json": {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]},
            "application/x-ndjson": {"type": "string"},
        },
        answers={"application/json": {"$ref": "#/components/schemas/Results"}},
        parameters=_PARAMETERS,
    ),
    paths=("/v1/events",),
    translate=_translate,
)
