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
from touchline.collector.webhooks.fields import identifiers
from touchline.vocabulary.envelope import EVENT_BYTES
from touchline.vocabulary.identifiers import STAND_INS
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.registry import EVENT_TYPES

LONGEST_ID: Final = 64
LONGEST_TEXT: Final = 4_000
"""The most characters of a text in a mapped field; a longer one is cut."""

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
    data = {name: _cut(value) for name, value in foreign.data.items()}
    known = identifiers(foreign.identifiers)
    context: dict[str, Any] = {"name": foreign.name[:LONGEST_TEXT], "library": {"name": origin.kind}}
    # A withheld phone number identifies nobody, and an event must have something that does.
    if set(known) <= {"phone"} and not any(data.get(f"{kind}_id") for kind in STAND_INS):
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
    rest, bulky = _fitting(foreign.rest, room)
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


def _fitting(rest: Mapping[str, Any], room: int) -> tuple[dict[str, Any], list[str]]:
    """The fields for which there is room, smallest first, and the names of the others."""
    sizes: dict[str, int] = {}
    kept: dict[str, Any] = {}
    left_out: list[str] = []
    for name, value in rest.items():
        try:
            sizes[name] = len(orjson.dumps({name: value}))
        except (orjson.JSONEncodeError, RecursionError):
            # Nested too deeply for an event.
            left_out.append(name)
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
