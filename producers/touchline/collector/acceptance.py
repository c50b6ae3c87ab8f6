"""Validation of the events of a request: each is stored, a duplicate, or quarantined with a reason.

Every event has exactly one result, in order. A quarantined event is kept unchanged. The result of an event
does not depend on the other events of the request, except that of two valid events with one id the second is
a duplicate.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import orjson
import uuid_utils

from touchline.collector.dialects import NATIVE, Dialect
from touchline.collector.dialects.native import NOT_JSON, Unsplittable
from touchline.log.contract import Batch
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.event import Event, same_content
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent, Validator

VIOLATION: Final = "plan_violation"
"""The field of a stored event's context that names the field by which it violates the tracking plan."""

Status = Literal["stored", "duplicate", "quarantined", "rejected"]

VOCABULARY: Final = Validator()
"""Validates by the vocabulary alone."""

CurrentValidator = Callable[[], Validator]
"""Gives the validator in force, which changes while the process runs."""


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one event; `id` is None if the event has no readable id.

    A quarantined or rejected event has a `reason`, a `message`, and the path of the `field` that is wrong; so
    has a stored one that violates the tracking plan. `conflicting` is true of a duplicate whose content
    differs from the first event with the id.
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


class _Id(msgspec.Struct):
    id: str


_id_decoder = msgspec.json.Decoder(_Id)
_event_decoder = msgspec.json.Decoder(Event)


def accept(
    body: bytes,
    *,
    dialect: Dialect = NATIVE,
    received_at_ms: int,
    producer: str,
    validator: Validator = VOCABULARY,
    most_events: int | None = None,
) -> Acceptance:
    """Validate every event of a request body.

    Args:
        body: The body, decompressed.
        dialect: The format of the body.
        received_at_ms: The collector's clock, milliseconds since 1970.
        producer: The name of the producer's key.
        validator: What the events are validated by.
        most_events: The most events in the body. Default: no limit.

    Raises:
        TooManyEvents: the body has more than `most_events`.
    """
    try:
        raws = dialect.events(body)
    except Unsplittable as error:
        invalid = InvalidEvent(
            Reason.MALFORMED_JSON,
            "",
            f"not JSON: {error}. Send one JSON object, an array of objects, or one object per line",
        )
        line = _quarantine_line(body, invalid, received_at_ms, producer)
        result = _result(None, "quarantined", invalid)
        return Acceptance(Batch([], [line], received_at_ms), [result], readable=False)
    if most_events is not None and len(raws) > most_events:
        raise TooManyEvents(f"{len(raws)} events in one request; send at most {most_events} at a time")
    return accept_each(raws, received_at_ms=received_at_ms, producer=producer, validator=validator)


def accept_each(
    raws: Iterable[bytes],
    *,
    received_at_ms: int,
    producer: str,
    validator: Validator = VOCABULARY,
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
            event, violation = validator.validated(raw, received_at_ms, producer)
            about = context if violation is None else {**(context or {}), VIOLATION: violation.field}
            line = _line(event, about)
        except InvalidEvent as invalid:
            if validator.may_reject and invalid.violations == "reject":
                results.append(_result(_id_of(raw), "rejected", invalid))
                continue
            quarantine.append(_quarantine_line(raw, invalid, received_at_ms, producer))
            results.append(_result(_id_of(raw), "quarantined", invalid))
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


def _quarantine_line(raw: bytes, invalid: InvalidEvent, received_at_ms: int, producer: str) -> bytes:
    return orjson.dumps(
        {
            "id": str(uuid_utils.uuid7()),
            "received_at": received_at_ms,
            "producer": producer,
            "reason": invalid.reason,
            "message": str(invalid),
            "field": invalid.field,
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
