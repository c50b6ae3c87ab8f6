"""The envelope: the wire format of a native event, and its conversion to an accepted event.

The envelope checks the form only. The reader decides the policy: which types it knows, and how old or how far
in the future an event may be.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from touchline.vocabulary.data import Time
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import (
    LONGEST_VALUE,
    MOST_VALUES,
    InvalidIdentifier,
    identifier_values,
)
from touchline.vocabulary.normaliser import PLAIN, Normaliser, is_placeholder

EVENT_BYTES = 32 * 1024
"""The largest event, as JSON in UTF-8."""

REQUEST_BYTES = 2 * 1024 * 1024
"""The largest request body, decompressed."""

REQUEST_EVENTS = 5_000
"""The most events in one request."""

MOST_KINDS = 16
"""The most kinds of identifier in one event."""

SKEW_MS = 5_000
"""If a client's clock differs by more than this from the collector's, event times are corrected."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Channel(StrEnum):
    """The channel of a touchpoint."""

    WEB = "web"
    APP = "app"
    PHONE = "phone"
    CHAT = "chat"
    EMAIL = "email"
    SOCIAL = "social"
    STORE = "store"
    MAIL = "mail"
    KIOSK = "kiosk"
    FIELD = "field"


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    try:
        return identifier_values(value)
    except InvalidIdentifier as error:
        raise PydanticCustomError("identifier", "{what}", {"what": str(error)}) from None


def _given(event_id: str) -> str:
    if is_placeholder(event_id):
        raise PydanticCustomError(
            "placeholder", "the id is a placeholder, such as null or 0: give each event an id of its own"
        )
    return event_id


def _storable(values: dict[str, Any]) -> dict[str, Any]:
    """Check that every JSON parser reads the numbers alike: they must be finite and fit 64 bits."""
    pending: list[Any] = [values]
    while pending:
        part = pending.pop()
        for item in part.values() if isinstance(part, dict) else part:
            # Nearly all are texts.
            if type(item) is str:
                continue
            match item:
                case dict() | list():
                    pending.append(item)
                case float() if not isfinite(item):
                    raise PydanticCustomError("number", "expected finite numbers")
                case int() if not -(2**63) <= item < 2**64:
                    raise PydanticCustomError("number", "expected numbers of at most 64 bits")
    return values


Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Value = Annotated[str, Field(max_length=LONGEST_VALUE)]
_Given = Value | int
Values = Annotated[
    tuple[Value, ...],
    BeforeValidator(
        _values, json_schema_input_type=_Given | Annotated[list[_Given], Field(max_length=MOST_VALUES)]
    ),
]

Object = Annotated[dict[str, Any], AfterValidator(_storable)]

# pydantic would copy a default for each event, which takes much longer than a new dictionary.
_NOTHING: JsonDict = {"default": {}}


class Envelope(BaseModel):
    """One event as producers send it. Unknown fields are rejected: a producer's own fields go in `data`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: Annotated[str, AfterValidator(_given)] = Field(
        min_length=1,
        max_length=64,
        description="unique id of the event; the same whenever it is sent again",
    )
    type: str = Field(min_length=1, max_length=128, description="what happened, such as checkout.started")
    time: Time = Field(description="when it happened: RFC 3339 with a zone, such as 2026-11-21T10:00:00.000Z")
    channel: Channel = Field(description="the channel of the touchpoint")
    source: str = Field(min_length=1, max_length=128, description="the system that recorded it, such as shop")
    identifiers: dict[Kind, Values] = Field(
        default={},
        max_length=MOST_KINDS,
        description="the customer's identifiers: a map from kind (account, loyalty, email, phone, social,"
        f" device, or your own) to a string, a whole number, or a list of up to {MOST_VALUES}",
    )
    data: Object = Field(
        default_factory=dict, json_schema_extra=_NOTHING, description="the fields of the type, and your own"
    )
    context: Object = Field(
        default_factory=dict,
        json_schema_extra=_NOTHING,
        description="circumstances, such as page, locale or release",
    )
    version: int | None = Field(
        default=None, ge=1, le=65_535, alias="schema", description="version of the type; default: the latest"
    )
    sent_at: Time | None = Field(
        default=None, description="the producer's clock at sending; corrects the time if that clock is wrong"
    )
    received_at: Time | None = Field(
        default=None, description="set by the collector from its clock; read only from exported events"
    )
    producer: str | None = Field(
        default=None, max_length=128, description="set by the collector: the name of the producer's key"
    )


def milliseconds(time: datetime) -> int:
    """An aware time as milliseconds since 1970, truncated."""
    return (time - _EPOCH) // _MILLISECOND


def to_event(
    envelope: Envelope,
    *,
    received_at_ms: int | None = None,
    producer: str | None = None,
    normaliser: Normaliser = PLAIN,
    latest: int = 1,
) -> Event | None:
    """The accepted event, or None if nothing in it can be an identifier.

    An event without an identifier of a customer gets one by its contact, cart, order or session, which links
    it to nobody.

    Args:
        envelope: A valid envelope.
        received_at_ms: The collector's clock. None for a replayed event: it keeps its own `received_at`,
            which defaults to its time.
        producer: The name of the producer's key. Default: the envelope's own.
        normaliser: Turns what the producer sent into identifiers.
        latest: The version of the type, if the envelope has none.
    """
    identifiers = normaliser.identifiers(envelope.identifiers, envelope.channel)
    if not identifiers:
        identifiers = normaliser.nobody(envelope.data, envelope.context)
    if not identifiers:
        return None
    time = milliseconds(envelope.time)
    received = received_at_ms
    if received is None and envelope.received_at is not None:
        received = milliseconds(envelope.received_at)
    if received is not None and envelope.sent_at is not None:
        skew = received - milliseconds(envelope.sent_at)
        if abs(skew) > SKEW_MS:
            time += skew
    return Event(
        id=envelope.id,
        type=envelope.type,
        time=time,
        channel=envelope.channel.value,
        source=envelope.source,
        identifiers=identifiers,
        data=envelope.data,
        context=envelope.context,
        schema=latest if envelope.version is None else envelope.version,
        received_at=time if received is None else received,
        producer=(envelope.producer or "") if producer is None else producer,
    )
