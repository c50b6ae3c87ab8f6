"""What becomes of each event of a request: stored, duplicate, or quarantined with the reason.

The law: every event that came has exactly one result, in its place; one that is not stored because
something is wrong with it is kept whole. No event's fate depends on its neighbours, save that of two good
ones with one id the first stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import orjson
import uuid_utils
from pydantic import ValidationError

from touchline.collector.dialects import NATIVE, Dialect
from touchline.collector.dialects.native import NOT_JSON, Unsplittable
from touchline.log.contract import Batch
from touchline.vocabulary.envelope import EVENT_BYTES, Envelope, to_event
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.event import Event
from touchline.vocabulary.refusal import Reason, explain
from touchline.vocabulary.registry import EVENT_TYPES

OLDEST_MS: Final = 631_152_000_000
"""1990-01-01: what claims to be older is a clock that was never set."""

FUTURE_MS: Final = 5 * 60 * 1000
"""How far ahead of the collector's clock an event's time may be."""

Status = Literal["stored", "duplicate", "quarantined"]


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one event; `id` is None where none could be read.

    `message` and `field` are there for a quarantined event only: what was wrong, and where.
    """

    id: str | None
    status: Status
    reason: Reason | None
    message: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What becomes of a request: lines for the log, and a result for each event, in order.

    `readable` is False where the body could not be told apart into events: it is quarantined whole, as
    the one result.
    """

    batch: Batch
    results: list[Result]
    readable: bool = True


class TooManyEvents(TouchlineError, ValueError):
    """A request holds more events than it may; nothing of it was accepted."""


class _Refused(Exception):
    def __init__(self, reason: Reason, field: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.field, self.message = reason, field, message


class _Named(msgspec.Struct):
    id: str


class _Carrying(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"{}")


_name = msgspec.json.Decoder(_Named)
_carried = msgspec.json.Decoder(_Carrying)


def accept(
    body: bytes,
    *,
    dialect: Dialect = NATIVE,
    received_at_ms: int,
    producer: str,
    region: str | None = None,
    most_events: int | None = None,
) -> Acceptance:
    """Validate every event of a request body.

    Args:
        body: The body, decompressed.
        dialect: The format of the body.
        received_at_ms: The collector's clock, milliseconds since 1970.
        producer: Whose key it came with.
        region: The region by which local phone numbers are read (ISO 3166 alpha-2).
        most_events: Events it may hold; without it, any number.

    Raises:
        TooManyEvents: it holds more than `most_events`.
    """
    try:
        raws = dialect.events(body)
    except Unsplittable as error:
        refused = _Refused(
            Reason.MALFORMED_JSON, "", f"{error}; send one JSON object, an array of them, or one a line"
        )
        line = _quarantine_line(body, refused, received_at_ms, producer)
        result = Result(None, "quarantined", refused.reason, refused.message)
        return Acceptance(Batch([], [line], received_at_ms), [result], readable=False)
    if most_events is not None and len(raws) > most_events:
        raise TooManyEvents(f"{len(raws)} events; a request may hold {most_events}: send it in parts")
    return accept_each(raws, received_at_ms=received_at_ms, producer=producer, region=region)


def accept_each(
    raws: Iterable[bytes], *, received_at_ms: int, producer: str, region: str | None = None
) -> Acceptance:
    """Judge events that are told apart already, each the bytes of one JSON value."""
    lines: list[bytes] = []
    quarantine: list[bytes] = []
    results: list[Result] = []
    seen: set[str] = set()
    for raw in raws:
        try:
            event = _judge(raw, received_at_ms, producer, region)
            line = _line(event)
        except _Refused as refused:
            quarantine.append(_quarantine_line(raw, refused, received_at_ms, producer))
            results.append(Result(_id_of(raw), "quarantined", refused.reason, refused.message, refused.field))
            continue
        if event.id in seen:
            results.append(Result(event.id, "duplicate", None))
            continue
        seen.add(event.id)
        lines.append(line)
        results.append(Result(event.id, "stored", None))
    return Acceptance(Batch(lines, quarantine, received_at_ms), results)


def _judge(raw: bytes, received_at_ms: int, producer: str, region: str | None) -> Event:
    if len(raw) > EVENT_BYTES:
        raise _Refused(
            Reason.TOO_LARGE, "", f"{len(raw)} bytes; an event may have {EVENT_BYTES}: send less data with it"
        )
    envelope = _envelope(raw)
    event_type = EVENT_TYPES.get(envelope.type)
    if event_type is None:
        raise _Refused(
            Reason.UNKNOWN_TYPE,
            "type",
            "no such event type: correct the name (touchline schema list shows all)",
        )
    if envelope.version is not None and envelope.version > event_type.version:
        raise _Refused(
            Reason.UNKNOWN_VERSION,
            "schema",
            f"version {envelope.version}; the latest known is {event_type.version}: upgrade the collector",
        )
    try:
        event_type.model.model_validate_json(bytes(_carried.decode(raw).data))
    except ValidationError as error:
        raise _Refused(Reason.INVALID_DATA, *explain(error, event_type.model, "data")) from None
    event = to_event(
        envelope,
        received_at_ms=received_at_ms,
        producer=producer,
        region=region,
        latest=event_type.version,
    )
    if event is None:
        raise _Refused(
            Reason.NO_IDENTIFIER,
            "identifiers",
            "all of them are placeholders, such as null or 0: send one that names a customer or a device",
        )
    if event.time < OLDEST_MS:
        raise _Refused(Reason.TIME_TOO_OLD, "time", "before 1990: set the clock or the unit of the time")
    if event.time > received_at_ms + FUTURE_MS:
        raise _Refused(
            Reason.TIME_IN_FUTURE,
            "time",
            "more than 5 minutes ahead of the collector: set the clock, or send sent_at with the event",
        )
    return event


def _envelope(raw: bytes) -> Envelope:
    try:
        return Envelope.model_validate_json(raw)
    except ValidationError as error:
        field, message = explain(error, Envelope)
        match error.errors(include_url=False, include_context=False, include_input=False)[0]["type"]:
            case "json_invalid":
                reason = Reason.MALFORMED_JSON
            case "model_type" | "model_attributes_type":
                reason = Reason.NOT_AN_OBJECT
            case _:
                reason = Reason.NO_IDENTIFIER if field == "identifiers" else Reason.INVALID_ENVELOPE
        raise _Refused(reason, field, message) from None


def _line(event: Event) -> bytes:
    try:
        return orjson.dumps(
            {
                "id": event.id,
                "type": event.type,
                "time": event.time,
                "received_at": event.received_at,
                "channel": event.channel,
                "source": event.source,
                "producer": event.producer,
                "entity": event.entity,
                "identifiers": event.identifiers,
                "data": event.data,
                "context": event.context,
                "schema": event.schema,
            }
        )
    except orjson.JSONEncodeError:
        raise _Refused(Reason.INVALID_DATA, "data", "nested too deeply: at most 100 levels") from None


def _quarantine_line(raw: bytes, refused: _Refused, received_at_ms: int, producer: str) -> bytes:
    return orjson.dumps(
        {
            "id": str(uuid_utils.uuid7()),
            "received_at": received_at_ms,
            "producer": producer,
            "reason": refused.reason,
            "message": refused.message,
            "field": refused.field,
            # What is no UTF-8 cannot be in a JSON line as it is: such bytes are shown as \xNN.
            "body": raw.decode("utf-8", "backslashreplace"),
        }
    )


def _id_of(raw: bytes) -> str | None:
    try:
        found = _name.decode(raw).id
    except NOT_JSON:
        return None
    return found if 0 < len(found) <= 64 else None
