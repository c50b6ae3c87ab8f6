"""Validation of the events of a request: each is stored, a duplicate, or quarantined with a reason.

Every event has exactly one result, in order. A quarantined event is kept unchanged, unless rules of privacy
hide parts of it or suppress it; keys of producers are hidden always. The result of an event
does not depend on the other events of the request, except that of two valid events with one id the second is
a duplicate.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
import orjson
import uuid_utils

from touchline.collector.dialects.dialect import Dialect, Received, Translated, Unsplittable, limited
from touchline.collector.dialects.native import NATIVE, NOT_JSON
from touchline.collector.masking import masked
from touchline.collector.results import Result, Status
from touchline.log.contract import Batch
from touchline.vocabulary.envelope import REQUEST_BYTES
from touchline.vocabulary.event import Event, same_content
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent, Quarantined, Suppressed, Validator

VIOLATION: Final = "plan_violation"
"""The field of a stored event's context that names the field by which it violates the tracking plan."""

VOCABULARY: Final = Validator()
"""Validates by the vocabulary alone."""

CurrentValidator = Callable[[], Validator]
"""Gives the validator in force, which changes while the process runs."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The outcome of a request: lines for the log, and a result for each event, in order.

    `readable` is False if the body could not be split into events: then the whole body is quarantined, and it
    has one result.
    """

    batch: Batch
    results: list[Result]
    readable: bool = True


class _Id(msgspec.Struct):
    id: str


_id_decoder = msgspec.json.Decoder(_Id)
_event_decoder = msgspec.json.Decoder(Event)


def accept(
    received: Received,
    *,
    dialect: Dialect = NATIVE,
    validator: Validator = VOCABULARY,
    most_events: int | None = None,
) -> Acceptance:
    """Validate every event of a request.

    Args:
        received: The request.
        dialect: Its format.
        validator: What the events are validated by.
        most_events: The most events in the request. Default: no limit.

    Raises:
        TooManyEvents: the request has more than `most_events`.
    """
    at, producer = received.received_at_ms, received.producer
    # Read from the body once, and only if something goes to quarantine.
    secret = cache(lambda: dialect.secret(received))
    try:
        events = dialect.translate(received)
        if most_events is not None:
            limited(events, most_events)
    except Unsplittable as error:
        invalid = InvalidEvent(Reason.MALFORMED_JSON, "", str(error))
        body = error.text or received.body
        if validator.privacy is not None:
            body = validator.privacy.withheld(received.body)
        line = _quarantine_line(Quarantined(body, "", str(error)), invalid.reason, at, producer, secret())
        result = _result(None, "quarantined", invalid)
        return Acceptance(Batch([], [line], at), [result], readable=False)
    return accept_translated(events, at, producer, validator, secret=secret)


def accept_each(
    raws: Iterable[bytes],
    *,
    received_at_ms: int,
    producer: str,
    validator: Validator = VOCABULARY,
    context: Mapping[str, str] | None = None,
) -> Acceptance:
    """Validate native events that are split already, each the bytes of one JSON value.

    `context` is added to the context of each valid event.
    """
    events = (Translated(raw, raw) for raw in raws)
    return accept_translated(events, received_at_ms, producer, validator, context)


def accept_translated(
    events: Iterable[Translated],
    received_at_ms: int,
    producer: str,
    validator: Validator,
    context: Mapping[str, str] | None = None,
    secret: Callable[[], str] = str,
) -> Acceptance:
    """Validate events that a dialect made; `context` is added to the context of each valid event.

    `secret` gives the key in the request, which is hidden in quarantine.
    """
    lines: list[bytes] = []
    quarantine: list[bytes] = []
    results: list[Result] = []
    lines_by_id: dict[str, bytes] = {}
    privacy = validator.privacy
    for original, given in events:
        raw = b""
        try:
            raw = given if isinstance(given, bytes) else _as_json(given)
            event, violation = validator.validated(raw, received_at_ms, producer)
            if privacy is not None:
                event = privacy.stored(event)
            about = context if violation is None else {**(context or {}), VIOLATION: violation.field}
            line = _line(event, about)
        except InvalidEvent as invalid:
            # They would hold frames that hold the exception, and so all of the request until a collection.
            invalid.__traceback__ = invalid.__context__ = invalid.__cause__ = None
            if validator.may_reject and invalid.violations == "reject":
                results.append(_result(_id_of(raw), "rejected", invalid))
                continue
            try:
                kept = _kept(original, raw, invalid, validator)
            except Suppressed as suppressed:
                results.append(Result(_id_of(raw), "suppressed", None, str(suppressed)))
                continue
            quarantine.append(_quarantine_line(kept, invalid.reason, received_at_ms, producer, secret()))
            results.append(_result(_id_of(raw), "quarantined", invalid))
            continue
        except Suppressed as suppressed:
            results.append(Result(_id_of(raw), "suppressed", None, str(suppressed)))
            continue
        if event.id in lines_by_id:
            conflicting = not _same_content(line, lines_by_id[event.id])
            results.append(Result(event.id, "duplicate", None, conflicting=conflicting))
            continue
        lines_by_id[event.id] = line
        lines.append(line)
        results.append(
            Result(event.id, "stored", None) if violation is None else _result(event.id, "stored", violation)
        )
    return Acceptance(Batch(lines, quarantine, received_at_ms), results)


def _as_json(event: Mapping[str, Any] | InvalidEvent) -> bytes:
    """The JSON of a native event that a dialect made. Raises InvalidEvent where there is none."""
    if isinstance(event, InvalidEvent):
        raise event
    try:
        return orjson.dumps(event)
    except orjson.JSONEncodeError as error:
        raise InvalidEvent(Reason.MALFORMED_JSON, "", f"cannot be written as JSON: {error}") from None


def _kept(original: bytes, native: bytes, invalid: InvalidEvent, validator: Validator) -> Quarantined:
    """What quarantine keeps of an invalid event: all of it, unless there are rules of privacy."""
    if validator.privacy is None:
        return Quarantined(original, invalid.field, str(invalid))
    return validator.privacy.quarantined(original, native, invalid, validator)


def _result(event_id: str | None, status: Status, invalid: InvalidEvent) -> Result:
    return Result(event_id, status, invalid.reason, str(invalid), invalid.field)


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
        raise InvalidEvent(Reason.INVALID_DATA, "data", "nested too deeply: use at most 100 levels") from None


def _quarantine_line(
    kept: Quarantined, reason: Reason, received_at_ms: int, producer: str, secret: str
) -> bytes:
    body, message = masked(kept.body, secret), kept.message
    if len(body) > REQUEST_BYTES:
        # In JSON it has up to six times the bytes, and Kafka must take it as one record.
        message += f"; of {len(body)} bytes, the first {REQUEST_BYTES} are kept"
        body = body[:REQUEST_BYTES]
    return orjson.dumps(
        {
            "id": str(uuid_utils.uuid7()),
            "received_at": received_at_ms,
            "producer": producer,
            "reason": reason,
            "message": masked(message.encode("utf-8", "backslashreplace"), secret).decode(),
            "field": kept.field,
            # JSON cannot hold bytes that are not UTF-8: they are written as \xNN.
            "body": body.decode("utf-8", "backslashreplace"),
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
