"""Validation of the events of a request: each is stored, a duplicate, or quarantined with a reason.

Every event has exactly one result, in order. A quarantined event is kept unchanged. The result of an event
does not depend on the other events of the request, except that of two valid events with one id the second is
a duplicate.
"""

from collections.abc import Iterable, Mapping
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
from touchline.vocabulary.event import Event, same_content
from touchline.vocabulary.normaliser import PLAIN, Normaliser
from touchline.vocabulary.refusal import Reason, explain
from touchline.vocabulary.registry import EVENT_TYPES

OLDEST_MS: Final = 631_152_000_000
"""1990-01-01. An older time comes from a clock that was never set."""

FUTURE_MS: Final = 5 * 60 * 1000
"""How far an event's time may be ahead of the collector's clock."""

Status = Literal["stored", "duplicate", "quarantined"]


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one event; `id` is None if the event has no readable id.

    A quarantined event has a `message`, and the path of the `field` that is wrong. `conflicting` is true of a
    duplicate whose content differs from the first event with the id.
    """

    id: str | None
    status: Status
    reason: Reason | None
    message: str = ""
    field: str = ""
    conflicting: bool = False


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The outcome of a request: lines for the log, and a result for each event, in order.

    `readable` is False if the body could not be split into events: then the whole body is quarantined, and it
    has one result.
    """

    batch: Batch
    results: list[Result]
    readable: bool = True


class TooManyEvents(TouchlineError, ValueError):
    """A request has too many events; none of them was accepted."""


class _Rejected(Exception):
    def __init__(self, reason: Reason, field: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.field, self.message = reason, field, message


class _Id(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"{}")


_id_decoder = msgspec.json.Decoder(_Id)
_data_decoder = msgspec.json.Decoder(_Data)
_event_decoder = msgspec.json.Decoder(Event)


def accept(
    body: bytes,
    *,
    dialect: Dialect = NATIVE,
    received_at_ms: int,
    producer: str,
    normaliser: Normaliser = PLAIN,
    most_events: int | None = None,
) -> Acceptance:
    """Validate every event of a request body.

    Args:
        body: The body, decompressed.
        dialect: The format of the body.
        received_at_ms: The collector's clock, milliseconds since 1970.
        producer: The name of the producer's key.
        normaliser: Turns what the producer sent into identifiers.
        most_events: The most events in the body. Default: no limit.

    Raises:
        TooManyEvents: the body has more than `most_events`.
    """
    try:
        raws = dialect.events(body)
    except Unsplittable as error:
        rejected = _Rejected(
            Reason.MALFORMED_JSON,
            "",
            f"not JSON: {error}. Send one JSON object, an array of objects, or one object per line",
        )
        line = _quarantine_line(body, rejected, received_at_ms, producer)
        result = Result(None, "quarantined", rejected.reason, rejected.message)
        return Acceptance(Batch([], [line], received_at_ms), [result], readable=False)
    if most_events is not None and len(raws) > most_events:
        raise TooManyEvents(f"{len(raws)} events in one request; send at most {most_events} at a time")
    return accept_each(raws, received_at_ms=received_at_ms, producer=producer, normaliser=normaliser)


def accept_each(
    raws: Iterable[bytes],
    *,
    received_at_ms: int,
    producer: str,
    normaliser: Normaliser = PLAIN,
    context: Mapping[str, str] | None = None,
) -> Acceptance:
    """Validate events that are split already, each the bytes of one JSON value.

    `context` is added to the context of each valid event.
    """
    lines: list[bytes] = []
    quarantine: list[bytes] = []
    results: list[Result] = []
    lines_by_id: dict[str, bytes] = {}
    for raw in raws:
        try:
            event = _validated(raw, received_at_ms, producer, normaliser)
            line = _line(event, context)
        except _Rejected as rejected:
            quarantine.append(_quarantine_line(raw, rejected, received_at_ms, producer))
            results.append(
                Result(_id_of(raw), "quarantined", rejected.reason, rejected.message, rejected.field)
            )
            continue
        if event.id in lines_by_id:
            conflicting = not _same_content(line, lines_by_id[event.id])
            results.append(Result(event.id, "duplicate", None, conflicting=conflicting))
            continue
        lines_by_id[event.id] = line
        lines.append(line)
        results.append(Result(event.id, "stored", None))
    return Acceptance(Batch(lines, quarantine, received_at_ms), results)


def _validated(raw: bytes, received_at_ms: int, producer: str, normaliser: Normaliser) -> Event:
    if len(raw) > EVENT_BYTES:
        raise _Rejected(
            Reason.TOO_LARGE,
            "",
            f"the event has {len(raw)} bytes: send at most {EVENT_BYTES}, with less data",
        )
    envelope = _envelope(raw)
    event_type = EVENT_TYPES.get(envelope.type)
    if event_type is None:
        raise _Rejected(
            Reason.UNKNOWN_TYPE, "type", "unknown event type: run `touchline schema list` to see all types"
        )
    if envelope.version is not None and envelope.version > event_type.version:
        raise _Rejected(
            Reason.UNKNOWN_VERSION,
            "schema",
            f"unknown version {envelope.version}: the collector knows versions up to {event_type.version};"
            " upgrade it, or send an older version",
        )
    try:
        event_type.model.model_validate_json(bytes(_data_decoder.decode(raw).data))
    except ValidationError as error:
        raise _Rejected(Reason.INVALID_DATA, *explain(error, event_type.model, "data")) from None
    event = to_event(
        envelope,
        received_at_ms=received_at_ms,
        producer=producer,
        normaliser=normaliser,
        latest=event_type.version,
    )
    if event is None:
        raise _Rejected(
            Reason.NO_IDENTIFIER,
            "identifiers",
            "No customer identifier: give at least one that is no placeholder, such as `account`; if there is"
            " none, send `contact_id`, `cart_id`, `order_id` or `session_id` in `data`",
        )
    if event.time < OLDEST_MS:
        raise _Rejected(
            Reason.TIME_TOO_OLD,
            "time",
            "the time is before 1990: check the producer's clock and the time's unit",
        )
    if event.time > received_at_ms + FUTURE_MS:
        raise _Rejected(
            Reason.TIME_IN_FUTURE,
            "time",
            "the time is more than 5 minutes in the future: set the producer's clock, or send `sent_at`;"
            " in a file, check the column and its zone",
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
        raise _Rejected(reason, field, message) from None


def _line(event: Event, context: Mapping[str, str] | None) -> bytes:
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
                "context": {**event.context, **context} if context else event.context,
                "schema": event.schema,
            }
        )
    except orjson.JSONEncodeError:
        raise _Rejected(Reason.INVALID_DATA, "data", "nested too deeply: use at most 100 levels") from None


def _quarantine_line(raw: bytes, rejected: _Rejected, received_at_ms: int, producer: str) -> bytes:
    return orjson.dumps(
        {
            "id": str(uuid_utils.uuid7()),
            "received_at": received_at_ms,
            "producer": producer,
            "reason": rejected.reason,
            "message": rejected.message,
            "field": rejected.field,
            # JSON cannot hold bytes that are not UTF-8: they are written as \xNN.
            "body": raw.decode("utf-8", "backslashreplace"),
        }
    )


def _same_content(line: bytes, other: bytes) -> bool:
    return line == other or same_content(_event_decoder.decode(line), _event_decoder.decode(other))


def _id_of(raw: bytes) -> str | None:
    try:
        event_id = _id_decoder.decode(raw).id
    except NOT_JSON:
        return None
    return event_id if 0 < len(event_id) <= 64 else None
