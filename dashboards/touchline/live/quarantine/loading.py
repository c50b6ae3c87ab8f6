"""Loads the refused events of a period, by reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from touchline.live.boards.spans import Period, window
from touchline.live.labels import clip
from touchline.live.queries import Row, Store, run
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.refusal import Reason

SHOWN: Final = 5
"""Events that are shown of each reason, the newest."""

MAX_BODY: Final = 4_096
"""Characters that are shown of an event."""

_MAX_MESSAGE: Final = 600

# What the producer's team should do about each reason. The message of an event says more.
_MENDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        Reason.MALFORMED_JSON: "Send JSON in UTF-8: one event, an array, or one event a line.",
        Reason.NOT_AN_OBJECT: "Send each event as a JSON object.",
        Reason.TOO_LARGE: "Send less data in the event: at most 32 KB.",
        Reason.INVALID_ENVELOPE: "Correct the field outside of `data` that the message names.",
        Reason.UNKNOWN_TYPE: "Use a known type, declare one in a tracking plan, or call it `custom.NAME`.",
        Reason.UNKNOWN_VERSION: "Upgrade the collector, or send an older version of the type.",
        Reason.INVALID_DATA: "Correct the field of `data`; `touchline schema show TYPE` lists all.",
        Reason.WRONG_CHANNEL: "Send it on a channel of the tracking plan, or change the plan.",
        Reason.NO_IDENTIFIER: "Send an identifier that is no placeholder, or a contact, cart or order id.",
        Reason.TIME_IN_FUTURE: "Set the producer's clock, or send `sent_at`; in a file, check the zone.",
        Reason.TIME_TOO_OLD: "Check the producer's clock, and the unit of the time: seconds or milliseconds.",
    }
)

_SPAN = """received_at >= fromUnixTimestamp64Milli({start:Int64})
  AND received_at < fromUnixTimestamp64Milli({end:Int64})"""
_WHERE = f"{_SPAN} AND ({{producer:String}} = '' OR producer = {{producer:String}})"
_PRODUCERS = f"SELECT DISTINCT producer FROM quarantine WHERE {_SPAN} ORDER BY producer LIMIT 100"  # noqa: S608
_GROUPS = f"""
SELECT reason, uniqExact(id) AS number, toUnixTimestamp64Milli(max(received_at)) AS newest,
       arraySort(groupUniqArray(20)(producer)) AS producers
FROM quarantine WHERE {_WHERE} GROUP BY reason ORDER BY number DESC, reason
"""  # noqa: S608 - made of constants
# The bodies of the shown ones alone are read.
_ENTRIES = f"""
SELECT id AS entry, toUnixTimestamp64Milli(received_at) AS received, producer, reason, field, message,
       substringUTF8(body, 1, {{most:UInt32}}) AS text, length(body) AS bytes
FROM quarantine WHERE id IN (
    SELECT id FROM quarantine WHERE {_WHERE} ORDER BY received_at DESC, id LIMIT {{shown:UInt32}} BY reason
)
ORDER BY received_at DESC, id LIMIT 1 BY id
"""  # noqa: S608 - made of constants


class QuarantineView(NamedTuple):
    """What a reader selects: a period, and a producer or '' for all."""

    period: Period
    producer: str = ""


@dataclass(frozen=True)
class RefusedEvent:
    """A refused event. `body` is the beginning of what arrived, `bytes` the size of all of it."""

    id: str
    received_at: int
    producer: str
    field: str
    message: str
    body: str
    bytes: int


@dataclass(frozen=True)
class Group:
    """The events that were refused for one reason, and what to do; `entries` are the newest."""

    reason: str
    mending: str
    number: int
    newest: int
    producers: list[str]
    entries: list[RefusedEvent]


@dataclass(frozen=True)
class Quarantine:
    """The refused events of a view; times in ms, as those of a board."""

    span: str
    producer: str = ""
    producers: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    start: int = 0
    end: int = 0
    first: int = 0
    newest: int = 0
    old: bool = False


def load(store: Store, view: QuarantineView, now: int) -> Quarantine:
    """The refused events of a view at the time `now` (ms). Raises what the store raises."""
    shown = window(store, view.period, now)
    # Refused events are recent, however old the accepted ones are.
    start, end = (now - 30 * DAY, now + 1) if shown is None else (shown.start, shown.end)
    if shown is not None and shown.old:
        end = now + 1
    span = {"start": start, "end": end}
    chosen = {**span, "producer": view.producer}
    entries: dict[str, list[RefusedEvent]] = {}
    for row in run(store, _ENTRIES, **chosen, most=MAX_BODY, shown=SHOWN):
        entries.setdefault(row["reason"], []).append(_refused(row))
    groups = [
        Group(
            reason=row["reason"],
            mending=_MENDING.get(row["reason"], ""),
            number=row["number"],
            newest=row["newest"],
            producers=[clip(producer) for producer in row["producers"]],
            entries=entries.get(row["reason"], []),
        )
        for row in run(store, _GROUPS, **chosen)
    ]
    producers = [row["producer"] for row in run(store, _PRODUCERS, **span)]
    if shown is None:
        return Quarantine(view.period.span, view.producer, producers, groups, start=start, end=end)
    return Quarantine(
        view.period.span,
        view.producer,
        producers,
        groups,
        start=start,
        end=end,
        first=shown.first,
        newest=shown.newest,
        old=shown.old,
    )


def _refused(row: Row) -> RefusedEvent:
    return RefusedEvent(
        id=row["entry"],
        received_at=row["received"],
        producer=clip(row["producer"]),
        field=clip(row["field"]),
        message=clip(row["message"], _MAX_MESSAGE),
        body=_body(row["text"]),
        bytes=row["bytes"],
    )


def _body(text: str) -> str:
    """What arrived, without signs that command a screen or reorder what is shown."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)
