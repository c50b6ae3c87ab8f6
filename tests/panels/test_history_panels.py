"""*Data health* after an import: history has no delay, whenever it arrived."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from touchline.engine.batch import event_columns
from touchline.panels import BY_ID, expand
from touchline.store import open_store
from touchline.vocabulary.event import IMPORTED, Event

NOW = 1_790_000_000_000
MINUTE = 60_000

LIVE = Event(
    id="live",
    type="page.viewed",
    time=NOW,
    channel="web",
    source="shop",
    identifiers=("account:1",),
    received_at=NOW + 2 * MINUTE,
    producer="webshop",
)
HISTORY = replace(LIVE, id="history", received_at=NOW + 400 * 86_400_000, producer=IMPORTED)


@pytest.mark.parametrize(
    ("events", "late", "delays", "medians"),
    [
        ([LIVE, HISTORY], 1.0, 1, {"webshop": 120.0, IMPORTED: None}),
        ([HISTORY], None, 0, {IMPORTED: None}),
        ([replace(LIVE, received_at=NOW), HISTORY], 0.0, 1, {"webshop": 0.0, IMPORTED: None}),
    ],
)
def test_history_is_not_late(
    tmp_path: Path,
    events: list[Event],
    late: float | None,
    delays: int,
    medians: dict[str, float | None],
) -> None:
    """Imported events count as stored, but neither as late nor among the delays."""
    with open_store(tmp_path) as store:
        store.insert("events", event_columns(events, range(len(events))), "a")

        def rows(panel: str) -> list[list[object]]:
            sql = expand(BY_ID[panel].sql, NOW - MINUTE, NOW + 10 * MINUTE, 60)
            return store.query(sql).result_rows

        assert rows("late") == [[late]]
        assert rows("events") in ([[len(events)]], [[str(len(events))]])
        assert sum(delay is not None for _, delay, _ in rows("arrival_lag")) == delays
        assert {row[0]: row[6] for row in rows("producers")} == medians
