"""What became of the events of each log record, as rows of the accounts.

A row follows from the record and from what the store held before it, so a record that is read again gives
the same rows, with the same ids.
"""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple
from uuid import uuid5

from touchline.engine.ports import Record
from touchline.tables.rows import AccountRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE

_producer = attrgetter("producer")


class Placed(NamedTuple):
    """Events, and the offset of the record that brought each; those of one record lie together."""

    events: list[Event]
    offsets: list[int]

    def add(self, event: Event, offset: int) -> None:
        """One more."""
        self.events.append(event)
        self.offsets.append(offset)

    def extend(self, others: "Placed") -> None:
        """More, of other records."""
        self.events.extend(others.events)
        self.offsets.extend(others.offsets)


def fates(records: Sequence[Record], arrived: Placed, admitted: Placed, kept: Placed) -> list[AccountRow]:
    """A row for each record and each producer in it.

    Args:
        records: Those that were read.
        arrived: All events in them.
        admitted: Those that name no forgotten identifier.
        kept: Those of them that are stored by this record; the others are duplicates.
    """
    came = _counted(arrived)
    # Mostly all of them are admitted, and all of these kept: what is the same is counted once.
    let_in = came if admitted is arrived else _counted(admitted)
    stored = let_in if kept is admitted else _counted(kept)
    received_at = {record.offset: record.received_at for record in records}
    return [
        AccountRow(
            # With the time, for a log that was made anew and counts from its beginning.
            id=uuid5(NAMESPACE, f"fates:{offset}:{received_at[offset]}:{producer}"),
            at=received_at[offset],
            producer=producer,
            stored=stored[offset, producer],
            duplicates=let_in[offset, producer] - stored[offset, producer],
            suppressed=count - let_in[offset, producer],
        )
        for (offset, producer), count in came.items()
    ]


def _counted(some: Placed) -> Counter[tuple[int, str]]:
    """The events of each record and producer; record by record, which takes no key for each event."""
    counts: Counter[tuple[int, str]] = Counter()
    producers = list(map(_producer, some.events))
    begin = 0
    for offset, events in Counter(some.offsets).items():
        for producer, number in Counter(producers[begin : begin + events]).items():
            counts[offset, producer] = number
        begin += events
    return counts
