"""A batch of log records, read: which events are new, which are duplicates, what is quarantined.

What an operator decided comes in records of its own, of kind `ledger`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import uuid5

import msgspec
import orjson

from touchline.identity import Entry, Suppression
from touchline.pipeline.ports import Record
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE

_decode = msgspec.json.Decoder(Event).decode
_decode_entry = msgspec.json.Decoder(Entry).decode

QUARANTINE_COLUMNS = ("id", "received_at", "producer", "reason", "message", "field", "body")


class Batch(NamedTuple):
    """Events with the offsets of their records, each id once, and rows of the quarantine.

    `repeated` are events that this very record had already brought into the store when the worker
    was cut off: they are no duplicates, and are not written again. `suppressed` counts events that
    name a forgotten identifier.
    """

    events: list[Event]
    offsets: list[int]
    quarantined: list[dict[str, Any]]
    repeated: list[Event]
    duplicates: int
    suppressed: int


def read_batch(
    records: Sequence[Record],
    stored_ids: Callable[[Sequence[str]], dict[str, int]],
    suppression: Suppression,
) -> Batch:
    """Read the records; `stored_ids` says which ids the store holds, and from which offset."""
    quarantined = [
        orjson.loads(line) for record in records if record.kind == "quarantine" for line in _lines(record)
    ]
    arrived: list[tuple[Event, int]] = []
    for record in records:
        if record.kind == "touchpoints":
            arrived += ((event, record.offset) for event in read_events(record, quarantined))
    admitted = [one for one in arrived if not suppression.suppresses(one[0].identifiers)]
    stored = stored_ids([event.id for event, _ in admitted]) if admitted else {}
    seen: set[str] = set()
    events, offsets, repeated = [], [], []
    for event, offset in admitted:
        if event.id in seen:
            continue
        seen.add(event.id)
        if event.id not in stored:
            events.append(event)
            offsets.append(offset)
        elif stored[event.id] == offset:
            repeated.append(event)
    return Batch(
        events,
        offsets,
        quarantined,
        repeated,
        duplicates=len(admitted) - len(events) - len(repeated),
        suppressed=len(arrived) - len(admitted),
    )


def read_entries(record: Record) -> tuple[list[Entry], list[dict[str, Any]]]:
    """The entries of a record of the ledger, and rows of the quarantine for what is none."""
    entries: list[Entry] = []
    quarantined: list[dict[str, Any]] = []
    for position, line in enumerate(_lines(record)):
        try:
            entries.append(_decode_entry(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            quarantined.append(_unreadable(record, position, line, f"no entry of the ledger: {error}"))
    return entries, quarantined


def read_events(record: Record, quarantined: list[dict[str, Any]]) -> Iterator[Event]:
    """The events of a record; rows of the quarantine are added for lines that are none."""
    for position, line in enumerate(_lines(record)):
        try:
            event = _decode(line)
            if not event.identifiers:
                raise msgspec.ValidationError("no identifier")
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            quarantined.append(_unreadable(record, position, line, f"no accepted event: {error}"))
        else:
            yield event


def _unreadable(record: Record, position: int, line: bytes, what: str) -> dict[str, Any]:
    """A line that is not what it should be, written by something else than this program."""
    return {
        "id": str(uuid5(NAMESPACE, f"record:{record.offset}:{position}")),
        "received_at": record.received_at,
        "producer": "",
        "reason": "malformed_json",
        "message": f"line {position + 1} of log record {record.offset} is {what}",
        "field": "",
        "body": line.decode(errors="replace"),
    }


def _lines(record: Record) -> Iterable[bytes]:
    return (line for line in record.body.split(b"\n") if line)


def event_columns(events: Sequence[Event], offsets: Sequence[int]) -> dict[str, Sequence[Any]]:
    """Rows of the events table, by column."""
    return {
        "id": [event.id for event in events],
        "type": [event.type for event in events],
        "time": [event.time for event in events],
        "received_at": [event.received_at for event in events],
        "channel": [event.channel for event in events],
        "source": [event.source for event in events],
        "producer": [event.producer for event in events],
        "entity": [event.entity for event in events],
        "identifiers": [event.identifiers for event in events],
        "data": [orjson.dumps(event.data).decode() for event in events],
        "context": [orjson.dumps(event.context).decode() for event in events],
        "schema": [event.schema for event in events],
        "log_offset": offsets,
    }


def entry_columns(entries: Sequence[Entry], version: int) -> dict[str, Sequence[Any]]:
    """Rows of the ledger table, by column."""
    return {**columns(entries), "version": [version] * len(entries)}


def columns(rows: Sequence[msgspec.Struct]) -> dict[str, Sequence[Any]]:
    """Rows of one table, by column."""
    return {name: [getattr(row, name) for row in rows] for name in rows[0].__struct_fields__}
