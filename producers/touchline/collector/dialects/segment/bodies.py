"""The calls in a request: one at the path of its type, or a batch.

The body is split into the bytes of each call first, so that a call that is not JSON does not affect others.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from touchline.collector.dialects.dialect import Received, Unsplittable
from touchline.collector.dialects.envelope_fields import portable
from touchline.collector.dialects.native import NOT_JSON
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

SINGLE_CALLS: Final[Mapping[str, str]] = MappingProxyType(
    {name: name for name in ("track", "identify", "page", "screen", "group", "alias")}
    | {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}
)
"""The last part of the path of one call, and the type of that call; the short ones are those of browsers."""

BATCHES: Final = ("batch", "import", "b")
"""The last part of the path of batches."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Calls(NamedTuple):
    """The calls of a request.

    Attributes:
        raws: The bytes of each call.
        type: The type of a call that does not name one; empty in a batch.
        context: The context of the whole batch: clients for Java and Go give it once.
        sent_at: The client's clock when it sent the batch, as it came.
    """

    raws: list[bytes]
    type: str = ""
    context: Any = None
    sent_at: Any = None


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    context: Any = None
    sentAt: Any = None  # noqa: N815 - the name on the wire


class _Key(msgspec.Struct):
    writeKey: str = ""  # noqa: N815 - the name on the wire


_batch = msgspec.json.Decoder(_Batch)
_key = msgspec.json.Decoder(_Key)
_object = msgspec.json.Decoder(dict[str, Any])


def calls_of(received: Received) -> Calls:
    """The calls of a request.

    Raises:
        Unsplittable: the body is not JSON, or not a batch where a batch belongs.
    """
    body = received.body.removeprefix(_BYTE_ORDER_MARK)
    if (call := SINGLE_CALLS.get(_last_part(received.path))) is not None:
        return Calls([body.strip()], call)
    try:
        batch = _batch.decode(body)
    except msgspec.ValidationError as error:
        raise _not_a_batch(error) from None
    except NOT_JSON:
        try:
            batch = _batch.decode(_repaired(body))
        except NOT_A_VALUE as error:
            raise _not_a_batch(error) from None
    return Calls([bytes(raw) for raw in batch.batch], "", batch.context, batch.sentAt)


def object_of(raw: bytes) -> dict[str, Any]:
    """The object of one call.

    Raises:
        ValueError: the bytes are not JSON, or not an object.
    """
    try:
        return _object.decode(raw)
    except msgspec.ValidationError:
        raise
    except NOT_JSON:
        try:
            return _object.decode(_repaired(raw))
        except RecursionError:
            raise ValueError("nested too deeply: use at most 100 levels") from None


def write_key(received: Received) -> str:
    """The key in the body: the client for Java sends it nowhere else."""
    body = received.body.removeprefix(_BYTE_ORDER_MARK)
    try:
        return _key.decode(body).writeKey
    except msgspec.ValidationError:
        return ""
    except NOT_JSON:
        try:
            return _key.decode(_repaired(body)).writeKey
        except NOT_A_VALUE:
            return ""


def as_json(value: dict[str, Any]) -> bytes:
    """The JSON of an object. Whole numbers that need more than 64 bits become text.

    Raises:
        InvalidEvent: it is nested too deeply.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        with suppress(orjson.JSONEncodeError, RecursionError):
            return orjson.dumps(portable(value))
        raise InvalidEvent(Reason.INVALID_DATA, "", "nested too deeply: use at most 100 levels") from None


def _repaired(body: bytes) -> bytes:
    """JSON of what some clients send as JSON: numbers that are none become null, half an emoji a `�`."""
    value = json.loads(body, parse_constant=lambda text: None, parse_float=_finite)
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


NOT_A_VALUE: Final = (ValueError, RecursionError)
"""The exceptions of `_repaired` and of decoding what it gives."""


def _finite(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _not_a_batch(error: Exception) -> Unsplittable:
    return Unsplittable(f'no batch of calls: {error}. Send {{"batch": [{{"type": "track", …}}, …]}}')
