"""Structured mode: a JSON object of the attributes and the data. A batch is an array of these."""

from base64 import b64decode
from binascii import Error
from contextlib import suppress
from typing import Any

import msgspec

from touchline.collector.dialects.cloudevents.event import native_event
from touchline.collector.dialects.cloudevents.media import is_json, is_text
from touchline.collector.dialects.dialect import Received, Translated
from touchline.collector.dialects.native import NOT_JSON
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent


def structured_event(raw: bytes, received: Received) -> Translated:
    """The event of one JSON value."""
    try:
        attributes = msgspec.json.decode(raw)
    except NOT_JSON as error:
        return Translated(raw, InvalidEvent(Reason.MALFORMED_JSON, "", f"not JSON: {error}"))
    if not isinstance(attributes, dict):
        message = "expected a CloudEvent: an object with specversion, id, source and type"
        return Translated(raw, InvalidEvent(Reason.NOT_AN_OBJECT, "", message))
    try:
        data = _data(attributes)
    except InvalidEvent as invalid:
        return Translated(raw, invalid)
    return Translated(raw, native_event(attributes, data, received))


def _data(attributes: dict[str, Any]) -> dict[str, Any]:
    """Take the data out of the attributes."""
    data = attributes.pop("data", None)
    encoded = attributes.pop("data_base64", None)
    if encoded is not None:
        return _decoded(encoded, attributes.get("datacontenttype"))
    if data is None:
        return {}
    return data if isinstance(data, dict) else {"data": data}


def _decoded(encoded: Any, content_type: Any) -> dict[str, Any]:
    """The data of `data_base64`: JSON and text by the content type, else as it came."""
    try:
        body = b64decode(encoded, validate=True)
    except (Error, TypeError, ValueError):
        message = "not Base64: encode the bytes of the data, or send JSON in `data`"
        raise InvalidEvent(Reason.INVALID_ENVELOPE, "data_base64", message) from None
    if not isinstance(content_type, str) or is_json(content_type):
        try:
            data = msgspec.json.decode(body)
        except NOT_JSON:
            return {"data_base64": encoded}
        return data if isinstance(data, dict) else {"data": data}
    if is_text(content_type):
        with suppress(UnicodeDecodeError):
            return {"data": body.decode()}
    return {"data_base64": encoded}
