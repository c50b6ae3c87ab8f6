"""Records to lines of the log: a mapping makes events of them, and every event is validated as all are.

A record that cannot be read or mapped, and an event that is refused, go to quarantine with the whole record
and its place. The same record is the same entry there, however often it is read.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid5

import orjson

from touchline.collector.acceptance import accept_translated
from touchline.collector.accounts import account_row
from touchline.collector.dialects.dialect import Translated
from touchline.collector.results import Result
from touchline.imports import Clock, Mapping, Unmapped, Values, mapped
from touchline.imports.refusals import Refusal
from touchline.log.contract import Batch
from touchline.topics.errors import UnreadableRecord
from touchline.topics.record import RECORD, Record
from touchline.topics.values.formats import ReadValue
from touchline.vocabulary.ids import NAMESPACE
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent, Validator

_LONGEST: Final = 4 * 1024**2
"""The most bytes of a record in quarantine; Kafka's own limit is 1 MB unless somebody raised it."""

# Under rules of privacy, no message repeats what is in a record.
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(slots=True)
class Tally:
    """Records by what became of them, and the events that they gave.

    Attributes:
        mapped: Records that gave events.
        unmapped: Records that the mapping, or the format, gives no event for.
        empty: Tombstones.
        unreadable: Records that cannot be read or mapped.
        events: Accepted events, each id once a batch.
        quarantined: Entries in quarantine: unreadable records and refused events.
    """

    mapped: int = 0
    unmapped: int = 0
    empty: int = 0
    unreadable: int = 0
    events: int = 0
    quarantined: int = 0

    @property
    def records(self) -> int:
        """All records."""
        return self.mapped + self.unmapped + self.empty + self.unreadable

    def add(self, other: "Tally") -> None:
        """Add other counts."""
        for name in Tally.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Outcome(NamedTuple):
    """What some records are in the log, the result of each event, counts, and what is refused."""

    batch: Batch
    results: list[Result]
    tally: Tally
    refusals: list[Refusal]


class Translator:
    """Translates the records of one topic.

    Args:
        topic: The topic's name.
        read: Reads a value.
        mapping: Maps rows to events; None for native events.
    """

    def __init__(self, topic: str, read: ReadValue, mapping: Mapping | None) -> None:
        self.topic = topic
        self.producer = f"topic.{topic}"
        self._read = read
        self._mapping = mapping
        self._name = mapping.name if mapping else ""
        self._file = Path(topic)
        self._clocks: dict[int, Clock] = {}

    def translate(self, records: Sequence[Record], validator: Validator, now: int) -> Outcome:
        """The lines of the log for some records, received at `now` (ms), at least one.

        Raises:
            RegistryUnavailable: records cannot be read now.
        """
        tally = Tally()
        sources: list[tuple[Record, int]] = []
        given: list[Translated] = []
        for record in records:
            if not record.value:
                tally.empty += 1
                continue
            try:
                row = self._read(record.value)
                events = () if row is None else self._events(record, row)
                lines = [orjson.dumps(event, default=str) for event in events]
            except (UnreadableRecord, Unmapped, orjson.JSONEncodeError) as error:
                tally.unreadable += 1
                why = str(error) if validator.privacy is None else _QUOTED.sub("'…'", str(error))
                given.append(Translated(_original(record), InvalidEvent(Reason.MALFORMED_JSON, "", why)))
                sources.append((record, 0))
                continue
            if not lines:
                tally.unmapped += 1
                continue
            tally.mapped += 1
            original = _original(record)
            given.extend(Translated(original, line) for line in lines)
            sources.extend((record, number) for number in range(1, len(lines) + 1))
        accepted = accept_translated(given, now, self.producer, validator)
        results, batch = accepted.results, accepted.batch
        refused = [
            (record, number, result)
            for (record, number), result in zip(sources, results, strict=True)
            if result.status == "quarantined"
        ]
        quarantine = [
            self._entry(line, record, number)
            for line, (record, number, _) in zip(batch.quarantine, refused, strict=True)
        ]
        tally.events, tally.quarantined = len(batch.touchpoints), len(quarantine)
        accounts = [account_row(results, self.producer, now)] if results else []
        return Outcome(
            Batch(batch.touchpoints, quarantine, now, accounts=accounts),
            results,
            tally,
            [Refusal(record.offset, 1, _why(result)) for record, _, result in refused],
        )

    def _events(self, record: Record, row: Values) -> tuple[dict[str, Any], ...]:
        if self._mapping is None:
            if row.get("id") is None:
                row = row | {"id": str(uuid5(NAMESPACE, record.event_key(1)))}
            return (row,)
        clock = self._clocks.setdefault(record.partition, Clock())
        row[RECORD] = record.about
        return mapped([row], self._file, self._mapping, clock, record.event_key)

    def _entry(self, line: bytes, record: Record, number: int) -> bytes:
        """An entry of quarantine with the place of its record; `number` is that of its event, 0 for none."""
        entry = orjson.loads(line)
        message = f"{record.place}: {entry['message']}"
        if len(record.value or b"") > _LONGEST:
            message += f"; the record is longer than {_LONGEST:,} bytes, and only its begin is kept"
        key = f"quarantine:{self._name}:{record.event_key(number)}"
        return orjson.dumps({**entry, "id": str(uuid5(NAMESPACE, key)), "message": message})


def _why(result: Result) -> str:
    return f"{result.field}: {result.message}" if result.field else result.message


def _original(record: Record) -> bytes:
    """What quarantine keeps of a record: its value, as it is if it is UTF-8, else in base64."""
    value = (record.value or b"")[:_LONGEST]
    try:
        value.decode()
    except UnicodeDecodeError:
        return b"base64:" + b64encode(value)
    return value
