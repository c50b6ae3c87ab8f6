"""One event of a provider, as its module maps it, and the native event that it becomes.

The rules here hold for every provider: ids, the fallback to `custom.…`, what is kept of the payload, and the
limit of an event's size.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson
from pydantic import ValidationError

from touchline.collector.dialects.custom_types import custom_type
from touchline.collector.dialects.dialect import Translated
from touchline.collector.dialects.envelope_fields import portable
from touchline.collector.webhooks.fields import identifiers
from touchline.vocabulary.envelope import EVENT_BYTES
from touchline.vocabulary.identifiers import STAND_INS
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.normaliser import is_placeholder
from touchline.vocabulary.registry import EVENT_TYPES

LONGEST_ID: Final = 64
LONGEST_TEXT: Final = 4_000
"""The most characters of a text in a mapped field; a longer one is cut."""

PERSONAL: Final = frozenset(
    {"address", "addresses", "billing_address", "shipping_address", "default_address", "destination"}
    | {"first_name", "last_name", "full_name", "avatar", "ip", "ip_address", "browser_ip", "client_details"}
    | {"billing_details", "shipping", "shipping_details", "customer_details", "payment_method_details"}
    | {"payment_details", "credit_card", "receipt", "location_data", "geolocation"}
)
"""Fields of payloads that are not kept, at any depth: they say who and where the customer is."""

_DEEPEST: Final = 20
"""What is nested deeper in a payload is not kept."""

_SHORTEST_VALUE: Final = 6

_ROOM: Final = 2_000
"""Bytes of an event that are left for what the collector adds."""


class Foreign(NamedTuple):
    """One event of a provider.

    Attributes:
        original: The event as it came.
        name: What the provider calls it, such as `orders/create`.
        key: What identifies it at the provider: the same whenever it is sent again.
        time: When it happened (RFC 3339); None if the provider does not say.
        channel: The channel of the touchpoint.
        type: The type of the vocabulary with the same meaning; empty if there is none.
        identifiers: The customer's identifiers by kind; values of other kinds than text are left out.
        data: The fields of the type.
        rest: The provider's own object, kept below the name of the kind.
        personal: Its fields, at any depth, that are not kept.
    """

    original: bytes
    name: str
    key: str
    time: str | None
    channel: str
    type: str = ""
    identifiers: Mapping[str, Any] = {}
    data: Mapping[str, Any] = {}
    rest: Mapping[str, Any] = {}
    personal: frozenset[str] = PERSONAL


class Origin(NamedTuple):
    """Where a delivery came from: the kind and the name of the source, and when it was received."""

    kind: str
    source: str
    received_at_ms: int


def event_id(origin: Origin, key: str) -> str:
    """The id of an event: `<kind>:<source>:<key>`, or a UUIDv5 of that if it is too long."""
    text = f"{origin.kind}:{origin.source}:{key}"
    return text if len(text) <= LONGEST_ID else str(derived_id(f"webhook:{text}"))


def translated(foreign: Foreign, origin: Origin) -> Translated:
    """The native event. A type whose required fields are not all there becomes a custom type."""
    left_out = [name for name, value in foreign.data.items() if _is_long(value)]
    data = {name: portable(_cut(value)) for name, value in foreign.data.items()}
    known = identifiers(foreign.identifiers)
    context: dict[str, Any] = {"name": foreign.name[:LONGEST_TEXT], "library": {"name": origin.kind}}
    # A withheld phone number identifies nobody, and an event must have something that does.
    stand_ins = (str(data.get(f"{kind}_id") or "") for kind in STAND_INS)
    if set(known) <= {"phone"} and all(map(is_placeholder, stand_ins)):
        context["session_id"] = foreign.key[:256] or origin.source
    event: dict[str, Any] = {
        "id": event_id(origin, foreign.key),
        "type": _type_of(foreign, data, origin.kind),
        "time": foreign.time or _rfc3339(origin.received_at_ms),
        "channel": foreign.channel,
        "source": origin.source,
        "identifiers": known,
        "data": data,
        "context": context,
    }
    room = EVENT_BYTES - _ROOM - len(orjson.dumps(event))
    rest, bulky = _fitting(_pruned(foreign.rest, foreign.personal, _values(known)), room)
    below = origin.kind.replace("-", "_")
    if rest:
        data[below] = rest
    if names := [*left_out, *(f"{below}.{name}"[:100] for name in bulky)][:20]:
        context["left_out"] = names
    return Translated(foreign.original, event)


def _type_of(foreign: Foreign, data: Mapping[str, Any], kind: str) -> str:
    if foreign.type:
        try:
            EVENT_TYPES[foreign.type].model.model_validate_json(orjson.dumps(data))
        except ValidationError:
            return custom_type(f"{kind} {foreign.name}")
        return foreign.type
    return custom_type(f"{kind} {foreign.name}")


def _values(known: Mapping[str, str | list[str]]) -> frozenset[str]:
    """The identifiers that must not stay in the payload, since privacy rules may hash or refuse their kind.

    Short ones could be anything there, such as a number of items.
    """
    given = (one if isinstance(one, list) else [one] for one in known.values())
    return frozenset(_plain(value) for values in given for value in values if len(value) >= _SHORTEST_VALUE)


def _plain(value: str) -> str:
    """An address without its scheme, such as `tel:`, in lower case."""
    return value.lower().rpartition(":")[2]


def _pruned(
    rest: Mapping[str, Any], personal: frozenset[str], values: frozenset[str], depth: int = 1
) -> dict[str, Any]:
    """The fields without personal ones, without identifiers of the customer, and without deep ones."""
    return {
        name: kept
        for name, value in rest.items()
        if name not in personal and (kept := _kept(value, personal, values, depth)) is not None
    }


def _kept(value: Any, personal: frozenset[str], values: frozenset[str], depth: int) -> Any:
    if isinstance(value, dict):
        return _pruned(value, personal, values, depth + 1) if depth < _DEEPEST else None
    if isinstance(value, list):
        if depth >= _DEEPEST:
            return None
        return [one for part in value if (one := _kept(part, personal, values, depth + 1)) is not None]
    return None if isinstance(value, str) and _plain(value) in values else value


def _fitting(rest: Mapping[str, Any], room: int) -> tuple[dict[str, Any], list[str]]:
    """The fields for which there is room, smallest first, and the names of the others."""
    sizes = {name: len(orjson.dumps({name: value})) for name, value in rest.items()}
    kept: dict[str, Any] = {}
    left_out: list[str] = []
    for name in sorted(sizes, key=sizes.__getitem__):
        room -= sizes[name]
        if room < 0:
            left_out.append(name)
        else:
            kept[name] = rest[name]
    return {name: value for name, value in rest.items() if name in kept}, left_out


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LONGEST_TEXT


def _cut(value: Any) -> Any:
    return value[:LONGEST_TEXT] if _is_long(value) else value


def _rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
