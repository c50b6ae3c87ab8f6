"""Binary mode: each attribute is a header `ce-…`, and the body is the data."""

import re
from base64 import b64encode
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import orjson

from touchline.collector.dialects.cloudevents.event import native_event
from touchline.collector.dialects.cloudevents.media import is_json, is_text, utf8
from touchline.collector.dialects.dialect import Received, Translated, Unsplittable
from touchline.collector.dialects.native import NOT_JSON
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

_PREFIX: Final = "ce-"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def binary_event(received: Received) -> Translated:
    """The event of a request in binary mode. In quarantine it has the form of structured mode."""
    attributes: dict[str, Any] = {
        name[len(_PREFIX) :]: header_text(value)
        for name, value in received.headers.items()
        if name.startswith(_PREFIX)
    }
    content_type = received.headers.get("content-type", "")
    if content_type:
        attributes["datacontenttype"] = content_type
    body = received.body
    if not body:
        return Translated(orjson.dumps(attributes), native_event(attributes, {}, received))
    if is_json(content_type) or not content_type:
        try:
            text = utf8(body, content_type)
            data = msgspec.json.decode(text)
        except (*NOT_JSON, Unsplittable):
            if content_type:
                message = "the body is not JSON: send JSON, or the content type that it has"
                invalid = InvalidEvent(Reason.MALFORMED_JSON, "data", message)
                return Translated(orjson.dumps(attributes | _plain(body, content_type)), invalid)
        else:
            original = orjson.dumps(attributes | {"data": orjson.Fragment(text)})
            fields = data if isinstance(data, dict) else {"data": data}
            return Translated(original, native_event(attributes, fields, received))
    plain = _plain(body, content_type)
    return Translated(orjson.dumps(attributes | plain), native_event(attributes, plain, received))


def header_text(value: str) -> str:
    """The value of an attribute, from its header as Latin-1.

    By the specification, the text is percent-encoded UTF-8, which may be in double quotes. Some clients send
    UTF-8 or Latin-1 without encoding, so a `%` without two digits, or that gives no UTF-8, stays as it is.
    """
    if not value.isascii():
        with suppress(UnicodeError):
            value = value.encode("latin-1").decode()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = _ESCAPED.sub(r"\1", value[1:-1])
    if "%" in value:
        with suppress(UnicodeDecodeError):
            return unquote(value, errors="strict")
    return value


def _plain(body: bytes, content_type: str) -> dict[str, Any]:
    """Data that is no JSON, as the specification has it in JSON."""
    if is_text(content_type) or is_json(content_type) or not content_type:
        with suppress(UnicodeDecodeError, Unsplittable):
            return {"data": utf8(body, content_type).decode()}
    return {"data_base64": b64encode(body).decode()}
