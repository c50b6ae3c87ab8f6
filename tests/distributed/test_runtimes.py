"""The runtimes, embedded and distributed, keep one contract: the same events give the same tables."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from touchline.collector.log import Batch
from touchline.pipeline.embedded import Embedded
from touchline.pipeline.packs import load_rules
from touchline.pipeline.sqlite_log import SqliteLog
from touchline.pipeline.store import Store

REFUSED = (
    b'{"id": "q1", "received_at": 1780000000000, "producer": "shop", "reason": "unknown_type",'
    b' "message": "no such type", "field": "type", "body": "{}"}'
)

WHOLE = {
    "events": "SELECT * EXCEPT log_offset FROM events ORDER BY id",
    "identities": "SELECT * EXCEPT version FROM current_identities ORDER BY entity",
    "frictions": "SELECT * EXCEPT (detected_at, version) FROM current_frictions ORDER BY customer, id",
    "journeys": "SELECT * EXCEPT version FROM current_journeys ORDER BY customer, id",
    "quarantine": "SELECT * FROM quarantine FINAL ORDER BY id",
    "accounts": "SELECT producer, sum(stored), sum(duplicates) FROM accounts FINAL GROUP BY producer",
}


def _whole(store: Store) -> dict[str, Any]:
    return {name: store.query(sql).result_rows for name, sql in WHOLE.items()}


def test_the_runtimes_give_the_same_tables(
    deployment: Any,
    stored: Store,
    store: Store,
    lines_of: Any,
    soon: Callable[..., None],
    tmp_path: Path,
) -> None:
    """One process with its log in a file, and workers on Kafka: every column of every table is the same."""
    lines = lines_of(0.004)
    batches = [
        Batch(lines[start : start + 100], [REFUSED], 1_780_000_000_000)
        for start in (*range(0, len(lines), 100), 0)
    ]
    deployment.start("supervisor", "worker", "--processes", "2")
    with closing(SqliteLog(tmp_path / "log.sqlite")) as log:
        embedded = Embedded(log, store, load_rules())
        embedded.start()
        for batch in batches:
            log.append(batch)
            deployment.log.append(batch)
        soon(lambda: log.committed() == log.end())
        expected = _whole(store)
        assert embedded.stop(30)
    assert len(expected["events"]) == len(lines)
    assert len(expected["quarantine"]) == 1
    soon(lambda: _whole(stored) == expected, 120)
    assert deployment.end("supervisor") == 0
