"""The embedded and the distributed runtime write the same tables for the same events."""

from collections.abc import Callable
from contextlib import closing
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from touchline.config.rule_packs import load_rules
from touchline.identity import Entry
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
from touchline.runtime.embedded import Embedded
from touchline.store import Store
from touchline.vocabulary.event import Event

REFUSED = (
    b'{"id": "q1", "received_at": 1780000000000, "producer": "shop", "reason": "unknown_type",'
    b' "message": "no such type", "field": "type", "body": "{}"}'
)

TABLES = {
    "events": "SELECT * EXCEPT log_offset FROM events ORDER BY id",
    "identities": "SELECT * EXCEPT version FROM current_identities ORDER BY entity",
    "frictions": "SELECT * EXCEPT (detected_at, version) FROM current_frictions ORDER BY customer, id",
    "journeys": "SELECT * EXCEPT version FROM current_journeys ORDER BY customer, id",
    "quarantine": "SELECT * FROM quarantine FINAL ORDER BY id",
    "accounts": "SELECT producer, sum(stored), sum(duplicates) FROM accounts FINAL GROUP BY producer",
}


def _read_tables(store: Store) -> dict[str, Any]:
    return {name: store.query(sql).result_rows for name, sql in TABLES.items()}


def _pair(sets: set[tuple[str, ...]]) -> tuple[str, str]:
    """Two identifiers of which the second occurs only together with the first."""
    return next(
        (first, second)
        for named in sorted(sets)
        for first, second in permutations(named, 2)
        if all(first in others for others in sets if second in others)
    )


@pytest.mark.slow
def test_the_runtimes_give_the_same_tables(
    deployment: Any,
    stored: Store,
    store: Store,
    lines_of: Any,
    wait_for: Callable[..., None],
    tmp_path: Path,
) -> None:
    """The embedded runtime and two workers on Kafka write the same rows, before and after an erasure.

    The erasure leaves another identifier in no event, which must leave the tables, too.
    """
    lines = lines_of(0.004)
    events = [msgspec.json.decode(line, type=Event) for line in lines]
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
        wait_for(lambda: log.committed() == log.end())
        expected = _read_tables(store)
        assert len(expected["events"]) == len(lines)
        assert len(expected["quarantine"]) == 1
        wait_for(lambda: _read_tables(stored) == expected, 120)
        forgotten, partner = _pair({event.identifiers for event in events})
        erase = Entry(
            id="1", at=1_780_000_000_000, who="operator", what="erase", identifiers=(forgotten,), salt="s"
        )
        for target in (log, deployment.log):
            target.append(Batch([], [], 1_780_000_000_000, [msgspec.json.encode(erase)]))
        wait_for(lambda: log.committed() == log.end())
        remaining = _read_tables(store)
        assert embedded.stop(30)
    assert {forgotten, partner}.isdisjoint(entity for entity, *_ in remaining["identities"])
    wait_for(lambda: _read_tables(stored) == remaining, 60)
    assert deployment.end("supervisor") == 0
