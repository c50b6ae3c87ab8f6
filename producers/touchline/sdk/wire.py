"""The native wire format: one event as a JSON object in UTF-8."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from touchline.sdk.values import NoJson, Omitted, convert, plain

OMITTED_FIELDS = "omitted_fields"
"""The field of an event's context that lists the fields that were left out, at most `MOST_OMITTED`."""

MOST_OMITTED = 10

_NOTHING: Sequence[Omitted] = ()


class BadTimeError(ValueError):
    """A time is no `datetime` with a time zone. The message holds nothing of it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the time {what}: pass an aware datetime, such as datetime.now(UTC)")


def rfc3339(milliseconds: int) -> str:
    """Milliseconds since 1970 as `2026-11-21T10:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def zoned(time: datetime) -> str:
    """An aware time as `2026-11-21T10:00:00.000Z`, truncated to milliseconds.

    Raises:
        BadTimeError: it has no time zone, or is no `datetime`.
    """
    if not isinstance(time, datetime):
        raise BadTimeError(f"is a {type(time).__name__}")
    if time.tzinfo is None:
        raise BadTimeError("has no time zone")
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def encode(event: Mapping[str, Any]) -> tuple[bytes, Sequence[Omitted]]:
    """An event as JSON, and the fields that were left out because their values have no JSON.

    The table of values is in `touchline.sdk.values`. An event without some fields names them in its context,
    so nobody takes it for complete.

    Raises:
        NoJson: a field of the envelope has no JSON, so the rest cannot stand.
    """
    try:
        line = orjson.dumps(event, convert)
    except orjson.JSONEncodeError:
        return _encode_rest(event)
    # orjson writes null for a number that is not finite. `find` is faster than `in`.
    if line.find(b"null") >= 0 and not _has_only_nones(event, line):
        return _encode_rest(event)
    return line, _NOTHING


def _has_only_nones(event: Mapping[str, Any], line: bytes) -> bool:
    """Whether None in the data explains every null of the line. Faster than a walk through the event."""
    return line.count(b"null") == sum(value is None for value in event["data"].values())


def _encode_rest(event: Mapping[str, Any]) -> tuple[bytes, Sequence[Omitted]]:
    """Encode with a walk through every value, which knows the field of each that has no JSON."""
    rest, omitted = plain(event)
    for field, why in omitted:
        if "." not in field and field != "context":
            raise NoJson(f"{field}: {why}")
    if omitted:
        context = rest.get("context")
        rest["context"] = {
            **(context if isinstance(context, dict) else {}),
            OMITTED_FIELDS: [field for field, _ in omitted[:MOST_OMITTED]],
        }
    return orjson.dumps(rest), omitted
