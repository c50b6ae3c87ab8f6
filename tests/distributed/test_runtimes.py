"""The runtimes, embedded and distributed, keep one contract: the same events give the same tables."""

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


def _pair(sets: set[tuple[str, ...]]) -> tuple[str, str]:
    """An identifier, and another that occurs nowhere without it."""
    return next(
        (one, other)
        for named in sorted(sets)
        for one, other in permutations(named, 2)
        if all(one in some for some in sets if other in some)
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
    """One process with its log in a file, and workers on Kafka: every column of every table is the same.

    So it is when an identifier was forgotten, and another is thus named by nobody.
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
        expected = _whole(store)
        assert len(expected["events"]) == len(lines)
        assert len(expected["quarantine"]) == 1
        wait_for(lambda: _whole(stored) == expected, 120)
        forgotten, partner = _pair({event.identifiers for event in events})
        erase = Entry(
            id="1", at=1_780_000_000_000, who="operator", what="erase", identifiers=(forgotten,), salt="s"
        )
        for one in (log, deployment.log):
            one.append(Batch([], [], 1_780_000_000_000, [msgspec.json.encode(erase)]))
        wait_for(lambda: log.committed() == log.end())
        left = _whole(store)
        assert embedded.stop(30)
    assert {forgotten, partner}.isdisjoint(entity for entity, *_ in left["identities"])
    wait_for(lambda: _whole(stored) == left, 60)
    assert deployment.end("supervisor") == 0
