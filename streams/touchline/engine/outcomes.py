"""Counts the outcome of every event, as rows of the accounts: stored, duplicate or suppressed.

A row follows from the record and from what the store held before it, so a record that is read again gives
the same rows, with the same ids.
"""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from uuid import uuid5

from touchline.engine.duplicates import Once, Placed
from touchline.engine.ports import Record
from touchline.tables.rows import AccountRow
from touchline.vocabulary.ids import NAMESPACE

_producer = attrgetter("producer")


def outcomes(records: Sequence[Record], arrived: Placed, admitted: Placed, once: Once) -> list[AccountRow]:
    """One row for each record and each producer in it.

    Args:
        records: The records.
        arrived: All events in them.
        admitted: Those that name no forgotten identifier.
        once: Those of them that are stored by this record, and the duplicates with other content.
    """
    came = _counted(arrived)
    # Mostly all are admitted, and all of those kept: equal lists are counted once.
    allowed = came if admitted is arrived else _counted(admitted)
    stored = allowed if once.kept is admitted else _counted(once.kept)
    conflicting = _counted(once.conflicting)
    received_at = {record.offset: record.received_at for record in records}
    return [
        AccountRow(
            # With the time: a new log counts its offsets from the beginning again.
            id=uuid5(NAMESPACE, f"fates:{offset}:{received_at[offset]}:{producer}"),
            at=received_at[offset],
            producer=producer,
            stored=stored[offset, producer],
            duplicates=allowed[offset, producer] - stored[offset, producer],
            conflicting=conflicting[offset, producer],
            suppressed=count - allowed[offset, producer],
        )
        for (offset, producer), count in came.items()
    ]


def _counted(placed: Placed) -> Counter[tuple[int, str]]:
    """How many events each record has of each producer. Record by record, so that no event needs a key."""
    counts: Counter[tuple[int, str]] = Counter()
    producers = list(map(_producer, placed.events))
    begin = 0
    for offset, events in Counter(placed.offsets).items():
        for producer, number in Counter(producers[begin : begin + events]).items():
            counts[offset, producer] = number
        begin += events
    return counts
