"""The body of a request: the events in it, as they came, and what the client says of all of them."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
import orjson

from touchline.collector.dialects.dialect import Received, Unsplittable

_ADVICE = 'send {"api_key": …, "batch": [{"event": …, "distinct_id": …}]}, an array of events, or one event'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_OPTIONS = {"disable_skew_correction": "$ignore_sent_at"}
"""Options of version 1 whose property is not called as they are, with a dollar sign before."""

_NOTHING = msgspec.Raw()

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_T = TypeVar("_T")


class Request(NamedTuple):
    """A request of a client.

    Attributes:
        events: Each event as it came: a JSON value.
        sent_at: The client's clock as it says: a text, or milliseconds since 1970. None if it does not.
        is_history: Whether the client says that the events are old.
    """

    events: list[bytes]
    sent_at: object
    is_history: bool


class _Body(msgspec.Struct):
    """A body that is an object: with a batch of events, or an event itself."""

    batch: list[msgspec.Raw] | None = None
    sent_at: Any = None
    historical_migration: Any = None


class _Token(msgspec.Struct):
    """Where a key may be in the properties of an event."""

    token: msgspec.Raw = _NOTHING
    api_key: msgspec.Raw = _NOTHING


class _KeyOnly(msgspec.Struct):
    """A body of several events, or an event: only where its key may be, which may be anything yet."""

    api_key: msgspec.Raw = _NOTHING
    token: msgspec.Raw = _NOTHING
    properties: _Token | None = None


_body = msgspec.json.Decoder(_Body)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_key_only = msgspec.json.Decoder(_KeyOnly)

_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


def read(received: Received) -> Request:
    """The events of a request.

    Raises:
        Unsplittable: the body is no JSON, or an array or an object of another form.
    """
    text = _json_text(received.body)
    sent_at = received.headers.get("posthog-request-timestamp") or received.query.get("sent_at")
    if text.startswith(b"["):
        events = [bytes(event) for event in _decode(_list, text)]
        return Request(events, sent_at, is_history=False)
    body = _decode(_body, text)
    events = [text] if body.batch is None else [bytes(event) for event in body.batch]
    return Request(events, body.sent_at or sent_at, is_history=bool(body.historical_migration))


def secret_of(received: Received) -> str:
    """The project's key: in the body, in its first event, or in the query. Empty if there is none."""
    try:
        text = _json_text(received.body)
        found = _decode(_key_only, _first(text) if text.startswith(b"[") else text)
    except Unsplittable:
        found = _KeyOnly()
    inner = found.properties or _Token()
    given = (found.api_key, found.token, inner.token, inner.api_key)
    in_body = next((key for raw in given if (key := _text(raw))), "")
    return in_body or received.query.get("token") or received.query.get("api_key") or ""


def _first(array: bytes) -> bytes:
    """The first object in an array; nothing else is read, because nobody knows yet who sent it."""
    depth = 0
    start = array.find(b"{")
    for token in _STRING_OR_BRACKET.finditer(array, start) if start >= 0 else ():
        depth += 1 if token[0] in b"[{" else -1 if token[0] in b"]}" else 0
        if depth == 0:
            return array[start : token.end()]
    return b"{}"


def event_of(raw: bytes) -> object:
    """The value of an event. What JSON does not allow, but some clients write, is read as they mean it.

    NaN and infinite numbers are null; half of a surrogate pair is a question mark.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            return orjson.loads(_strict(json.loads(raw, parse_constant=_null)))
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _json_text(body: bytes) -> bytes:
    """The JSON of a body, which is JSON or a form: `data=` with JSON in base64."""
    text = body.removeprefix(_BYTE_ORDER_MARK).strip()
    if not text.startswith(b"data="):
        return text
    value = unquote_to_bytes(text[5:].partition(b"&")[0]).strip()
    if value.startswith((b"{", b"[")):
        return value
    try:
        # An unquoted plus sign of a form may have come as a blank.
        return b64decode(value.replace(b" ", b"+") + b"=" * (-len(value) % 4), validate=True).strip()
    except ValueError as error:
        raise Unsplittable(f"the form field `data` is no base64 ({error}): {_ADVICE}") from None


def _decode(decoder: msgspec.json.Decoder[_T], text: bytes) -> _T:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _not_a_request(error, text) from None
    except NOT_JSON as error:
        try:
            return decoder.decode(_strict(json.loads(text, parse_constant=_null)))
        except (*NOT_JSON, ValueError):
            raise _not_a_request(error, text) from None


def _not_a_request(error: Exception, text: bytes) -> Unsplittable:
    return Unsplittable(f"not a request of PostHog's ({error}): {_ADVICE}", text)


def _strict(value: object) -> bytes:
    """Strict JSON of a value that Python's tolerant parser read."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _null(_: str) -> None:
    return None


def _text(raw: msgspec.Raw) -> str:
    """The text that a value is; empty if it is something else."""
    try:
        return msgspec.json.decode(raw, type=str)
    except NOT_JSON:
        return ""


def flat(event: Mapping[str, Any], sdk: str) -> dict[str, Any]:
    """The properties of an event, wherever its client puts them.

    Version 1 of the protocol has some of them beside `properties`, and the library in a header (`sdk`).
    """
    properties = event.get("properties")
    found: dict[str, Any] = dict(properties) if isinstance(properties, dict) else {}
    options = event.get("options")
    if isinstance(options, dict):
        for name, value in options.items():
            found.setdefault(_OPTIONS.get(name, f"${name}"), value)
    for name in ("session_id", "window_id"):
        if value := event.get(name):
            found.setdefault(f"${name}", value)
    if sdk:
        library, _, version = sdk.partition("/")
        found.setdefault("$lib", library)
        found.setdefault("$lib_version", version)
    return found
