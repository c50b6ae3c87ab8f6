"""The native event of one event of a tracker."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from touchline.collector.dialects.dialect import Received, Translated
from touchline.collector.dialects.snowplow import classic
from touchline.collector.dialects.snowplow.entities import Entities, sorted_entities
from touchline.collector.dialects.snowplow.payload import Fields, entities_of, fields_of
from touchline.collector.dialects.snowplow.tracked import Tracked, page_of, tracked
from touchline.collector.dialects.snowplow.values import an_id, number, text
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.normaliser import is_placeholder
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

_CHANNELS: Final = {
    "web": "web",
    **dict.fromkeys(("mob", "app", "tv", "cnsl", "iot", "headset"), "app"),
}
"""By platform. Others (`pc`, `srv`) say nothing about the channel."""

_CIRCUMSTANCES: Final = {"lang": "locale", "tz": "timezone", "p": "platform", "tna": "namespace"}
_ADDRESS: Final = "ip"
_NETWORK_IDS: Final = ("tnuid", "nuid")

_IDS: Final = frozenset({"uid", "duid", "sid"})

_READ: Final = frozenset(
    {"e", "eid", "aid", "tv", "dtm", "stm", "ttm", "ua", "url", "page", "refr", "ue_pr", "ue_px", "co", "cx"}
    | {_ADDRESS, *_IDS, *_NETWORK_IDS, *_CIRCUMSTANCES, *classic.FIELDS}
)
"""The fields with a place of their own; all others go to `context.snowplow` as they are."""

_SECOND_MS: Final = 1_000
_MOST_MS: Final = 253_402_300_800_000  # The year 10000.
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_SOURCE: Final = 128
_LONGEST_ID: Final = 64


def translated(originals: Iterable[bytes], received: Received) -> list[Translated]:
    """Each event with its native event, or why there is none."""
    return [Translated(original, _event_or_reason(original, received)) for original in originals]


def _event_or_reason(original: bytes, received: Received) -> dict[str, Any] | InvalidEvent:
    try:
        return _event(fields_of(original), received)
    except InvalidEvent as invalid:
        return invalid
    except (RecursionError, orjson.JSONEncodeError):
        return InvalidEvent(Reason.INVALID_DATA, "", "nested too deeply: use at most 100 levels")


def _event(fields: Fields, received: Received) -> dict[str, Any]:
    if not isinstance(fields.get("e"), str) or not fields["e"]:
        raise InvalidEvent(
            Reason.INVALID_ENVELOPE, "e", "the kind of event is missing: send e, such as pv, se or ue"
        )
    entities = sorted_entities(entities_of(fields))
    session = an_id(fields.get("sid")) or an_id(entities.session.get("sessionId"))
    what = tracked(fields, entities, session)
    time, sent_at = _times(fields, received.received_at_ms)
    event: dict[str, Any] = {
        "id": _id(fields, received),
        "type": what.type,
        "time": _rfc3339(time),
        "channel": _CHANNELS.get(str(fields.get("p")), "app" if what.is_screen else "web"),
        "source": (text(fields.get("aid")) or received.producer or "snowplow")[:_LONGEST_SOURCE],
        "identifiers": _identifiers(fields, entities, received),
        "data": what.data,
        "context": _context(fields, what, entities, session, received),
    }
    if sent_at is not None:
        event["sent_at"] = _rfc3339(sent_at)
    return event


def _id(fields: Fields, received: Received) -> str:
    """The event's `eid`; without one, an id derived from its content, so that a repeat has the same."""
    eid = text(fields.get("eid"))
    if eid is not None and not is_placeholder(eid):
        return eid if len(eid) <= _LONGEST_ID else str(derived_id(f"snowplow:{eid}"))
    content = {name: value for name, value in fields.items() if name != "stm"}
    if not fields.get("dtm") and not fields.get("ttm"):
        content["received_at"] = received.received_at_ms
    return str(derived_id(f"snowplow:{orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()}"))


def _times(fields: Fields, received_at: int) -> tuple[int, int | None]:
    """The event's time, and that of sending if its distance to the receipt shows how wrong the clock is."""
    if fields.get("ttm"):
        return _time(fields, "ttm"), None
    sent_at = _time(fields, "stm") if fields.get("stm") else None
    if not fields.get("dtm"):
        return (received_at, None) if sent_at is None else (sent_at, sent_at)
    time = _time(fields, "dtm")
    if sent_at is not None and 0 < time - sent_at < _SECOND_MS:
        # The tracker for Python sends `stm` in whole seconds, cut off.
        sent_at = time
    return time, sent_at


def _time(fields: Fields, name: str) -> int:
    found = number(fields[name])
    if found is None or not 0 <= found < _MOST_MS:
        raise InvalidEvent(Reason.INVALID_ENVELOPE, name, "expected milliseconds since 1970")
    return int(found)


def _rfc3339(ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")


def _identifiers(fields: Fields, entities: Entities, received: Received) -> dict[str, list[str]]:
    uid, user_id = fields.get("uid"), entities.user.get("id")
    is_guest = entities.user.get("is_guest") is True
    network_ids = [] if _is_anonymous(received) else [fields.get(name) for name in _NETWORK_IDS]
    given = {
        # A customer has one account.
        "account": [uid or (None if is_guest else user_id)],
        "guest": [user_id if is_guest else None],
        "user": [user_id if uid and uid != user_id and not is_guest else None],
        "email": [entities.user.get("email")],
        "device": [fields.get("duid"), *network_ids, entities.session.get("userId")],
    }
    kinds = {kind: [found for one in values if (found := an_id(one))] for kind, values in given.items()}
    return {kind: list(dict.fromkeys(values)) for kind, values in kinds.items() if values}


def _context(
    fields: Fields, what: Tracked, entities: Entities, session: str | None, received: Received
) -> dict[str, Any]:
    library, _, version = str(fields.get("tv") or "").partition("-")
    agent = fields.get("ua") or (received.headers.get("user-agent") if fields.get("p") == "web" else None)
    context: dict[str, Any] = {
        "name": what.name,
        "schema": what.schema,
        "session_id": session,
        "page": {} if what.type == "page.viewed" else page_of(fields),
        "user_agent": agent,
        "library": {"name": f"snowplow-{library}", "version": version} if library else {},
        **{ours: fields.get(its) for its, ours in _CIRCUMSTANCES.items()},
        "user": _without(entities.user, "id", "email"),
        "session": _without(entities.session, "sessionId", "userId"),
        "entities": [{"schema": one.schema, "data": one.data} for one in entities.others],
        "snowplow": {name: value for name, value in fields.items() if _is_unread(name, value)},
    }
    return {name: value for name, value in context.items() if value}


def _without(entity: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in entity.items() if name not in names}


def _is_unread(name: str, value: Any) -> bool:
    """Whether a field has no other place: nobody reads it, or it cannot be what it should."""
    return name not in _READ or (name in _IDS and an_id(value) is None)


def _is_anonymous(received: Received) -> bool:
    """Whether the page asks that neither its address nor a cookie of the collector's be kept."""
    return "sp-anonymous" in received.headers
