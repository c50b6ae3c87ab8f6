"""What trackers send: the fields of each event, and the self-describing JSON in them."""

import json
from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from touchline.collector.dialects.dialect import Received, Unsplittable, limited
from touchline.collector.dialects.lenient_json import lenient
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

Fields = dict[str, Any]
"""One event in the tracker protocol: short names such as `e`, `eid` and `dtm`, each with a text."""

MOST_EVENTS: Final = 20_000
"""The most events in one request."""

_LONGEST_CACHED: Final = 256
_UNSTRUCT: Final = "unstruct_event"
_EXPECTED: Final = 'send {"schema": "iglu:…/payload_data/…", "data": […]}, as trackers do'


class SelfDescribing(NamedTuple):
    """Data with its schema: `vendor` and `name` of `iglu:vendor/name/jsonschema/1-0-0`."""

    schema: str
    vendor: str
    name: str
    data: Any


class _Body(msgspec.Struct):
    data: list[msgspec.Raw]


_body_decoder = msgspec.json.Decoder(_Body)


def posted(received: Received) -> list[bytes]:
    """The events of a POST, in order, each as it came.

    Raises:
        Unsplittable: the body is not a list of events in its envelope.
        TooManyEvents: there are more than `MOST_EVENTS`.
    """
    try:
        raws = _body_decoder.decode(received.body).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return limited(_repaired(received.body), MOST_EVENTS)
    return [bytes(raw) for raw in limited(raws, MOST_EVENTS)]


def queried(received: Received) -> list[bytes]:
    """The event of a GET as JSON of its query; none if there is no query."""
    fields = {name: value for name, value in received.query.items() if name != "key"}
    return [orjson.dumps(fields)] if fields else []


def fields_of(original: bytes) -> Fields:
    """The fields of one event.

    Raises:
        InvalidEvent: it is no object.
    """
    try:
        fields = lenient(original)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent(Reason.MALFORMED_JSON, "", f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        message = "expected an object of fields such as e, eid and dtm"
        raise InvalidEvent(Reason.NOT_AN_OBJECT, "", message)
    return fields


def self_described(fields: Fields, plain: str, encoded: str) -> Any:
    """The JSON of one of two fields: as text, or in base64 of either alphabet, with or without padding.

    None if neither is there.

    Raises:
        InvalidEvent: the field cannot be read.
    """
    name = plain if fields.get(plain) else encoded
    value = fields.get(name)
    if not value:
        return None
    if not isinstance(value, str):
        return value
    try:
        if name == encoded:
            # A query turns the plus of the other alphabet into a blank.
            packed = value.replace("+", "-").replace(" ", "-").replace("/", "_").rstrip("=")
            return lenient(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        return lenient(value.encode())
    except (ValueError, RecursionError):
        message = "expected self-describing JSON" + (" in base64" if name == encoded else "")
        raise InvalidEvent(Reason.INVALID_DATA, name, message) from None


def event_of(fields: Fields) -> SelfDescribing:
    """The self-describing event in `ue_pr` or `ue_px`.

    Raises:
        InvalidEvent: there is none, or it cannot be read.
    """
    found = described(self_described(fields, "ue_pr", "ue_px"))
    if found is not None and found.name == _UNSTRUCT:
        found = described(found.data)
    if found is None:
        name = "ue_pr" if "ue_pr" in fields else "ue_px"
        raise InvalidEvent(
            Reason.INVALID_DATA,
            name,
            "no event: expected its schema, iglu:vendor/name/jsonschema/1-0-0, and data",
        )
    return found


def entities_of(fields: Fields) -> list[SelfDescribing]:
    """The entities in `co` or `cx`, in order; what has no schema is left out.

    Raises:
        InvalidEvent: the field cannot be read.
    """
    envelope = self_described(fields, "co", "cx")
    given = envelope.get("data") if isinstance(envelope, dict) else envelope
    if not isinstance(given, list):
        return []
    return [entity for one in given if (entity := described(one)) is not None]


def described(value: Any) -> SelfDescribing | None:
    """A value as self-describing JSON, or None if it is none."""
    if not isinstance(value, dict) or not isinstance(schema := value.get("schema"), str) or not schema:
        return None
    split = _cached if len(schema) <= _LONGEST_CACHED else _vendor_and_name
    return SelfDescribing(schema, *split(schema), value.get("data"))


def _vendor_and_name(schema: str) -> tuple[str, str]:
    parts = schema.removeprefix("iglu:").split("/")
    return (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])


_cached = lru_cache(maxsize=4_096)(_vendor_and_name)


def _repaired(body: bytes) -> list[bytes]:
    """The events of a body that strict parsers refuse for one text or number in it."""
    try:
        given = lenient(body.removeprefix(b"\xef\xbb\xbf"))
        if isinstance(given, dict) and isinstance(given.get("data"), list):
            return [json.dumps(event, ensure_ascii=False).encode() for event in given["data"]]
    except (ValueError, RecursionError) as error:
        raise Unsplittable(f"not JSON: {error}; {_EXPECTED}") from None
    raise Unsplittable(f"no list of events: {_EXPECTED}")
