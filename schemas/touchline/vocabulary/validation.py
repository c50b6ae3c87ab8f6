"""Validation of one event: its form, its type, its data, its identifiers and its time."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

import msgspec
from pydantic import ValidationError

from touchline.vocabulary.envelope import EVENT_BYTES, Envelope, to_event
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.event import Event
from touchline.vocabulary.normaliser import PLAIN, Normaliser
from touchline.vocabulary.refusal import Reason, explain
from touchline.vocabulary.registry import EVENT_TYPES, EventType, Violations, type_of
from touchline.vocabulary.wording import word_list

OLDEST_MS: Final = 631_152_000_000
"""1990-01-01. An older time comes from a clock that was never set."""

FUTURE_MS: Final = 5 * 60 * 1000
"""How far an event's time may be ahead of the collector's clock."""


class InvalidEvent(TouchlineError, ValueError):
    """An event cannot be used; `str` is what to write instead.

    Attributes:
        reason: Why, of a closed set.
        field: The path of the field that is wrong; empty for the whole event.
        violations: What its type says that happens to it.
    """

    def __init__(
        self, reason: Reason, field: str, message: str, violations: Violations = "quarantine"
    ) -> None:
        super().__init__(message)
        self.reason, self.field, self.violations = reason, field, violations


Valid = tuple[Event, InvalidEvent | None]
"""An event that can be used, and how it violates the tracking plan if its type allows that."""


class Suppressed(TouchlineError):
    """The customer refused the purpose of an event, so it may not be stored.

    Attributes:
        purpose: The purpose.
    """

    def __init__(self, purpose: str) -> None:
        super().__init__(f"the customer did not consent to {purpose!r}")
        self.purpose = purpose


class Quarantined(NamedTuple):
    """What quarantine keeps of an event that cannot be used."""

    body: bytes
    field: str
    message: str


class Privacy(Protocol):
    """What of an event may be stored."""

    def stored(self, event: Event) -> Event:
        """An accepted event as it may be stored. Raises `Suppressed`."""

    def quarantined(
        self, original: bytes, native: bytes, invalid: InvalidEvent, validator: "Validator"
    ) -> Quarantined:
        """What quarantine keeps of an invalid event. Raises `Suppressed`.

        Args:
            original: The event as it came.
            native: The native event; empty if there is none.
            invalid: Why it cannot be used.
            validator: What it was validated by.
        """

    def withheld(self, raw: bytes) -> bytes:
        """What quarantine keeps of bytes that nobody could read as events."""


class _Data(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"{}")


_data_decoder = msgspec.json.Decoder(_Data)


class Validator(NamedTuple):
    """What events are validated by.

    Attributes:
        normaliser: Turns what the producer sent into identifiers.
        types: The event types by name: those of the vocabulary, or also those of a tracking plan.
        may_reject: Whether a plan may have events refused without keeping them: only where the producer
            reads what becomes of each event. Elsewhere they go to quarantine.
        privacy: What of an event may be stored; None for all of it.
    """

    normaliser: Normaliser = PLAIN
    types: Mapping[str, EventType] = EVENT_TYPES
    may_reject: bool = False
    privacy: Privacy | None = None

    def validated(self, raw: bytes, received_at_ms: int, producer: str) -> Valid:
        """The event of one JSON value, as accepted at `received_at_ms` from a producer.

        Raises:
            InvalidEvent: it cannot be used.
        """
        if len(raw) > EVENT_BYTES:
            raise InvalidEvent(
                Reason.TOO_LARGE,
                "",
                f"the event has {len(raw)} bytes: send at most {EVENT_BYTES}, with less data",
            )
        envelope = _envelope(raw)
        event_type = type_of(envelope.type, self.types)
        if event_type is None:
            raise InvalidEvent(
                Reason.UNKNOWN_TYPE,
                "type",
                "unknown event type: run `touchline schema list` to see all types, declare your own in a "
                "tracking plan, or call it custom.NAME",
            )
        if envelope.version is not None and envelope.version > event_type.version:
            raise InvalidEvent(
                Reason.UNKNOWN_VERSION,
                "schema",
                f"unknown version {envelope.version}: the collector knows versions up to"
                f" {event_type.version}; upgrade it, or send an older version",
            )
        violation = None
        data = bytes(_data_decoder.decode(raw).data)
        try:
            event_type.model.model_validate_json(data)
        except ValidationError as error:
            violation = _data_fault(event_type, data, error)
        if event_type.channels and violation is None:
            violation = _channel_fault(event_type, envelope)
        if violation is not None and violation.violations != "allow":
            raise violation
        event = to_event(
            envelope,
            received_at_ms=received_at_ms,
            producer=producer,
            normaliser=self.normaliser,
            latest=event_type.version,
        )
        if event is None:
            raise InvalidEvent(
                Reason.NO_IDENTIFIER,
                "identifiers",
                "No customer identifier: give at least one that is no placeholder, such as `account`; if"
                " there is none, send `contact_id`, `cart_id`, `order_id` or `session_id` in `data`",
            )
        if event.time < OLDEST_MS:
            raise InvalidEvent(
                Reason.TIME_TOO_OLD,
                "time",
                "the time is before 1990: check the producer's clock and the time's unit",
            )
        if event.time > received_at_ms + FUTURE_MS:
            raise InvalidEvent(
                Reason.TIME_IN_FUTURE,
                "time",
                "the time is more than 5 minutes in the future: set the producer's clock, or send `sent_at`;"
                " in a file, check the column and its zone",
            )
        return event, violation


def _data_fault(event_type: EventType, data: bytes, error: ValidationError) -> InvalidEvent:
    """What is wrong with the data; for a tightened type, first what the vocabulary itself excludes."""
    if event_type.base is not None:
        try:
            event_type.base.model.model_validate_json(data)
        except ValidationError as base_error:
            event_type, error = event_type.base, base_error
    message = explain(error, event_type.model, "data")
    return InvalidEvent(Reason.INVALID_DATA, *message, event_type.violations)


def _channel_fault(event_type: EventType, envelope: Envelope) -> InvalidEvent | None:
    if envelope.channel in event_type.channels:
        return None
    expected = word_list(sorted(event_type.channels))
    message = f"the tracking plan has this type on {expected}: send it there, or change the plan"
    return InvalidEvent(Reason.WRONG_CHANNEL, "channel", message, event_type.violations)


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
        raise InvalidEvent(reason, field, message) from None
