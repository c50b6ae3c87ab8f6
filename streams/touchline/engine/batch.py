"""Reads log records into a batch: which events are new, which are duplicates, what is quarantined.

Operators' decisions come in records of kind `ledger`, the collector's counts in records of kind `accounts`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import uuid5

import msgspec
from msgspec import structs

from touchline.engine.duplicates import Placed, each_once
from touchline.engine.outcomes import outcomes
from touchline.engine.ports import Packed, Record, Store
from touchline.identity import Entry, Suppression
from touchline.tables.rows import AccountRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE

_events = msgspec.json.Decoder(Event)
_decode_entry = msgspec.json.Decoder(Entry).decode
_decode_account = msgspec.json.Decoder(AccountRow).decode
_encode = msgspec.json.Encoder().encode

Read = TypeVar("Read")


class _Refused(msgspec.Struct):
    id: str
    received_at: int
    producer: str
    reason: str
    message: str
    field: str
    body: str
    mark: str = ""


_decode_refused = msgspec.json.Decoder(_Refused).decode

EVENT_KINDS = ("touchpoints", "events")
"""The kinds of records of accepted events: in one log for everything, and in a topic of their own."""

QUARANTINE_COLUMNS = _Refused.__struct_fields__

DECODED_TOGETHER = 100
"""Events that are decoded and packed before the next ones: while they are still in the processor's cache."""


class Batch(NamedTuple):
    """What some records hold.

    Attributes:
        events: New events, each id once.
        rows: Their rows for the store, packed.
        quarantined: Rows of the quarantine.
        repeated: Events that this very record brought into the store before the worker was cut off. They are
            no duplicates, and are not written again.
        duplicates: Events whose id was stored before, or came twice.
        conflicting: Those of them whose content differs from the first event with the id.
        suppressed: Events that name a forgotten identifier.
        unreadable: Lines that something else than this program wrote.
        accounts: The collector's counts, and the outcomes of the events.
    """

    events: list[Event]
    rows: list[Packed]
    quarantined: list[dict[str, Any]]
    repeated: list[Event]
    duplicates: int
    conflicting: list[Event]
    suppressed: list[Event]
    unreadable: int
    accounts: list[AccountRow]


def read_batch(
    records: Sequence[Record],
    store: Store,
    suppression: Suppression,
) -> Batch:
    """Read records of events. The store says which of them it holds."""
    unreadable: list[dict[str, Any]] = []
    refused = [
        structs.asdict(refusal)
        for record in records
        if record.kind == "quarantine"
        for refusal in read_lines(record, _decode_refused, "refused event", unreadable)
    ]
    accounts = [
        row
        for record in records
        if record.kind == "accounts"
        for row in read_lines(record, _decode_account, "row of the accounts", unreadable)
    ]
    arrived, rows = _arrived(records, store, unreadable)
    admitted, suppressed = _admitted(arrived, suppression)
    once = each_once(admitted, store)
    new = once.new
    if new is not arrived:
        rows = [_packed(new, store)] if new.events else []
    return Batch(
        new.events,
        rows,
        [*refused, *unreadable],
        once.repeated,
        duplicates=len(admitted.events) - len(once.kept.events),
        conflicting=once.conflicting.events,
        suppressed=suppressed,
        unreadable=len(unreadable),
        accounts=[*accounts, *outcomes(records, arrived, admitted, once)],
    )


def _arrived(
    records: Sequence[Record], store: Store, unreadable: list[dict[str, Any]]
) -> tuple[Placed, list[Packed]]:
    """The events of the records, and their rows, as they are stored if all events are new."""
    arrived, rows = Placed([], []), []
    portion = Placed([], [])
    for record in records:
        if record.kind in EVENT_KINDS:
            found = list(read_events(record, unreadable))
            portion.events.extend(found)
            portion.offsets.extend([record.offset] * len(found))
            if len(portion.events) >= DECODED_TOGETHER:
                rows.append(_packed(portion, store))
                arrived.extend(portion)
                portion = Placed([], [])
    if portion.events:
        rows.append(_packed(portion, store))
        arrived.extend(portion)
    return arrived, rows


def _packed(placed: Placed, store: Store) -> Packed:
    return store.pack("events", event_columns(*placed))


def _admitted(arrived: Placed, suppression: Suppression) -> tuple[Placed, list[Event]]:
    """The events that name no forgotten identifier, and those that do."""
    if not suppression:
        return arrived, []
    admitted, suppressed = Placed([], []), []
    for event, offset in zip(*arrived, strict=True):
        if suppression.suppresses(event.identifiers):
            suppressed.append(event)
        else:
            admitted.add(event, offset)
    return admitted, suppressed


def read_entries(record: Record) -> tuple[list[Entry], list[dict[str, Any]]]:
    """The entries of a record of the ledger, and rows of the quarantine for lines that are none."""
    quarantined: list[dict[str, Any]] = []
    entries = list(read_lines(record, _decode_entry, "entry of the ledger", quarantined))
    return entries, quarantined


def read_lines(
    record: Record, decode: Callable[[bytes], Read], what: str, quarantined: list[dict[str, Any]]
) -> Iterator[Read]:
    """The decoded lines of a record; rows of the quarantine are added for lines that are no `what`."""
    for position, line in enumerate(_lines(record)):
        try:
            yield decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            quarantined.append(_unreadable(record, position, line, f"no {what}: {error}"))


def read_events(record: Record, quarantined: list[dict[str, Any]]) -> Iterable[Event]:
    """The events of a record; rows of the quarantine are added for lines that are no event."""
    try:
        events = _events.decode_lines(record.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        events = []
    if events and all(event.identifiers for event in events):
        return events
    return read_lines(record, _event, "accepted event", quarantined)


def _event(line: bytes) -> Event:
    event = _events.decode(line)
    if not event.identifiers:
        raise msgspec.ValidationError("no identifier")
    return event


def _unreadable(record: Record, position: int, line: bytes, what: str) -> dict[str, Any]:
    """A row of the quarantine for a line that something else than this program wrote."""
    return {
        "id": str(uuid5(NAMESPACE, f"record:{record.offset}:{position}")),
        "received_at": record.received_at,
        "producer": "",
        "reason": "malformed_json",
        "message": f"line {position + 1} of log record {record.offset} is {what}",
        "field": "",
        "body": line.decode(errors="replace"),
        "mark": "",
    }


def _lines(record: Record) -> Iterable[bytes]:
    return (line for line in record.body.split(b"\n") if line)


def event_columns(events: Sequence[Event], offsets: Sequence[int]) -> dict[str, Sequence[Any]]:
    """Rows of the events table, by column."""
    rows = columns(events)
    rows["entity"] = [identifiers[0] for identifiers in rows["identifiers"]]
    rows["data"] = list(map(_encode, rows["data"]))
    rows["context"] = [_encode(context) if context else b"{}" for context in rows["context"]]
    rows["log_offset"] = offsets
    return rows


def entry_columns(entries: Sequence[Entry], version: int) -> dict[str, Sequence[Any]]:
    """Rows of the ledger table, by column."""
    rows = {**columns(entries), "version": [version] * len(entries)}
    del rows["events"], rows["refused"]
    return rows


def columns(rows: Sequence[msgspec.Struct]) -> dict[str, Sequence[Any]]:
    """Rows of one table, by column."""
    return dict(zip(rows[0].__struct_fields__, zip(*map(structs.astuple, rows), strict=True), strict=True))
